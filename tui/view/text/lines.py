"""Styled cells, lines, and rows of fixed-width columns."""

from __future__ import annotations

from collections.abc import Sequence

from tui.core.text.safe_text import cell_width, cut, fit
from tui.core.values import dataclass


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of a line in one style; `style` is a name the stylesheet knows, or empty."""

    text: str
    style: str = ""


Line = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its heading, its width in cells, its side, and the blanks after it.

    `key` is its name in a table of columns, if it has one.
    """

    name: str
    width: int
    is_right: bool = False
    gap: int = 1
    key: str = ""


Layout = tuple[Column, ...]


def padded(text: str, column: Column) -> str:
    """Return `text` in exactly the width of `column`."""
    if column.is_right and cell_width(text) < column.width:
        return " " * (column.width - cell_width(text)) + text
    return fit(text, column.width)


def table_line(layout: Layout, cells: Sequence[Cell], width: int) -> Line:
    """Return the cells in their columns, a blank between them, filled to `width`."""
    line: list[Cell] = []
    for column, cell in zip(layout, cells, strict=True):
        # The gap keeps the style of its cell: a change of style costs more bytes than a blank.
        line.append(Cell(padded(cell.text, column) + " " * column.gap, cell.style))
    return clipped(tuple(line), width)


def flexible(left: Layout, name: str, right: Layout, width: int) -> Layout:
    """Return `left` and `right` with a column `name` between them that fills `width`."""
    used = sum(column.width + column.gap for column in (*left, *right))
    return (*left, Column(name, max(6, width - used)), *right)


def head_line(layout: Layout, width: int, style: str = "head") -> Line:
    """Return the column names, aligned with their contents."""
    return table_line(layout, [Cell(column.name, style) for column in layout], width)


def clipped(line: Line, width: int) -> Line:
    """Return `line` in exactly `width` cells."""
    kept: list[Cell] = []
    room = width
    for cell in line:
        used = cell_width(cell.text)
        if used > room:
            text = cell.text.rstrip()
            kept.append(Cell(fit(text, room), cell.style))
            return tuple(kept)
        kept.append(cell)
        room -= used
    return (*kept, Cell(" " * room)) if room else tuple(kept)


def title_room(note: str, width: int) -> int:
    """Return how wide a rule's title may be for its note to fit beside it."""
    return max(0, width - (cell_width(note) + 8 if note else 6))


def rule(
    title: str,
    note: str,
    width: int,
    *,
    style: str = "rule",
    title_style: str = "title",
    note_style: str = "muted",
    mark: str = " ",
) -> Line:
    """Return a horizontal rule with a mark and title at the left and a note at the right."""
    title = cut(title, width - 6)
    note = note if cell_width(title) + cell_width(note) + 8 <= width else ""
    left = (Cell("─", style), Cell(f"{mark}{title}", title_style), Cell(" ", style))
    right = (Cell(" ", style), Cell(note, note_style), Cell(" ─", style)) if note else ()
    used = sum(cell_width(cell.text) for cell in (*left, *right))
    return (*left, Cell("─" * max(0, width - used), style), *right)
