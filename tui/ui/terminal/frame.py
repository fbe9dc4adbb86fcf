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

from tui.core.console.picture import Cell, Rows
from tui.core.text.safe_text import cell_width
from tui.ui.terminal.cells import (
    BLANK,
    CellWriter,
    draw,
    is_second_half,
    is_seen_on_blanks,
    pen_parts,
    scroll_of,
)


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
        self._sent: list[Sequence[Cell | None]] = []
        self._touched: set[int] = set()
        self._is_forgotten = False

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
        self._is_forgotten = True

    @property
    def is_whole(self) -> bool:
        """Whether every wanted cell is known."""
        return all(None not in row for row in self._wanted)

    @property
    def sent(self) -> Sequence[Sequence[Cell | None]]:
        """The cells as they were wanted when they were last sent; they do not change."""
        return tuple(self._sent)

    def adopt(self, rows: Rows) -> None:
        """Assume that the terminal shows these cells; of another size they say nothing."""
        width, height = self._size
        if len(rows) == height and all(len(row) == width for row in rows):
            self._shown = [list(row) for row in rows]
            self._touched = set(range(height))

    def changes(self) -> str:
        """Return the bytes that make the terminal show what is wanted, and count on them."""
        pencil = CellWriter()
        if self._is_forgotten:
            pencil.scroll_whole_screen()
            self._is_forgotten = False
        elif (scroll := scroll_of(self._shown, self._wanted, self._touched)) is not None:
            pencil.scroll(scroll)
            self._shown[scroll.top : scroll.bottom] = scroll.moved(self._shown)
            self._touched |= set(range(scroll.top, scroll.bottom))
        for y in sorted(self._touched):
            old, new = self._shown[y], self._wanted[y]
            draw(pencil, y, old, new)
            self._shown[y] = [one or kept for one, kept in zip(new, old, strict=True)]
            self._sent[y] = tuple(new)
        self._touched.clear()
        return pencil.done()

    def _fit(self, size: tuple[int, int]) -> None:
        if size != self._size:
            self._size = size
            self._wanted = [[None] * size[0] for _ in range(size[1])]
            self._sent = [(None,) * size[0]] * size[1]
            self.forget()

    def _put(self, x: int, y: int, segments: Iterable[Segment], colors: ColorSystem) -> None:
        """Put segments into line `y` from column `x` on; no half of a wide character stays."""
        cells = _cells(segments, colors)
        row = self._wanted[y]
        end = min(x + len(cells), len(row))
        if x and is_second_half(row[x]):
            row[x - 1] = BLANK
        row[x:end] = cells[: end - x]
        if end < len(row) and is_second_half(row[end]):
            row[end] = BLANK
        last = row[end - 1]
        if end == len(row) and last and last[0] and cell_width(last[0]) > 1:
            row[end - 1] = BLANK
        self._touched.add(y)


def _cells(segments: Iterable[Segment], colors: ColorSystem) -> list[Cell]:
    cells: list[Cell] = []
    for text, style, control in segments:
        if control:
            continue
        pen = _pen(style, colors) if style else ""
        blank = (" ", pen) if is_seen_on_blanks(pen) else BLANK
        for char in text:
            width = 1 if char.isascii() else cell_width(char)
            if width:
                cells.append(blank if char == " " else (char, pen))
                cells += [("", pen)] * (width - 1)
            elif cells:
                at = -2 if is_second_half(cells[-1]) else -1
                cells[at] = (cells[at][0] + char, cells[at][1])
    return cells


@lru_cache(maxsize=4096)
def _pen(style: Style, colors: ColorSystem) -> str:
    """Return the SGR codes of a style; empty for the terminal's default colours."""
    return ";".join(pen_parts(Strip.render_ansi(style, colors)).values())
