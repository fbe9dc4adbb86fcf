"""Takes the picture that a console leaves for the next start."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from time import monotonic

from tui.core.console.picture import Cell, Picture
from tui.ui.terminal.cells import BLANK

_SETTLES_S = 2.0  # until what was read since is what the screen shows
_NOT_KEPT = (0, -2)  # counts as of a moment, and a message: both are of that moment alone


class PictureTaker:
    """Keeps the latest picture, of the root's latest erasure generation."""

    def __init__(self, drawn_for: str, clock: Callable[[], float] = monotonic) -> None:
        self._drawn_for = drawn_for
        self._clock = clock
        self._erasure: str | None = None
        self._since = float("-inf")
        self._cells: Sequence[Sequence[Cell | None]] = ()
        self._at: datetime | None = None

    def note(self, erasure: str) -> bool:
        """Note the root's generation; return whether something was erased since the last one.

        The picture from before that is dropped.
        """
        was_erased = bool(self._erasure) and erasure != self._erasure
        if erasure != self._erasure:
            self._since = self._since if self._erasure is None else self._clock()
            self._erasure, self._at = erasure, None
        return was_erased

    @property
    def is_settled(self) -> bool:
        """Whether all that is on the screen is of the generation that was noted."""
        is_kept = bool(self._erasure and self._drawn_for)
        return is_kept and self._clock() - self._since > _SETTLES_S

    def take(self, cells: Sequence[Sequence[Cell | None]], at: datetime) -> None:
        """Take a picture."""
        self._cells, self._at = cells, at

    @property
    def picture(self) -> Picture | None:
        """The picture, without the lines that are never kept; `None` unless it is whole."""
        if self._at is None or any(None in row for row in self._cells):
            return None
        rows = [tuple(cell or BLANK for cell in row) for row in self._cells]
        for number in _NOT_KEPT:
            rows[number] = (BLANK,) * len(rows[number])
        return Picture(
            rows=tuple(rows), at=self._at, erasure=self._erasure or "", drawn_for=self._drawn_for
        )
