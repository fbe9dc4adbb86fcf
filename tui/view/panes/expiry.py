"""The Expiry pane: what ends next over all listings, and how much awaits clean-up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, tzinfo

from tui.core.models.session import Key, Session
from tui.core.sessions.listing_join import is_gone
from tui.core.text.safe_text import cell_width, cut, fit
from tui.core.time.expiry import urgency
from tui.view.text import formatting
from tui.view.text.lines import (
    Cell,
    Column,
    Layout,
    Line,
    clipped,
    flexible,
    head_line,
    table_line,
)

_FAR = datetime.max.replace(tzinfo=UTC)
_BAR = 10


def ordered(sessions: Iterable[Session], now: datetime) -> tuple[Session, ...]:
    """Return the sessions that have an end, soonest first, those already ended last."""
    ending = (one for one in sessions if one.ends_at and not is_gone(one))

    def rank(one: Session) -> tuple[bool, datetime, Key]:
        ends = one.ends_at or _FAR
        return (ends <= now, ends, one.key)

    return tuple(sorted(ending, key=rank))


def layout(width: int) -> Layout:
    """Return the columns that fit `width`: countdown and name, then a bar and both clocks."""
    left = (
        Column("", 1, gap=0),
        Column("ENDS", 7, is_right=True),
        Column("", 1),
    )
    if width < 60:
        return flexible(left, "SESSION", (Column("ID", 4),), width)
    right = (
        Column("EXPIRES", 12),
        Column("SWEPT", 12),
        Column("SIZE", 5, is_right=True),
    )
    bar = (Column("LIFE", _BAR),)
    return flexible((*left, *bar), "SESSION", (Column("ID", 8), *right), width)


def head(width: int) -> Line:
    """Return the line of column names."""
    return head_line(layout(width), width)


def line(
    session: Session,
    now: datetime,
    width: int,
    zone: tzinfo,
    *,
    is_current: bool = False,
) -> Line:
    """Return a session's line."""
    columns = layout(width)
    style = urgency(session.ends_at, now)
    ends = formatting.countdown(session.ends_at, now, is_unreadable=session.expiry_is_unreadable)
    texts = {
        "ENDS": Cell(ends, style),
        "LIFE": Cell(bar(session, now), style),
        "SESSION": Cell(_name(session, columns)),
        "ID": Cell(formatting.short_id(session.session_id), "muted"),
        "EXPIRES": Cell(formatting.moment(session.expires_at, zone)),
        "SWEPT": Cell(formatting.moment(session.sweep_at, zone), "muted"),
        "SIZE": Cell(formatting.size(session.bytes) if session.bytes else "-", "muted"),
    }
    swept = Cell("s" if session.is_swept_first else "", "muted")
    unnamed = iter((Cell(">" if is_current else " ", "mark"), swept))
    cells = [texts[column.name] if column.name else next(unnamed) for column in columns]
    cells = [
        Cell(cell.text[:4], cell.style) if column.name == "ID" and column.width == 4 else cell
        for column, cell in zip(columns, cells, strict=True)
    ]
    return table_line(columns, cells, width)


def bar(session: Session, now: datetime) -> str:
    """Return the remaining life as a bar of ten cells; empty when its start is unknown."""
    if session.ends_at is None or session.created_at is None:
        return ""
    whole = session.ends_at - session.created_at
    left = max(session.ends_at - now, now - now)
    full = min(_BAR, round(_BAR * (left / whole))) if whole > now - now else 0
    return "█" * full + "░" * (_BAR - full)


def pending_line(waiting: Sequence[Session], width: int) -> Line:
    """Return how much awaits clean-up, leftovers included."""
    bytes_ = formatting.size(sum(one.bytes for one in waiting))
    style = "noticed" if waiting else "muted"
    full, short = f" {len(waiting)} expired, awaiting clean-up", f" {len(waiting)} to clean up"
    text = full if cell_width(full) + cell_width(bytes_) < width else short
    return clipped((Cell(fit(text, width - len(bytes_) - 1), style), Cell(bytes_, "muted")), width)


def _name(session: Session, columns: Layout) -> str:
    room = next(column.width for column in columns if column.name == "SESSION")
    ending = f"/{formatting.stage(session.stage)}"
    return cut(session.listing, max(1, room - cell_width(ending))) + ending
