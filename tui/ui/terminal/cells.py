"""Cells of a terminal, and the fewest bytes that draw them. Imports nothing of Textual."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from functools import lru_cache
from operator import ne

from tui.core.console.picture import Cell
from tui.core.text.safe_text import is_doubtful
from tui.core.values import dataclass

BLANK: Cell = (" ", "")
SCROLL_WHOLE = "\x1b[r"
_SEEN_ON_BLANKS = frozenset({"background", "4", "5", "7", "9", "21", "51", "52", "53"})
Row = list[Cell | None]

_LEAST_LINES = 3
_LEAST_CELLS = 40  # about twice the bytes that a move takes
_CLEARING = 6  # bytes to take the pen away and erase to the end of the line


@dataclass(frozen=True, slots=True)
class Scroll:
    """Lines `top` to `bottom` (exclusive) move up by `up` lines, or down if it is negative."""

    top: int
    bottom: int
    up: int

    def moved(self, rows: Sequence[Row]) -> list[Row]:
        """Return the lines of the region after the move; those that come in are blank."""
        region, width = list(rows[self.top : self.bottom]), len(rows[self.top])
        fresh: list[Row] = [[BLANK] * width for _ in range(abs(self.up))]
        return region[self.up :] + fresh if self.up > 0 else fresh + region[: self.up]


def scroll_of(shown: Sequence[Row], wanted: Sequence[Row], lines: Collection[int]) -> Scroll | None:
    """Return the move of whole lines that leaves clearly fewer cells to draw, if there is one.

    `lines` are those that may differ.
    """
    differing = [y for y in sorted(lines) if shown[y] != wanted[y]]
    if len(differing) < _LEAST_LINES:
        return None
    first, last = differing[0], differing[-1]
    place = {tuple(shown[y]): y for y in range(first, last + 1)}
    found = {y: place.get(tuple(wanted[y]), y) for y in differing if None not in wanted[y]}
    moves = Counter(old - y for y, old in found.items() if old != y)
    if not moves:
        return None
    up, count = moves.most_common(1)[0]
    if count < _LEAST_LINES:
        return None
    there = [y for y, old in found.items() if old - y == up]
    scroll = Scroll(min(there) + min(up, 0), max(there) + max(up, 0) + 1, up)
    return scroll if _saved(scroll, shown, wanted) >= _LEAST_CELLS else None


def _saved(scroll: Scroll, shown: Sequence[Row], wanted: Sequence[Row]) -> int:
    """Return how many cells fewer are to be drawn after the move."""
    after = wanted[scroll.top : scroll.bottom]
    before = shown[scroll.top : scroll.bottom]
    return _cells(before, after) - _cells(scroll.moved(shown), after)


def _cells(old: Sequence[Row], new: Sequence[Row]) -> int:
    return sum(sum(map(ne, *pair)) for pair in zip(old, new, strict=True))


def is_second_half(cell: Cell | None) -> bool:
    """Whether a cell belongs to the wide character before it."""
    return cell is not None and not cell[0]


def draw(
    pencil: CellWriter, y: int, old: Sequence[Cell | None], new: Sequence[Cell | None]
) -> None:
    """Draw what differs in a line; a line that became shorter is erased from its new end."""
    if old == new:
        return
    differing = [x for x, cell in enumerate(new) if cell is not None and cell != old[x]]
    if not differing:
        return
    differing = _reached(differing, old, new)
    end = next((x + 1 for x in range(len(new) - 1, -1, -1) if new[x] != BLANK), 0)
    cleared = [x for x in differing if x >= end]
    if len(cleared) <= _CLEARING:
        cleared = []
    for x in dict.fromkeys(x - is_second_half(new[x]) for x in differing):
        if not (cleared and x >= end):
            pencil.write(new, x, y)
    if cleared:
        pencil.clear(new, cleared[0], y)


def _reached(
    differing: Sequence[int], old: Sequence[Cell | None], new: Sequence[Cell | None]
) -> list[int]:
    """Return the changed cells and their neighbours under a character of ambiguous width."""
    reached = set(differing)
    for x in differing:
        while x + 1 < len(new) and (_spreads(old, x) or _spreads(new, x)):
            x += 1
            if x in reached:
                break
            reached.add(x)
    return sorted(reached)


def _spreads(row: Sequence[Cell | None], x: int) -> bool:
    cell = row[x - is_second_half(row[x])]
    return cell is not None and is_doubtful(cell[0])


class CellWriter:
    """Writes cells in the fewest bytes, tracking the terminal's cursor and style."""

    def __init__(self) -> None:
        self._written: list[str] = []
        self._pen = ""
        self._line: int | None = None
        self._column: int | None = None

    def write(self, row: Sequence[Cell | None], x: int, y: int) -> None:
        """Write the cell at column `x` of line `y`."""
        cell = row[x]
        if cell is None:
            return
        self._go(row, x, y)
        if cell != BLANK or is_seen_on_blanks(self._pen):
            self._take(cell[1])
        width = 2 if x + 1 < len(row) and is_second_half(row[x + 1]) else 1
        if is_doubtful(cell[0]):
            self._written += [" " * width, _place(x, y)]  # whatever it leaves free is blank
        self._written.append(cell[0])
        is_sure = x + width < len(row) and not is_doubtful(cell[0])
        self._column = x + width if is_sure else None

    def clear(self, row: Sequence[Cell | None], x: int, y: int) -> None:
        """Erase line `y` from column `x` on."""
        self._go(row, x, y)
        self._take("")
        self._written.append("\x1b[K")

    def scroll(self, scroll: Scroll) -> None:
        """Move whole lines; those that come in are blank."""
        self._take("")
        self._written.append(f"\x1b[{scroll.top + 1};{scroll.bottom}r")
        if scroll.up > 0:
            self._written.append(_place(0, scroll.bottom - 1) + "\n" * scroll.up)
        else:
            self._written.append(_place(0, scroll.top) + "\x1bM" * -scroll.up)
        self.scroll_whole_screen()

    def scroll_whole_screen(self) -> None:
        """End what `scroll` has begun, also where its end may have been lost."""
        self._written.append(SCROLL_WHOLE)
        self._line = self._column = None

    def done(self) -> str:
        """Return all that was written; the style is reset."""
        self._take("")
        return "".join(self._written)

    def _take(self, pen: str) -> None:
        self._written.append(_turned(self._pen, pen))
        self._pen = pen

    def _go(self, row: Sequence[Cell | None], x: int, y: int) -> None:
        """Move to a cell in the fewest bytes."""
        if (self._line, self._column) == (y, x):
            return
        ways = [_place(x, y)]
        if self._line == y - 1:
            ways.append("\r\n" + _forward(x))
        if self._line == y and self._column is not None and self._column < x:
            ways.append(_forward(x - self._column))
            between = row[self._column : x]
            if len(between) < 10 and all(self._is_at_hand(cell) for cell in between):
                ways.append("".join(cell[0] for cell in between if cell))
        self._written.append(min(ways, key=lambda way: len(way.encode())))
        self._line, self._column = y, x

    def _is_at_hand(self, cell: Cell | None) -> bool:
        if cell is None or is_doubtful(cell[0]):
            return False
        return cell[1] == self._pen or (cell == BLANK and not is_seen_on_blanks(self._pen))


def _place(x: int, y: int) -> str:
    return f"\x1b[{y + 1};{x + 1}H"


def _forward(columns: int) -> str:
    if columns <= 1:
        return "\x1b[C" * columns
    return f"\x1b[{columns}C"


@lru_cache(maxsize=4096)
def is_seen_on_blanks(pen: str) -> bool:
    """Whether a space drawn with this pen differs from a blank."""
    return not _SEEN_ON_BLANKS.isdisjoint(pen_parts(pen))


@lru_cache(maxsize=4096)
def _turned(old: str, new: str) -> str:
    """Return the codes that turn one style into another: additions, or a reset and all of it."""
    if old == new:
        return ""
    before, after = pen_parts(old), pen_parts(new)
    if before.keys() <= after.keys():
        codes = [code for part, code in after.items() if before.get(part) != code]
        return f"\x1b[{';'.join(codes)}m"
    return f"\x1b[{';'.join(('0', *after.values()))}m" if after else "\x1b[m"


def pen_parts(pen: str) -> dict[str, str]:
    """Return a style's codes, keyed by what each sets."""
    parts: dict[str, str] = {}
    codes = [code for code in pen.split(";") if code]
    while codes:
        code = codes.pop(0)
        part = _COLORED.get(code, code)
        if code in ("38", "48"):
            count = 2 if codes[0] == "5" else 4
            code = ";".join((code, *codes[:count]))
            del codes[:count]
        if code not in ("39", "49"):
            parts[part] = code
    return parts


_COLORED = {
    **{str(code): "color" for code in (*range(30, 40), *range(90, 98))},
    **{str(code): "background" for code in (*range(40, 50), *range(100, 108))},
}
