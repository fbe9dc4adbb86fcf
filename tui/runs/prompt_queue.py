"""The prompts of a run: the first one, then the follow-ups in order."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from tui.core.text.safe_text import one_line
from tui.runs.folder.command import Command
from tui.runs.folder.protocol import RunSpec
from tui.runs.journal.run_journal import Journal

_QUOTED = 60


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt and its author; `id` is that of its command, empty for the first prompt.

    `is_typed` by an operator, or else a pipeline's own; `is_restricted` if it came from a
    restricted console.
    """

    text: str
    by: str
    id: str = ""
    is_restricted: bool = False
    is_typed: bool = True

    @classmethod
    def first(cls, spec: RunSpec, *, is_typed: bool) -> Prompt:
        """Return a run's first prompt."""
        by = spec.operator
        return cls(spec.prompt, by, is_restricted=spec.is_restricted, is_typed=is_typed)

    @classmethod
    def of(cls, command: Command) -> Prompt:
        """Return the prompt in a command."""
        return cls(command.text, command.by, command.id, command.is_restricted)


class PromptQueue:
    """The queue; dropped prompts are recorded in the run's events."""

    def __init__(self, journal: Journal, first: Prompt) -> None:
        self._journal, self._first = journal, first
        self._queue = deque([first])

    def __bool__(self) -> bool:
        return bool(self._queue)

    def add(self, prompt: Prompt) -> None:
        """Add a prompt at the end."""
        self._queue.append(prompt)

    def put_back(self, prompt: Prompt) -> None:
        """Put a prompt that was not sent back at the front."""
        self._queue.appendleft(prompt)

    def next(self) -> Prompt | None:
        """Remove and return the next prompt; `None` when the queue is empty."""
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
        """Drop all prompts, each with a notice; return them, shortened."""
        dropped = [one for one in self._queue if one is not self._first]
        self._queue.clear()
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
