"""The prompts of a run: the first one, then the follow-ups in order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tui.core.text.safe_text import one_line
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
    """

    def __init__(
        self, journal: Journal, first: Prompt, at_rest: Callable[[], None] | None = None
    ) -> None:
        self._journal, self._first, self._at_rest = journal, first, at_rest
        self._queue = deque([first])
        self._changed = asyncio.Event()
        self.is_open, self.is_resting = at_rest is not None, False

    def __bool__(self) -> bool:
        return bool(self._queue)

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
        self._queue.clear()
        self.close()
        for one in dropped:
            self._tell_dropped(one)
        return [f"{one_line(one.text)[:_QUOTED]!r}" for one in dropped]

    def _tell_dropped(self, one: Prompt) -> None:
        self._journal.event("notice", kind="dropped", words=one.text, by=one.by, id=one.id)


def unsent_words(dropped: list[str]) -> str:
    """Return the end of a failure's reason when prompts were dropped."""
    if not dropped:
        return ""
    what = "1 queued prompt was" if len(dropped) == 1 else f"{len(dropped)} queued prompts were"
    return f"; {what} not sent: {'; '.join(dropped)}"
