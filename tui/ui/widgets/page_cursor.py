"""The selected line of a page whose lines lead somewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tui.core.models.line_target import LineTarget
from tui.core.models.session import Key
from tui.core.values import dataclass

Targets = Mapping[int, LineTarget]


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in the panes: the pane, whether it has the whole screen, and what is selected."""

    pane: int
    is_full: bool
    selected: Key | str | None


@dataclass(frozen=True, slots=True)
class _Row:
    """The drawn lines from `first` to before `stop`, which lead to one target."""

    first: int
    stop: int
    target: LineTarget


class PageCursor:
    """Stands on one of the rows that lead somewhere; without any there is no cursor.

    `targets` are those of lines of text, by their index; neighbours that share one are one row.
    `index` is the selected row, the last one where it is below 0 or there are fewer.
    """

    def __init__(self, targets: Targets, *, index: int = 0) -> None:
        self._targets = targets
        self._rows: tuple[_Row, ...] = ()
        self._index = index

    def lay_out(self, origins: Sequence[int]) -> None:
        """Take the drawn lines, each as the index of the line of text that it is a piece of."""
        rows: list[_Row] = []
        for at, origin in enumerate(origins):
            target = self._targets.get(origin)
            if target is None:
                continue
            if rows and rows[-1].stop == at and rows[-1].target is target:
                rows[-1] = _Row(rows[-1].first, at + 1, target)
            else:
                rows.append(_Row(at, at + 1, target))
        self._rows = tuple(rows)
        last = max(0, len(rows) - 1)
        self._index = last if self._index < 0 else min(self._index, last)

    @property
    def index(self) -> int:
        """Which of the rows is selected."""
        return self._index

    @property
    def row(self) -> _Row | None:
        """The selected row."""
        return self._rows[self._index] if self._rows else None

    def target(self, top: int, height: int) -> LineTarget | None:
        """Return where the selected row leads, if it is in sight."""
        row = self.row
        return row.target if row is not None and top <= row.first < top + height else None

    def step(self, step: int, top: int, height: int) -> int:
        """Go to the next row (or the one before), and return by how many lines to scroll for it.

        Where that is more than the page has, no text is skipped: the lines scroll by one, and the
        cursor stays.
        """
        index = self._index + step
        if not 0 <= index < len(self._rows):
            return step
        row = self._rows[index]
        if step > 0:
            scroll = max(0, min(row.stop - (top + height), row.first - top))
        else:
            first = 0 if index == 0 and row.first < height else row.first
            scroll = min(0, first - top)
        if abs(scroll) >= height:
            return step
        self._index = index
        return scroll

    def go_to_edge(self, step: int) -> None:
        """Go to the last row, or to the first."""
        self._index = max(0, len(self._rows) - 1) if step > 0 else 0

    def come_in_sight(self, top: int, height: int) -> None:
        """Go to the first row in sight, if there is one and the selected one is not."""
        if self.target(top, height) is None:
            self.go_to_line(top, top + height)

    def go_to_line(self, line: int, stop: int) -> None:
        """Go to the first row that has a line from `line` to before `stop`, if there is one."""
        there = (at for at, row in enumerate(self._rows) if row.stop > line and row.first < stop)
        self._index = next(there, self._index)
