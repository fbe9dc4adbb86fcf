"""The lines of the Sessions pane."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from types import MappingProxyType

from tui.core.console.column_table import TITLE
from tui.core.models.session import Session
from tui.core.sessions.attention import FailureGroup
from tui.core.sessions.rows.finished import SessionGroup
from tui.core.text.safe_text import cell_width, cut, one_line
from tui.core.time.expiry import urgency
from tui.core.values import replace
from tui.view.panes import session_cells
from tui.view.panes.session_cells import CellContext
from tui.view.panes.session_layout import ListShape
from tui.view.text import formatting, signs
from tui.view.text.lines import Cell, Layout, Line, clipped, table_line
from tui.view.text.out_of_sight import NO_MARGIN, Margin, with_hint

ASCENDING, DESCENDING = signs.RISING.sign, signs.FALLING.sign
_STAY = ("ends", "state")


def head(
    shape: ListShape,
    style: str = "head",
    note: str = "",
    margin: Margin = NO_MARGIN,
    *,
    sorted_by: tuple[str, str] = ("", ""),
    hint: str = "",
) -> Line:
    """Return the line of column names, with `note` after TITLE, or in its place when it is long.

    What the `margin` tells also takes columns between STATE and TITLE, as few as it needs; the
    first keeps its name where there is room. The arrow of the direction stands before the name of
    the column that it is `sorted_by`, or in the note where that name is not shown. The `hint` is
    left out first.
    """
    sort, arrow = sorted_by
    columns, told = _with_margin(shape, note, margin)
    if arrow and all(one.key != sort for one in columns):
        columns, told = _with_margin(shape, f"by {sort} {arrow}  {note}".strip(), margin)
    told_style = "attention" if margin.needs else style
    named = {one.key: Cell(one.name, style) for one in columns}
    for one in columns:
        if one.key == TITLE:
            titled = f"{one.name}  {with_hint(hint, told, one.width - len(one.name) - 2)}".rstrip()
            text = titled if cell_width(titled) <= one.width else told
            named[TITLE] = Cell(text, told_style if told else style)
    if arrow and sort in named:
        named[sort] = Cell(arrow + named[sort].text, named[sort].style)
        columns = _with_room(columns, sort, cell_width(named[sort].text))
    line = table_line(columns, [named[one.key] for one in columns], shape.width)
    room = shape.width - cell_width(told) - 1
    if TITLE in named or not told or room <= 0:
        return line
    return (*clipped(line, room), Cell(f" {told}", told_style))


def _with_margin(shape: ListShape, note: str, margin: Margin) -> tuple[Layout, str]:
    """Return the columns of the head, and what it tells beside their names."""
    columns = shape.layout()
    at = next((place for place, one in enumerate(columns) if one.key == TITLE), None)
    if at is None:
        return columns, margin.heading(note, max(0, shape.width - 1))
    if not margin or cell_width(margin.heading(note)) <= columns[at].width:
        return columns, margin.heading(note, columns[at].width)
    first = next(place for place in range(1, at + 1) if columns[place].key not in _STAY)
    for start in range(at, first - 1, -1):
        taken = columns[start : at + 1]
        width = sum(one.width + one.gap for one in taken) - taken[-1].gap
        if cell_width(f"{columns[start].name}  {margin.heading(note)}") <= width:
            break
    title = replace(columns[at], width=width, name=columns[start].name)
    return (*columns[:start], title, *columns[at + 1 :]), margin.heading(note, width)


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
    hosts: Mapping[str, str] = MappingProxyType({}),
    is_marked: bool = False,
    is_current: bool = False,
    is_unseen: bool = False,
    is_vanished: bool = False,
) -> Line:
    """Return a session's line, greyed when its listing has vanished."""
    current = signs.SELECTED.sign if is_current else " "
    marked = signs.MARKED.sign if is_marked else signs.UNSEEN.sign if is_unseen else " "
    layout = shape.layout()
    at = CellContext(now=now, quiet_after=quiet_after, zone=zone, hosts=hosts)
    cells = [Cell(current + marked, "mark")]
    for one in layout[1:]:
        cells.append(session_cells.cell(one.key, session, at, one.width))
    if is_vanished:
        cells = [Cell(cell.text, "muted") for cell in cells]
    return table_line(layout, cells, shape.width)


def group_line(
    group: SessionGroup,
    now: datetime,
    shape: ListShape,
    zone: tzinfo,
    *,
    is_marked: bool = False,
    is_current: bool = False,
    is_open: bool = False,
) -> Line:
    """Return the line of a group: when the first ends, its cause or what it is, how many, when."""
    ends_at = min((one.ends_at for one in group.sessions if one.ends_at), default=None)
    ends = formatting.countdown(ends_at, now)
    others = {formatting.countdown(one.ends_at, now) for one in group.sessions} - {ends}
    later = signs.LATER.sign[-1] if others else " "
    word, style = ("failed", "bad") if isinstance(group, FailureGroup) else ("finished", "strong")
    current = signs.SELECTED.sign if is_current else " "
    dot = " " if isinstance(group, FailureGroup) else signs.UNSEEN.sign
    marks = current + (signs.MARKED.sign if is_marked else dot)
    layout = shape.group_layout()
    cells = (
        Cell(marks, "mark"),
        Cell(f"{ends}{later} ", urgency(ends_at, now)),
        Cell(f"{signs.OPENED if is_open else signs.CLOSED} {word}", style),
        Cell(_shared(group, now, zone, layout[-1].width), style),
    )
    return table_line(layout, cells, shape.width)


def group_words(group: SessionGroup, *, is_open: bool) -> str:
    """Return what a group is, and what Enter does with it."""
    count = len(group.sessions)
    if isinstance(group, FailureGroup):
        does = "hides" if is_open else "shows and marks"
        return f"{count} sessions failed this way: Enter {does} them"
    does = "hides" if is_open else "shows"
    return f"{count} sessions have finished, and you have not seen how: Enter {does} them"


def _shared(group: SessionGroup, now: datetime, zone: tzinfo, width: int) -> str:
    since = f" since {formatting.moment(group.since, zone, today=now)}" if group.since else ""
    count = f" {signs.TIMES}{len(group.sessions)}{since}"
    reason = one_line(group.reason) if isinstance(group, FailureGroup) else "not seen yet"
    return cut(reason, max(1, width - len(count))) + count
