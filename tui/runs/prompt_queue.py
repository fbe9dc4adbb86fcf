"""What a run has still to say: its first prompt, then the follow-ups in the order they came."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from tui.core.text.safe_text import one_line
from tui.runs.folder.command import Command
from tui.runs.folder.journal import Journal
from tui.runs.folder.protocol import RunSpec

_QUOTED = 60


@dataclass(frozen=True, slots=True)
class Prompt:
    """What to say and who gave it; `id` is the command that brought it, empty for the first.

    `is_restricted` when it came from a restricted console.
    """

    text: str
    by: str
    id: str = ""
    is_restricted: bool = False

    @classmethod
    def first(cls, spec: RunSpec) -> Prompt:
        """Return the one that a run begins with."""
        return cls(spec.prompt, spec.operator, is_restricted=spec.is_restricted)

    @classmethod
    def of(cls, command: Command) -> Prompt:
        """Return the prompt that a command brought."""
        return cls(command.text, command.by, command.id, command.is_restricted)


class PromptQueue:
    """The queue. What is dropped from it is told in the run's events."""

    def __init__(self, journal: Journal, first: Prompt) -> None:
        self._journal, self._first = journal, first
        self._queue = deque([first])

    def __bool__(self) -> bool:
        return bool(self._queue)

    def add(self, prompt: Prompt) -> None:
        """Say this after all others."""
        self._queue.append(prompt)

    def put_back(self, prompt: Prompt) -> None:
        """Say this before all others: it was not said after all."""
        self._queue.appendleft(prompt)

    def next(self) -> Prompt | None:
        """Take what is to be said next; `None` when there is nothing."""
        return self._queue.popleft() if self._queue else None

    def may_begin(self, prompt: Prompt, *, is_asking: bool) -> bool:
        """Whether it may begin a turn; with a notice when it is dropped instead.

        A restricted console's may not once the agent does, unasked, more than that console saw.
        """
        if prompt.is_restricted and not is_asking:
            self._tell_dropped(prompt)
            return False
        return True

    def drop(self) -> list[str]:
        """Drop what is queued, each with a notice; return it, shortened."""
        dropped = [one for one in self._queue if one is not self._first]
        self._queue.clear()
        for one in dropped:
            self._tell_dropped(one)
        return [f"{one_line(one.text)[:_QUOTED]!r}" for one in dropped]

    def _tell_dropped(self, one: Prompt) -> None:
        self._journal.event("notice", kind="dropped", words=one.text, by=one.by, id=one.id)


def unsent_words(dropped: list[str]) -> str:
    """Return what goes behind a failure's reason when prompts were dropped with it."""
    if not dropped:
        return ""
    what = "1 queued prompt was" if len(dropped) == 1 else f"{len(dropped)} queued prompts were"
    return f"; {what} not sent: {'; '.join(dropped)}"
