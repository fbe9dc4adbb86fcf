"""How much of the output has reached the terminal, by its own replies if it sends any.

A write succeeds as soon as the kernel or an SSH link holds the bytes, which proves nothing. So a
cursor position report is requested after a picture, each time with the cursor in another cell:
the reply proves that the terminal has come that far, and a late, lost or doubled reply to another
request is recognized.
"""

from __future__ import annotations

import secrets
from typing import NamedTuple

ANSWERS_WITHIN_S = 10.0  # one that is silent for longer is not waited for any more
_PADDING = "\x1b[m" * 8192  # changes nothing; more than a pseudo-terminal keeps of what is unread
_ROWS, _COLUMNS = 24, 80  # of the cells that are asked for
_LEAVES_S = 1.0


class _Asked(NamedTuple):
    """A request: the cell, the number of writes before and with it, and when it was sent."""

    cell: tuple[int, int]
    behind: int
    at: float


class DeliveryTracker:
    """Counts the writes that were queued, those the terminal took, and those it confirmed.

    One thread queues, a second writes, a third hears the replies. One request at a time is
    outstanding. A terminal that never replies (`is_silent`) is judged by what it took beyond the
    most that can be buffered on the way to it.
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
        """Count everything so far as lost: another process had the terminal."""
        self._lost = self.given
        self.wait_no_longer()

    def wait_no_longer(self) -> None:
        """Drop the outstanding request."""
        self._asked = None

    def fail(self) -> None:
        """Count the write in progress, and those before it that were not taken yet, as lost."""
        self._lost = self.taken = self.written + 1

    def ask(self, columns: int, rows: int, now: float) -> str:
        """Return a position request for a terminal of this size, to be written next."""
        columns, rows = min(columns, _COLUMNS), max(1, min(rows, _ROWS) - 1)
        self._number = (self._number + 1) % (columns * rows)
        # Not in the first row: `CSI 1;5R` is also F3 with Ctrl.
        row, column = self._number // columns + 2, self._number % columns + 1
        self._asked = _Asked((row, column), self.given + 1, now)
        padding = _PADDING if self.is_silent else ""
        self._padded = self.given + 1 if padding else self._padded
        return f"\x1b7\x1b[{row};{column}H\x1b[6n\x1b8{padding}"

    def answer(self, cell: tuple[int, int], now: float) -> None:
        """Take a reply; one that answers no outstanding request is ignored."""
        asked = self._asked
        if asked is not None and asked.cell == cell and asked.behind > self._told:
            self._told, self._round_trip, self.is_silent = asked.behind, now - asked.at, False

    def is_awaited(self, now: float) -> bool:
        """Whether a reply may still come, so that nothing else is requested."""
        asked = self._asked
        if asked is None or self._told >= asked.behind or self.is_lost(asked.behind):
            return False
        if self.taken < asked.behind:
            self._asked = asked._replace(at=now)  # it was not even asked yet
            return True
        self.is_silent = self.is_silent or now - asked.at >= ANSWERS_WITHIN_S
        return not self.is_silent

    def patience(self, now: float) -> float:
        """Return how long to wait on leaving for a reply that the shell would read, in seconds."""
        return min(ANSWERS_WITHIN_S, _LEAVES_S + 2 * self._round_trip) * self.is_awaited(now)

    @property
    def is_taken(self) -> bool:
        """Whether the kernel has taken every write."""
        return self.taken >= self.given

    def is_lost(self, mark: int) -> bool:
        """Whether some of the first `mark` writes may be lost."""
        return mark <= self._lost

    def has(self, mark: int) -> bool:
        """Whether the terminal has the first `mark` writes."""
        is_padded = self.is_silent and mark <= self._padded <= self.taken
        return not self.is_lost(mark) and (mark <= self._told <= self.taken or is_padded)
