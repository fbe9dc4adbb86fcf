"""What has reached the terminal of all that was written to it: by its own word, if it has one.

What the kernel or a link holds back counts as taken for whoever writes. So the terminal is asked
behind a picture where its cursor is, which was put somewhere else for each question: its answer
shows that it has come just so far, and no answer that is late, lost or doubled tells of another.
"""

from __future__ import annotations

import secrets
from typing import NamedTuple

ANSWERS_WITHIN_S = 10.0  # one that is silent for longer is not waited for any more
_PADDING = "\x1b[m" * 8192  # changes nothing; more than a pseudo-terminal keeps of what is unread
_ROWS, _COLUMNS = 24, 80  # of the cells that are asked for
_LEAVES_S = 1.0


class _Asked(NamedTuple):
    """A question: for which cell, behind how many writes (with its own), and when."""

    cell: tuple[int, int]
    behind: int
    at: float


class DeliveryTracker:
    """How many writes were given to the terminal, how many it took, and how far it answered.

    A write is given in one thread, written and taken in another, in the same order; a third hears
    the answers. One question at a time awaits its answer. A terminal that `is_silent` is judged
    by what it took: more than what can lie on the way to it.
    """

    def __init__(self) -> None:
        self.given = self.written = self.taken = 0
        self.is_silent = False
        self._asked: _Asked | None = None
        self._number = secrets.randbelow(_ROWS * _COLUMNS)
        self._told = self._padded = 0
        self._round_trip = 0.0
        self._lost = -1

    def begin_again(self) -> None:
        """Count what was given so far as lost: the terminal was somebody else's meanwhile."""
        self._lost = self.given
        self.wait_no_longer()

    def wait_no_longer(self) -> None:
        """Wait for no answer to what was asked before."""
        self._asked = None

    def fail(self) -> None:
        """Count what is being written, and all before it that was not taken yet, as lost."""
        self._lost = self.taken = self.written + 1

    def ask(self, columns: int, rows: int, now: float) -> str:
        """Return what asks a terminal of this size how far it has come, to be written next."""
        columns, rows = min(columns, _COLUMNS), max(1, min(rows, _ROWS) - 1)
        self._number = (self._number + 1) % (columns * rows)
        # Not in the first row: `CSI 1;5R` is also F3 with Ctrl.
        row, column = self._number // columns + 2, self._number % columns + 1
        self._asked = _Asked((row, column), self.given + 1, now)
        padding = _PADDING if self.is_silent else ""
        self._padded = self.given + 1 if padding else self._padded
        return f"\x1b7\x1b[{row};{column}H\x1b[6n\x1b8{padding}"

    def answer(self, cell: tuple[int, int], now: float) -> None:
        """Take note of an answer; one to another question than the last tells nothing."""
        asked = self._asked
        if asked is not None and asked.cell == cell and asked.behind > self._told:
            self._told, self._round_trip, self.is_silent = asked.behind, now - asked.at, False

    def is_awaited(self, now: float) -> bool:
        """Whether an answer may still come, so that nothing else is asked."""
        asked = self._asked
        if asked is None or self._told >= asked.behind or self.is_lost(asked.behind):
            return False
        if self.taken < asked.behind:
            self._asked = asked._replace(at=now)  # it was not even asked yet
            return True
        self.is_silent = self.is_silent or now - asked.at >= ANSWERS_WITHIN_S
        return not self.is_silent

    def patience(self, now: float) -> float:
        """Return for how long to wait, when leaving, for an answer that would be the shell's."""
        return min(ANSWERS_WITHIN_S, _LEAVES_S + 2 * self._round_trip) * self.is_awaited(now)

    @property
    def is_taken(self) -> bool:
        """Whether nothing is on its way that was not taken yet, as far as the kernel tells."""
        return self.taken >= self.given

    def is_lost(self, mark: int) -> bool:
        """Whether something of the first `mark` writes may have been lost."""
        return mark <= self._lost

    def has(self, mark: int) -> bool:
        """Whether the terminal has the first `mark` writes."""
        is_padded = self.is_silent and mark <= self._padded <= self.taken
        return not self.is_lost(mark) and (mark <= self._told <= self.taken or is_padded)
