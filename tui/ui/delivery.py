"""What has reached the terminal of all that was written to it: by its own word, if it has one.

What the kernel or a link holds back counts as taken for whoever writes. So the terminal is asked
for its status behind a picture, and what it answers shows that it has come so far.
"""

from __future__ import annotations

from typing import NamedTuple

ASKS = "\x1b[5n"  # every terminal since the VT100 answers that
PADDING = "\x1b[m" * 8192  # changes nothing; more than a pseudo-terminal keeps of what is unread


class Mark(NamedTuple):
    """A place in what is written: behind how many writes, and how many questions."""

    given: int
    asked: int


class Delivery:
    """How many writes were given to the terminal, how many it took, and what it answered.

    A write is given in one thread, written and taken in another, in the same order.
    """

    def __init__(self) -> None:
        self.given = self.written = self.taken = 0
        self.asked = self.answered = 0
        self._lost = -1

    def begin_again(self) -> None:
        """Wait for no answer any more: what came meanwhile was somebody else's."""
        self._lost, self.asked = self.given, self.answered

    def fail(self) -> None:
        """Count what is being written, and all before it that was not taken yet, as lost."""
        self._lost = self.taken = self.written + 1

    def answer(self) -> None:
        """Take note of an answer; one that nobody asked for tells nothing."""
        self.answered = min(self.answered + 1, self.asked)

    @property
    def is_taken(self) -> bool:
        """Whether nothing is on its way that was not taken yet, as far as the kernel tells."""
        return self.taken >= self.given

    def mark(self) -> Mark:
        """Return what stands for all that was given until now."""
        return Mark(self.given, self.asked)

    def is_lost(self, mark: Mark) -> bool:
        """Whether something before the mark may have been lost."""
        return mark.given <= self._lost

    def has(self, mark: Mark) -> bool:
        """Whether the terminal has all before the mark."""
        if self.is_lost(mark):
            return False
        return self.answered >= mark.asked if self.answered else self.taken >= mark.given
