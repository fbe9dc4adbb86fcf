"""The lines of the Sessions pane."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo

from tui.core.console.column_table import TITLE
from tui.core.models.session import Session
from tui.core.sessions.attention import FailureGroup
from tui.core.text.safe_text import cell_width, cut, one_line
from tui.core.time.expiry import urgency
from tui.view.panes import session_cells
from tui.view.panes.session_cells import CellContext
from tui.view.panes.session_layout import ListShape
from tui.view.text import formatting
from tui.view.text.lines import Cell, Layout, Line, clipped, table_line

ASCENDING, DESCENDING = "▲", "▼"


def head(
    shape: ListShape, style: str = "head", note: str = "", *, sort: str = "", arrow: str = ""
) -> Line:
    """Return the line of column names, with `note` after TITLE, or in its place when it is long.

    The `arrow` of the direction stands before the name of the column that is sorted by.
    """
    columns = shape.layout()
    named = {one.key: one.name for one in columns}
    if (title := next((one for one in columns if one.key == TITLE), None)) is not None:
        titled = f"{title.name}  {note}".rstrip()
        named[TITLE] = titled if cell_width(titled) <= title.width else note
    if sort in named:
        named[sort] = arrow + named[sort]
        columns = _with_room(columns, sort, cell_width(named[sort]))
    cells = [Cell(named[one.key], style) for one in columns]
    line = table_line(columns, cells, shape.width)
    if title is not None or not note:
        return line
    room = shape.width - cell_width(note) - 1
    return (*clipped(line, max(0, room)), Cell(f" {note}", style)) if room > 0 else line


def _with_room(columns: Layout, name: str, width: int) -> Layout:
    """Return the columns with a cell more before one: its name stays over what is in it."""
    at = next(index for index, one in enumerate(columns) if one.key == name)
    before, column = columns[at - 1], columns[at]
    if column.is_right and width <= column.width:
        return columns
    before = replace(before, gap=0) if before.gap else replace(before, width=before.width - 1)
    column = replace(column, width=column.width + 1)
    return (*columns[: at - 1], before, column, *columns[at + 1 :])


def column_at(shape: ListShape, x: int) -> str:
    """Return the name of the column whose heading is in that cell of the head; empty for none."""
    start = 0
    for column in shape.layout():
        start += column.width + column.gap
        if x < start:
            return column.key
    return ""


def line(
    session: Session,
    now: datetime,
    shape: ListShape,
    quiet_after: timedelta,
    *,
    zone: tzinfo = UTC,
    is_marked: bool = False,
    is_current: bool = False,
    is_unseen: bool = False,
    is_vanished: bool = False,
) -> Line:
    """Return a session's line, greyed when its listing has vanished."""
    marks = (">" if is_current else " ") + ("*" if is_marked else "•" if is_unseen else " ")
    layout = shape.layout()
    at = CellContext(now=now, quiet_after=quiet_after, zone=zone)
    cells = [Cell(marks, "mark")]
    for one in layout[1:]:
        cells.append(session_cells.cell(one.key, session, at, one.width))
    if is_vanished:
        cells = [Cell(cell.text, "muted") for cell in cells]
    return table_line(layout, cells, shape.width)


def group_line(
    group: FailureGroup,
    now: datetime,
    shape: ListShape,
    zone: tzinfo,
    *,
    is_marked: bool = False,
    is_current: bool = False,
    is_open: bool = False,
) -> Line:
    """Return the line of failures with a common cause: the cause, their number, since when."""
    ends_at = min((one.ends_at for one in group.sessions if one.ends_at), default=None)
    marks = (">" if is_current else " ") + ("*" if is_marked else " ")
    layout = shape.group_layout()
    cells = (
        Cell(marks, "mark"),
        Cell(f"{formatting.countdown(ends_at, now)}  ", urgency(ends_at, now)),
        Cell(f"{'▾' if is_open else '▸'} failed", "bad"),
        Cell(_shared(group, now, zone, layout[-1].width), "bad"),
    )
    return table_line(layout, cells, shape.width)


def _shared(group: FailureGroup, now: datetime, zone: tzinfo, width: int) -> str:
    since = f" since {formatting.moment(group.since, zone, today=now)}" if group.since else ""
    count = f" \u00d7{len(group.sessions)}{since}"
    reason = one_line(group.reason)
    return cut(reason, max(1, width - len(count))) + count
