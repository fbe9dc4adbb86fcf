"""The cells the terminal shows and those it should show; only the difference is sent.

Textual repaints whole widget lines when one cell changes. Here its updates go into a frame
instead, and while a link is behind nothing is sent: the frame goes on changing, and the last
picture wins. This uses private parts of Textual; where those differ, Textual paints by itself.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.core.text.safe_text import cell_width, is_doubtful

Cell = tuple[str, str]  # its text, empty in the second half of a wide one, and its pen (SGR codes)
_BLANK: Cell = (" ", "")
_SEEN_ON_BLANKS = frozenset({"background", "4", "5", "7", "9", "21", "51", "52", "53"})
_CLEARING = 6  # bytes to take the pen away and erase to the end of the line


def is_as_expected() -> bool:
    """Whether Textual's private update types are those that are read here."""
    try:
        from textual._compositor import ChopsUpdate, LayoutUpdate
    except ImportError:
        return False
    parts = {LayoutUpdate: ["strips", "region"], ChopsUpdate: ["chops", "spans", "chop_ends"]}
    named = {kind: list(inspect.signature(kind).parameters) for kind in parts}
    return named == parts and hasattr(Strip, "render_ansi")


class Frame:
    """What a terminal shows, what it should show, and the bytes from one to the other.

    A cell whose content is not known is `None`, and is painted again.
    """

    def __init__(self) -> None:
        self._size = (0, 0)
        self._shown: list[list[Cell | None]] = []
        self._wanted: list[list[Cell | None]] = []
        self._touched: set[int] = set()

    def take(self, update: Any, colors: ColorSystem) -> bool:
        """Take one of Textual's updates; return whether it was one we know."""
        from textual._compositor import ChopsUpdate, LayoutUpdate

        if isinstance(update, LayoutUpdate):
            region = update.region
            self._fit((region.right, region.bottom))
            for y, line in enumerate(update.strips, region.y):
                self._put(region.x, y, (part for strip in line for part in strip), colors)
        elif isinstance(update, ChopsUpdate):
            self._fit((update.chop_ends[0][-1], len(update.chops)))
            for y, left, right in update.spans:  # what lies beside them is not what is shown
                for x, strip in update.chops[y].items():
                    at = max(x, left)
                    if strip is not None and at < min(x + strip.cell_length, right):
                        self._put(at, y, strip.crop(at - x, right - x), colors)
        else:
            return False
        return True

    def forget(self) -> None:
        """Assume nothing of what the terminal shows."""
        width, height = self._size
        self._shown = [[None] * width for _ in range(height)]
        self._touched = set(range(height))

    @property
    def is_whole(self) -> bool:
        """Whether every wanted cell is known."""
        return all(None not in row for row in self._wanted)

    def changes(self) -> str:
        """Return the bytes that make the terminal show what is wanted, and count on them."""
        pencil = CellWriter()
        for y in sorted(self._touched):
            old, new = self._shown[y], self._wanted[y]
            _draw(pencil, y, old, new)
            self._shown[y] = [one or kept for one, kept in zip(new, old, strict=True)]
        self._touched.clear()
        return pencil.done()

    def _fit(self, size: tuple[int, int]) -> None:
        if size != self._size:
            self._size = size
            self._wanted = [[None] * size[0] for _ in range(size[1])]
            self.forget()

    def _put(self, x: int, y: int, segments: Iterable[Segment], colors: ColorSystem) -> None:
        """Put segments into line `y` from column `x` on; no half of a wide character stays."""
        cells = _cells(segments, colors)
        row = self._wanted[y]
        end = min(x + len(cells), len(row))
        if x and _is_second_half(row[x]):
            row[x - 1] = _BLANK
        row[x:end] = cells[: end - x]
        if end < len(row) and _is_second_half(row[end]):
            row[end] = _BLANK
        last = row[end - 1]
        if end == len(row) and last and last[0] and cell_width(last[0]) > 1:
            row[end - 1] = _BLANK
        self._touched.add(y)


def _cells(segments: Iterable[Segment], colors: ColorSystem) -> list[Cell]:
    cells: list[Cell] = []
    for text, style, control in segments:
        if control:
            continue
        pen = _pen(style, colors) if style else ""
        blank = (" ", pen) if _is_seen_on_blanks(pen) else _BLANK
        for char in text:
            width = 1 if char.isascii() else cell_width(char)
            if width:
                cells.append(blank if char == " " else (char, pen))
                cells += [("", pen)] * (width - 1)
            elif cells:
                at = -2 if _is_second_half(cells[-1]) else -1
                cells[at] = (cells[at][0] + char, cells[at][1])
    return cells


def _is_second_half(cell: Cell | None) -> bool:
    return cell is not None and not cell[0]


def _draw(
    pencil: CellWriter, y: int, old: Sequence[Cell | None], new: Sequence[Cell | None]
) -> None:
    """Draw what differs in a line; a line that became shorter is erased from its new end."""
    if old == new:
        return
    differing = [x for x, cell in enumerate(new) if cell is not None and cell != old[x]]
    if not differing:
        return
    differing = _reached(differing, old, new)
    end = next((x + 1 for x in range(len(new) - 1, -1, -1) if new[x] != _BLANK), 0)
    cleared = [x for x in differing if x >= end]
    if len(cleared) <= _CLEARING:
        cleared = []
    for x in dict.fromkeys(x - _is_second_half(new[x]) for x in differing):
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
    cell = row[x - _is_second_half(row[x])]
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
        if cell != _BLANK or _is_seen_on_blanks(self._pen):
            self._take(cell[1])
        width = 2 if x + 1 < len(row) and _is_second_half(row[x + 1]) else 1
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
        return cell[1] == self._pen or (cell == _BLANK and not _is_seen_on_blanks(self._pen))


def _place(x: int, y: int) -> str:
    return f"\x1b[{y + 1};{x + 1}H"


def _forward(columns: int) -> str:
    if columns <= 1:
        return "\x1b[C" * columns
    return f"\x1b[{columns}C"


@lru_cache(maxsize=4096)
def _pen(style: Style, colors: ColorSystem) -> str:
    """Return the SGR codes of a style; empty for the terminal's default colours."""
    return ";".join(_parts(Strip.render_ansi(style, colors)).values())


@lru_cache(maxsize=4096)
def _is_seen_on_blanks(pen: str) -> bool:
    return not _SEEN_ON_BLANKS.isdisjoint(_parts(pen))


@lru_cache(maxsize=4096)
def _turned(old: str, new: str) -> str:
    """Return the codes that turn one style into another: additions, or a reset and all of it."""
    if old == new:
        return ""
    before, after = _parts(old), _parts(new)
    if before.keys() <= after.keys():
        codes = [code for part, code in after.items() if before.get(part) != code]
        return f"\x1b[{';'.join(codes)}m"
    return f"\x1b[{';'.join(('0', *after.values()))}m" if after else "\x1b[m"


def _parts(pen: str) -> dict[str, str]:
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
