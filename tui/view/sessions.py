"""The Sessions pane: which columns fit, what stands in them, in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tui.core.catalog import last_sign
from tui.core.expiry import urgency
from tui.core.models import Session
from tui.core.text import one_line
from tui.view import words
from tui.view.lines import (
    Cell,
    Column,
    Key,
    Layout,
    Line,
    flexible,
    table_line,
)

_FAR = datetime.max.replace(tzinfo=UTC)
_LONG_AGO = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class Shape:
    """How the pane is set: its width, and what the operator asked to see."""

    width: int
    has_listing: bool = True
    is_wide: bool = False
    stage_width: int = 2

    def layout(self) -> Layout:
        """Return the columns that fit, the countdown first; the title takes what is left."""
        is_small = self.width < 72
        listing = (Column("LISTING", 12 if is_small else 16),) if self.has_listing else ()
        left = (
            Column("", 2, gap=0),
            Column("ENDS", 7, is_right=True),
            Column("", 1),
            Column("STATE", 11),
            *listing,
            Column("ST", self.stage_width),
        )
        quiet, size = Column("QUIET", 5, is_right=True), Column("SIZE", 5, is_right=True)
        right: Layout = (quiet,) if is_small else (quiet, size)
        if self.is_wide:
            right += (Column("COST", 6, is_right=True), Column("ID", 8))
        return flexible(left, "TITLE", right, self.width)


def stage_width(sessions: Iterable[Session]) -> int:
    """Return the width the stages need, between two and six cells."""
    return min(6, max((2, *(len(words.stage(one.stage)) for one in sessions))))


def head(shape: Shape, style: str = "head", note: str = "") -> Line:
    """Return the line of column names; `note` stands where there is room, behind TITLE."""
    columns = shape.layout()
    named = {"TITLE": f"TITLE  {note}".rstrip()}
    cells = [Cell(named.get(column.name, column.name), style) for column in columns]
    return table_line(columns, cells, shape.width)


def line(
    session: Session,
    now: datetime,
    shape: Shape,
    quiet_after: timedelta,
    *,
    is_marked: bool = False,
    is_current: bool = False,
) -> Line:
    """Return a session's line."""
    ends = words.countdown(session.ends_at, now, is_unreadable=session.expiry_is_unreadable)
    state, style = words.state(session, now, quiet_after)
    texts = {
        "ENDS": Cell(ends, urgency(session.ends_at, now)),
        "STATE": Cell(state, style),
        "LISTING": Cell(session.listing),
        "ST": Cell(words.stage(session.stage)),
        "TITLE": title(session),
        "QUIET": Cell(words.quiet(last_sign(session), now), "muted"),
        "SIZE": Cell(words.size(session.bytes) if session.bytes else "-", "muted"),
        "COST": Cell(words.cost(session.cost_usd), "muted"),
        "ID": Cell(words.short_id(session.session_id), "muted"),
    }
    marks = (">" if is_current else " ") + ("*" if is_marked else " ")
    swept = Cell("s" if session.is_swept_first else "", "muted")
    layout = shape.layout()
    unnamed = iter((Cell(marks, "mark"), swept))
    cells = [texts[column.name] if column.name else next(unnamed) for column in layout]
    return table_line(layout, cells, shape.width)


def title(session: Session) -> Cell:
    """Return the title, or in its absence what is known: the failure's reason, the id."""
    if session.title:
        return Cell(one_line(session.title))
    return Cell(one_line(session.reason) or words.short_id(session.session_id), "muted")


Attention = Callable[[Session], int | None]

Order = Callable[[Session, datetime], Any]


def _by_end(one: Session, now: datetime) -> tuple[bool, datetime, Key]:
    ends = one.ends_at or _FAR
    return (ends <= now, ends, one.key)


_SORTS: dict[str, Order] = {
    "ends": _by_end,
    "quiet": lambda one, _: (-(one.last_activity_at or _LONG_AGO).timestamp(), one.key),
    "size": lambda one, _: (-one.bytes, one.key),
    "cost": lambda one, _: (-(one.cost_usd or 0.0), one.key),
    "listing": lambda one, _: (one.listing, one.stage, one.key),
}
SORTS = ("attention", *_SORTS)


def ordered(
    sessions: Iterable[Session], sort: str, now: datetime, attention: Attention
) -> tuple[Session, ...]:
    """Return the sessions in the order called `sort`.

    By attention, what waits for somebody comes first, then what runs now, then what else needs a
    look, as `attention` ranks it (`None` being last).

    What has already ended comes after what is still about to.
    """
    if sort in _SORTS:
        return tuple(sorted(sessions, key=lambda one: _SORTS[sort](one, now)))

    def rank(one: Session) -> tuple[int, int, Any]:
        need = attention(one)
        place = 0 if need == 0 else 1 if one.is_live else 2
        return (place, 99 if need is None else need, _by_end(one, now))

    return tuple(sorted(sessions, key=rank))
