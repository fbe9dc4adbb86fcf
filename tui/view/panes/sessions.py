"""The lines of the Sessions pane, and the order of its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from tui.core.console.column_table import TITLE
from tui.core.models.session import Key, Session
from tui.core.sessions.attention import FailureGroup, last_sign
from tui.core.text.safe_text import cell_width, cut, one_line
from tui.core.time.expiry import urgency
from tui.view.panes import session_cells
from tui.view.panes.session_cells import CellContext
from tui.view.panes.session_layout import ListShape
from tui.view.text import formatting
from tui.view.text.lines import Cell, Line, clipped, table_line

_FAR = datetime.max.replace(tzinfo=UTC)
_LONG_AGO = datetime.fromtimestamp(0, UTC)


def head(shape: ListShape, style: str = "head", note: str = "") -> Line:
    """Return the line of column names, with `note` after TITLE, or in its place when it is long."""
    columns = shape.layout()
    named = {}
    for one in columns:
        if one.key == TITLE:
            titled = f"{one.name}  {note}".rstrip()
            named[TITLE] = titled if cell_width(titled) <= one.width else note
    cells = [Cell(named.get(one.key, one.name), style) for one in columns]
    line = table_line(columns, cells, shape.width)
    if named or not note:
        return line
    room = shape.width - cell_width(note) - 1
    return (*clipped(line, max(0, room)), Cell(f" {note}", style)) if room > 0 else line


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


Attention = Callable[[Session], int | None]

Order = Callable[[Session, datetime], Any]


def _by_end(one: Session, now: datetime) -> tuple[bool, datetime, Key]:
    ends = one.ends_at or _FAR
    return (ends <= now, ends, one.key)


_SORTS: dict[str, Order] = {
    "ends": _by_end,
    "quiet": lambda one, _: (-(last_sign(one) or _LONG_AGO).timestamp(), one.key),
    "size": lambda one, _: (-one.bytes, one.key),
    "cost": lambda one, _: (-(one.cost_usd or 0.0), one.key),
    "listing": lambda one, _: (one.listing, one.stage, one.key),
}
SORTS = ("attention", *_SORTS)


def ordered(
    sessions: Iterable[Session], sort: str, now: datetime, attention: Attention
) -> tuple[Session, ...]:
    """Return the sessions in the order called `sort`.

    By attention: first what needs attention, as `attention` ranks it, then what is running, then
    the rest. What has already ended comes last.
    """
    if sort in _SORTS:
        return tuple(sorted(sessions, key=lambda one: _SORTS[sort](one, now)))

    def rank(one: Session) -> tuple[int, int, Any]:
        need = attention(one)
        return (99 if need is None else need, not one.is_live, _by_end(one, now))

    return tuple(sorted(sessions, key=rank))
