"""Tables: in full, or fitted to the terminal by narrowing and leaving out columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, repeat

from tui.cli.output import output_width, put, say
from tui.core.models.line_target import LineTarget
from tui.core.text.safe_text import cell_width, fit

Rows = Sequence[tuple[str, ...]]
Targets = Sequence[LineTarget | None]
ShrinkOrder = Sequence[tuple[str, int]]
_GAP = 2


def put_table(
    head: tuple[str, ...], rows: Iterable[tuple[str, ...]], targets: Targets = ()
) -> None:
    """Print a table with columns as wide as their widest cell, separated by two spaces.

    `targets` are where the rows lead, in order.
    """
    lines = [head, *rows]
    widths = [max(cell_width(line[index]) for line in lines) for index in range(len(head))]
    for line, target in zip(lines, chain((None,), targets, repeat(None)), strict=False):
        padded = (
            text + " " * (width - cell_width(text))
            for text, width in zip(line, widths, strict=True)
        )
        put("  ".join(padded).rstrip(), target)


def put_fitted(
    head: tuple[str, ...],
    rows: Iterable[tuple[str, ...]],
    shrink_order: ShrinkOrder,
    targets: Targets = (),
) -> None:
    """Print a table no wider than the terminal, and say which columns were left out.

    `shrink_order` lists columns and their smallest width, in the order in which they are narrowed;
    one with 0 is left out; `targets` are as in `put_table`.
    """
    lines, width = [head, *rows], output_width()
    left_out: list[str] = []
    for name, least in shrink_order if width is not None else ():
        if (excess := _width(lines) - (width or 0)) <= 0:
            break
        column = lines[0].index(name)
        if least:
            lines = _narrowed(lines, column, max(least, _widths(lines)[column] - excess))
        else:
            left_out.append(name)
            lines = [(*line[:column], *line[column + 1 :]) for line in lines]
    put_table(lines[0], lines[1:], targets)
    if left_out:
        say(f"no room for {', '.join(left_out)}: use a wider terminal or --json")


def _narrowed(lines: Rows, column: int, width: int) -> list[tuple[str, ...]]:
    return [
        (*line[:column], fit(line[column], width).rstrip(), *line[column + 1 :]) for line in lines
    ]


def _widths(lines: Rows) -> list[int]:
    return [max(map(cell_width, column)) for column in zip(*lines, strict=True)]


def _width(lines: Rows) -> int:
    widths = _widths(lines)
    return sum(widths) + _GAP * (len(widths) - 1)
