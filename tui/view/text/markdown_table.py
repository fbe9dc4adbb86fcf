"""Markdown tables: aligned columns, with wide cells wrapped."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from tui.core.text.late_pattern import late_pattern
from tui.core.text.safe_text import cell_width
from tui.view.text.lines import Cell, Line
from tui.view.text.markdown_spans import spans
from tui.view.text.styled_text import wrap_line

_DELIMITER = late_pattern(r"[ \t]*:?-+:?[ \t]*")
_GAP = 2
_LEAST = 4
_SPLIT = late_pattern(r"(?<!\\)\|")


def is_delimiter(line: str, head: str, width: int) -> bool:
    """Whether a line is a table's delimiter row, below a head that fits."""
    cells = _cells(line.strip())
    return (
        "-" in line
        and len(cells) * (_LEAST + _GAP) <= width
        and len(cells) == len(_cells(head.strip()))
        and all(_DELIMITER.fullmatch(cell) for cell in cells)
    )


def table_lines(rows: Sequence[str], width: int) -> list[Line]:
    """Return a table (head, delimiter, rows) in lines of at most `width` cells.

    Extra cells of a row get columns of their own, or are put into the last one.
    """
    split = [_cells(row) for row in (rows[0], *rows[2:])]
    sides = [_is_right(cell) for cell in _cells(rows[1])]
    count = max(len(sides), min(max(map(len, split)), width // (_LEAST + _GAP)))
    sides += [False] * (count - len(sides))
    split = [_fitted(row, count) for row in split]
    table = [[spans(cell, "" if at else "strong") for cell in row] for at, row in enumerate(split)]
    widths = _widths(table, count, width)
    lines = [line for row in table[:1] for line in _row(row, widths, sides)]
    lines.append(_trimmed([Cell("─" * room, "rule") for room in widths]))
    return lines + [line for row in table[1:] for line in _row(row, widths, sides)]


def _cells(row: str) -> list[str]:
    inner = row.removeprefix("|")
    if inner.endswith("|") and not inner.endswith("\\|"):
        inner = inner[:-1]
    return [cell.replace("\\|", "|").strip() for cell in _SPLIT.split(inner)]


def _fitted(cells: list[str], count: int) -> list[str]:
    """Return exactly `count` cells; the last one holds the excess."""
    if len(cells) > count:
        return [*cells[: count - 1], " | ".join(cells[count - 1 :])]
    return cells + [""] * (count - len(cells))


def _is_right(cell: str) -> bool:
    return cell.endswith(":") and not cell.startswith(":")


def _widths(table: Sequence[Sequence[Line]], count: int, width: int) -> list[int]:
    """Return the width of each column; the widest shrink until all fit."""
    room = max(count * _LEAST, width - _GAP * (count - 1))
    needs = [max([_LEAST, *(_width(row[column]) for row in table)]) for column in range(count)]
    limit = min(max(needs), room)
    while sum(min(need, limit) for need in needs) > room and limit > _LEAST:
        limit -= 1
    return [min(need, limit) for need in needs]


def _row(row: Sequence[Line], widths: Sequence[int], sides: Sequence[bool]) -> list[Line]:
    columns = [wrap_line(cell, room) for cell, room in zip(row, widths, strict=True)]
    lines = []
    for pieces in zip_longest(*columns, fillvalue=()):
        cells: list[Cell] = []
        for piece, room, is_right in zip(pieces, widths, sides, strict=True):
            blanks = Cell(" " * max(0, room - _width(piece)))
            cells += (blanks, *piece) if is_right else (*piece, blanks)
            cells.append(Cell(" " * _GAP))
        lines.append(_stripped(cells))
    return lines


def _trimmed(cells: Sequence[Cell]) -> Line:
    return _stripped([one for cell in cells for one in (cell, Cell(" " * _GAP))])


def _stripped(cells: list[Cell]) -> Line:
    """Return the cells without trailing blanks."""
    while cells and not cells[-1].text.strip():
        cells.pop()
    return tuple(cell for cell in cells if cell.text)


def _width(line: Line) -> int:
    return sum(cell_width(cell.text) for cell in line)
