"""A table fitted to the terminal: its columns give way in the order they are told to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tui.cli.output import put_table, room, say
from tui.core.text.safe_text import cell_width, fit

Rows = Sequence[tuple[str, ...]]
Gives = Sequence[tuple[str, int]]
_GAP = 2


def put_fitted(head: tuple[str, ...], rows: Iterable[tuple[str, ...]], gives: Gives) -> None:
    """Print a table, in no more cells than there is room for, and say what had to be left out.

    `gives` names columns in the order in which they give way: each becomes as narrow as it must
    and its number of cells lets it; with 0 it is left out.
    """
    lines, width = [head, *rows], room()
    left_out: list[str] = []
    for name, least in gives if width is not None else ():
        if (excess := _width(lines) - (width or 0)) <= 0:
            break
        column = lines[0].index(name)
        if least:
            lines = _narrowed(lines, column, max(least, _widths(lines)[column] - excess))
        else:
            left_out.append(name)
            lines = [(*line[:column], *line[column + 1 :]) for line in lines]
    put_table(lines[0], lines[1:])
    if left_out:
        say(f"no room for {', '.join(left_out)}: a wider terminal shows them, or --json")


def _narrowed(lines: Rows, column: int, width: int) -> list[tuple[str, ...]]:
    return [
        (*line[:column], fit(line[column], width).rstrip(), *line[column + 1 :]) for line in lines
    ]


def _widths(lines: Rows) -> list[int]:
    return [max(map(cell_width, column)) for column in zip(*lines, strict=True)]


def _width(lines: Rows) -> int:
    widths = _widths(lines)
    return sum(widths) + _GAP * (len(widths) - 1)
