"""The page that lists the columns of the Sessions pane."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tui.core.console.column_table import COLUMN_NAMES, column
from tui.view.panes.page import text_lines
from tui.view.text.lines import Cell, Column, Line, flexible, head_line, table_line

_WAYS = (
    "columns id,cost,model   shows these alone, in this order",
    "columns wide            shows all that there is room for",
    "columns default         shows those of the settings, else what the width allows",
    "",
)


def column_lines(shown: Sequence[str], chosen: Collection[str], width: int) -> tuple[Line, ...]:
    """Return all columns: first those that are shown, in their order, then the others."""
    layout = flexible((Column("", 1), Column("COLUMN", 8), Column("", 9)), "SHOWS", (), width)
    others = [name for name in COLUMN_NAMES if name not in shown]
    lines = [head_line(layout, width)]
    for name in (*shown, *others):
        state = "shown" if name in shown else "no room" if name in chosen else "hidden"
        style = "" if name in shown else "muted"
        cells = (Cell(""), Cell(name, "key"), Cell(state, style), Cell(column(name).help, style))
        lines.append(table_line(layout, cells, width))
    return (*text_lines(_WAYS, width), *lines)
