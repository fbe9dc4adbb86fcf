"""The prompts of a run: the first one, then the follow-ups in order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from tui.core.errors import RunFailed
from tui.core.text.safe_text import one_line
from tui.core.values import dataclass
from tui.runs.folder.agent_events import TurnEnded
from tui.runs.folder.command import Command
from tui.runs.folder.protocol import RunSpec
from tui.runs.journal.run_journal import Journal

_QUOTED = 60
_MOST = 100  # of a pipeline that sends faster than its agent answers


@dataclass(frozen=True, slots=True)
class OwnPrompt:
    """A prompt of the pipeline's own; `message` is the SDK's, where it gave one for the text."""

    text: str
    message: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt and its author; `id` is that of its command, empty for the run's own prompts.

    `is_typed` by an operator, or else a pipeline's own; `is_restricted` if it came from a
    restricted console. `message` is the SDK's user message, where a pipeline gave one.
    """

    text: str
    by: str
    id: str = ""
    is_restricted: bool = False
    is_typed: bool = True
    message: Mapping[str, Any] | None = None

    @classmethod
    def first(cls, spec: RunSpec, own: OwnPrompt | None) -> Prompt:
        """Return a run's first prompt, which may be a pipeline's `own`."""
        if own is not None:
            return cls.own(spec, own)
        return cls(spec.prompt, spec.operator, is_restricted=spec.is_restricted)

    @classmethod
    def own(cls, spec: RunSpec, prompt: OwnPrompt) -> Prompt:
        """Return a prompt that a pipeline gives its own agent."""
        return cls(prompt.text, spec.operator, is_typed=False, message=prompt.message)

    @classmethod
    def of(cls, command: Command) -> Prompt:
        """Return the prompt in a command."""
        return cls(command.text, command.by, command.id, command.is_restricted)


class PromptQueue:
    """The queue; dropped prompts of operators are recorded in the run's events.

    With `at_rest` it `is_open` for a pipeline to add more: an empty queue is then not the run's
    end. `at_rest` is called when such a wait begins, and `is_resting` as long as it lasts.
    `has_dropped_own`: a prompt of the pipeline's own was never sent.
    """

    def __init__(
        self, journal: Journal, first: Prompt, at_rest: Callable[[], None] | None = None
    ) -> None:
        self._journal, self._first, self._at_rest = journal, first, at_rest
        self._queue = deque([first])
        self._changed = asyncio.Event()
        self.is_open, self.is_resting = at_rest is not None, False
        self.has_dropped_own = False

    def __bool__(self) -> bool:
        return bool(self._queue)

    @property
    def expects_own(self) -> bool:
        """Whether one of the pipeline's own waits, or may still come."""
        return self.is_open or any(not one.is_typed for one in self._queue)

    def add(self, prompt: Prompt) -> None:
        """Add a prompt at the end."""
        self._queue.append(prompt)
        self.is_resting = False
        self._changed.set()

    def close(self) -> None:
        """Expect no more: the run ends once the queue is empty."""
        self.is_open = False
        self._changed.set()

    async def more(self) -> None:
        """Wait for a prompt while one may still be added."""
        while not self._queue and self.is_open and self._at_rest is not None:
            self._changed.clear()
            self.is_resting = True
            self._at_rest()
            await self._changed.wait()
        self.is_resting = False

    async def room(self) -> None:
        """Wait while a hundred prompts wait already."""
        while len(self._queue) >= _MOST:
            self._changed.clear()
            await self._changed.wait()

    def put_back(self, prompt: Prompt) -> None:
        """Put a prompt that was not sent back at the front."""
        self._queue.appendleft(prompt)

    def next(self) -> Prompt | None:
        """Remove and return the next prompt; `None` when the queue is empty."""
        self._changed.set()
        return self._queue.popleft() if self._queue else None

    def may_begin(self, prompt: Prompt, *, is_asking: bool) -> bool:
        """Whether a prompt may begin a turn; otherwise it is dropped, with a notice.

        A restricted console's may not, once the agent does more without asking than its stage may.
        """
        if prompt.is_restricted and not is_asking:
            self._tell_dropped(prompt)
            return False
        return True

    def drop(self) -> list[str]:
        """Drop all prompts and expect no more; return those of operators, shortened.

        Each of them gets a notice.
        """
        dropped = [one for one in self._queue if one.is_typed and one is not self._first]
        self.has_dropped_own |= any(not one.is_typed for one in self._queue)
        self._queue.clear()
        self.close()
        for one in dropped:
            self._tell_dropped(one)
        return [f"{one_line(one.text)[:_QUOTED]!r}" for one in dropped]

    def _tell_dropped(self, one: Prompt) -> None:
        self._journal.event("notice", kind="dropped", words=one.text, by=one.by, id=one.id)


class WhoseTurn:
    """Whose prompt is being answered, and what became of the pipeline's own, if it is its run.

    Once that `has_answered`, or the pipeline itself has interrupted it, an operator's is a
    follow-up, `follow_up_by` that one. `interrupted` is who else has ended the pipeline's last
    turn, and the SDK's error.
    """

    def __init__(self, prompts: PromptQueue, *, is_hosted: bool, owns_follow_ups: bool) -> None:
        self._prompts, self._is_hosted, self._owns_all = prompts, is_hosted, owns_follow_ups
        self._is_done = False
        self._by = self.follow_up_by = ""
        self.has_answered = False
        self.interrupted: tuple[str, RunFailed | None] | None = None

    @property
    def is_owed(self) -> bool:
        """Whether the run's end now would take something from who began it."""
        return self._owns_all or not self._is_done or self._prompts.expects_own

    @property
    def failing_by(self) -> str:
        """The operator whose turn it is, if a failure of it is that one's alone."""
        return "" if self._owns_all else self._by

    def begin(self, prompt: Prompt) -> None:
        """Note that a prompt is handed to the agent."""
        self._by = prompt.by if prompt.is_typed else ""
        if not prompt.is_typed:
            self._is_done, self.has_answered, self.interrupted = False, False, None
        self.follow_up_by = self._by if self._is_done else ""

    def is_own(self, ended: TurnEnded) -> bool:
        """Whether a turn, or its answer, is to a prompt of the run's own."""
        return not (ended.is_background or (self._is_hosted and self._by))

    def answered(self, ended: TurnEnded) -> bool:
        """Note the end of a turn, and an answer; whether it is to a prompt of the run's own."""
        is_own = self.is_own(ended)
        if not ended.is_background:
            self.has_answered = self.has_answered or (ended.is_answer and not self.follow_up_by)
            self._is_done = True
            self.end()
        return is_own

    def cut(self, by: str, error: RunFailed | None) -> None:
        """Note that `by` has interrupted the turn, empty for the pipeline itself."""
        if by and not self.follow_up_by:
            self.interrupted = by, error
        self._is_done = self._is_done or not (by or self._by)
        self.end()

    def end(self) -> None:
        """Note that the turn is over: what comes now is nobody's follow-up."""
        self._by = self.follow_up_by = ""


def unsent_words(dropped: list[str]) -> str:
    """Return the end of a failure's reason when prompts were dropped."""
    if not dropped:
        return ""
    what = "1 queued prompt was" if len(dropped) == 1 else f"{len(dropped)} queued prompts were"
    return f"; {what} not sent: {'; '.join(dropped)}"
