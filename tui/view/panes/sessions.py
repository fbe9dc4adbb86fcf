"""The Sessions pane: the columns that fit, their contents, and the order of the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from tui.core.models.session import Key, Session
from tui.core.sessions.attention import FailureGroup, last_sign
from tui.core.text.safe_text import cell_width, cut, fit, one_line
from tui.core.time.expiry import urgency
from tui.view.text import formatting
from tui.view.text.lines import (
    Cell,
    Column,
    Layout,
    Line,
    flexible,
    table_line,
)
from tui.view.text.sent_commands import left_words

_FAR = datetime.max.replace(tzinfo=UTC)
_LONG_AGO = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class ListShape:
    """The pane's width, and which columns it shows."""

    width: int
    has_listing: bool = True
    is_wide: bool = False
    stage_width: int = 2

    def layout(self) -> Layout:
        """Return the columns that fit, the countdown first; the title takes the rest."""
        is_small = self.width < 72
        listing = (Column("LISTING", 12 if is_small else 16),) if self.has_listing else ()
        left = (*self._head(), *listing, Column("ST", self.stage_width))
        quiet, size = Column("QUIET", 5, is_right=True), Column("SIZE", 5, is_right=True)
        right: Layout = (quiet,) if is_small else (quiet, size)
        if self.is_wide:
            right += (Column("COST", 6, is_right=True), Column("ID", 8))
        return flexible(left, "TITLE", right, self.width)

    def group_layout(self) -> Layout:
        """Return the columns of a group of failures; their common reason takes the rest."""
        return flexible(self._head(), "TITLE", (), self.width)

    def _head(self) -> Layout:
        return (
            Column("", 2, gap=0),
            Column("ENDS", 7, is_right=True),
            Column("", 1),
            Column("STATE", formatting.STATE_WIDTH),
        )


def stage_width(sessions: Iterable[Session]) -> int:
    """Return the width of the stage column, between two and six cells."""
    return min(6, max((2, *(len(formatting.stage(one.stage)) for one in sessions))))


def head(shape: ListShape, style: str = "head", note: str = "") -> Line:
    """Return the line of column names, with `note` after TITLE, or in its place when it is long."""
    columns = shape.layout()
    room = next(column.width for column in columns if column.name == "TITLE")
    titled = f"TITLE  {note}".rstrip()
    named = {"TITLE": titled if cell_width(titled) <= room else note}
    cells = [Cell(named.get(column.name, column.name), style) for column in columns]
    return table_line(columns, cells, shape.width)


def line(
    session: Session,
    now: datetime,
    shape: ListShape,
    quiet_after: timedelta,
    *,
    is_marked: bool = False,
    is_current: bool = False,
    is_unseen: bool = False,
    is_vanished: bool = False,
) -> Line:
    """Return a session's line, greyed when its listing has vanished."""
    ends = formatting.countdown(session.ends_at, now, is_unreadable=session.expiry_is_unreadable)
    state, style = formatting.state(session, now, quiet_after)
    texts = {
        "ENDS": Cell(ends, urgency(session.ends_at, now)),
        "STATE": Cell(state, style),
        "LISTING": Cell(session.listing),
        "ST": Cell(formatting.stage(session.stage)),
        "TITLE": title(session),
        "QUIET": Cell(formatting.elapsed(last_sign(session), now), "muted"),
        "SIZE": Cell(formatting.size(session.bytes) if session.bytes else "-", "muted"),
        "COST": Cell(formatting.cost(session.cost_usd), "muted"),
        "ID": Cell(formatting.short_id(session.session_id), "muted"),
    }
    marks = (">" if is_current else " ") + ("*" if is_marked else "•" if is_unseen else " ")
    request = session.run.request if session.run is not None else None
    if request is not None and (left := left_words(request, now)):
        texts["TITLE"] = _waiting(texts["TITLE"], f"{left} left", shape)
    swept = Cell("s" if session.is_swept_first else "", "muted")
    layout = shape.layout()
    unnamed = iter((Cell(marks, "mark"), swept))
    cells = [texts[column.name] if column.name else next(unnamed) for column in layout]
    if is_vanished:
        cells = [Cell(cell.text, "muted") for cell in cells]
    return table_line(layout, cells, shape.width)


def _waiting(title: Cell, left: str, shape: ListShape) -> Cell:
    """Return a title, cut so that the time left for its request fits after it."""
    width = next(column.width for column in shape.layout() if column.name == "TITLE")
    return Cell(f"{fit(title.text, max(0, width - len(left) - 1))} {left}", title.style)


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
        Cell(formatting.countdown(ends_at, now), urgency(ends_at, now)),
        Cell(""),
        Cell(f"{'▾' if is_open else '▸'} failed", "bad"),
        Cell(_shared(group, now, zone, layout[-1].width), "bad"),
    )
    return table_line(layout, cells, shape.width)


def _shared(group: FailureGroup, now: datetime, zone: tzinfo, width: int) -> str:
    since = f" since {formatting.moment(group.since, zone, today=now)}" if group.since else ""
    count = f" \u00d7{len(group.sessions)}{since}"
    reason = one_line(group.reason)
    return cut(reason, max(1, width - len(count))) + count


def title(session: Session) -> Cell:
    """Return the title, or else the reason of the failure, or else the id."""
    if session.title:
        return Cell(one_line(session.title))
    return Cell(one_line(session.reason) or formatting.short_id(session.session_id), "muted")


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
