"""The Expiry pane: what ends next over all listings, and how much awaits clean-up."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

from tui.core.models.session import Key, Session
from tui.core.sessions.cleanup_selection import why_left
from tui.core.sessions.listing_join import is_gone
from tui.core.text.safe_text import cell_width, cut, fit
from tui.core.text.sizes import size_text
from tui.core.time.expiry import urgency
from tui.core.values import dataclass
from tui.view.text import formatting, signs
from tui.view.text.lines import (
    Cell,
    Column,
    Layout,
    Line,
    clipped,
    flexible,
    table_line,
)
from tui.view.text.out_of_sight import NO_MARGIN, Margin, head_with

_FAR = datetime.max.replace(tzinfo=UTC)
_BAR = 10


def ordered(sessions: Iterable[Session], now: datetime) -> tuple[Session, ...]:
    """Return the sessions that have an end, soonest first, those already ended last."""
    ending = (one for one in sessions if one.ends_at and not is_gone(one))

    def rank(one: Session) -> tuple[bool, datetime, Key]:
        ends = one.ends_at or _FAR
        return (ends <= now, ends, one.key)

    return tuple(sorted(ending, key=rank))


@dataclass(frozen=True, slots=True)
class ExpiryShape:
    """The pane's width, and how wide the longest name is."""

    width: int
    name: int = 22

    @classmethod
    def of(cls, sessions: Iterable[Session]) -> ExpiryShape:
        """Return the shape that shows these names whole, in no width yet."""
        widest = max((cell_width(formatting.listing_stage(one)) for one in sessions), default=0)
        return cls(0, name=min(widest, _MOST_NAME))

    @property
    def needed(self) -> int:
        """The least width that shows every name and id whole."""
        return sum(one.width + one.gap for one in (*_FIRST, _ID)) + self.name

    def layout(self) -> Layout:
        """Return the columns that fit: what comes later must leave the names whole."""
        return _layout(self)


_MOST_NAME = 28  # longer ones are rare, and may be shortened for what stands beside them
_MARK, _SIGN = Column("", 1, gap=0, key="mark"), Column("", 1, key="sign")
_ENDS, _AT = Column("ENDS", 7, is_right=True), Column("AT", 9)
_FIRST = (_MARK, _ENDS, _SIGN)
_LIFE, _ID, _START_OF_ID = Column("LIFE", _BAR), Column("ID", 8), Column("ID", 4)
_LEFT_OUT = _ID.width - _START_OF_ID.width
_CLOCK, _THEN = Column("CLOCK", 6), Column("THEN", 8)
_EXPIRES, _SWEPT = Column("EXPIRES", 12), Column("SWEPT", 12)
_SIZE = Column("SIZE", 5, is_right=True)


@lru_cache(maxsize=64)
def _layout(shape: ExpiryShape) -> Layout:
    left, right = list(_FIRST), list[Column]()
    room = shape.width - shape.needed + _LEFT_OUT

    def takes(*more: Column) -> bool:
        """Take room for columns if there is enough."""
        nonlocal room
        cells = sum(one.width + 1 for one in more)
        room -= cells if (is_taken := cells <= room) else 0
        return is_taken

    if takes(_EXPIRES, _SWEPT, _THEN):
        right += [_EXPIRES, _SWEPT, _THEN]
    else:
        left += [_AT] if takes(_AT) else []
        right += [one for one in (_CLOCK, _THEN) if takes(one)]
    # Keys act on the selected row: its id, or the start of it, is in sight.
    right.insert(0, _ID if room >= _LEFT_OUT else _START_OF_ID)
    room -= right[0].width - _START_OF_ID.width
    right += [_SIZE] if takes(_SIZE) else []
    left += [_LIFE] if takes(_LIFE) else []
    return flexible(tuple(left), "SESSION", tuple(right), shape.width)


def head(shape: ExpiryShape, margin: Margin = NO_MARGIN) -> Line:
    """Return the line of column names, and what is out of sight."""
    return head_with(margin, shape.layout(), "SESSION", shape.width)


def line(
    session: Session,
    now: datetime,
    shape: ExpiryShape,
    zone: tzinfo,
    *,
    is_current: bool = False,
) -> Line:
    """Return a session's line."""
    columns = shape.layout()
    style = urgency(session.ends_at, now)
    ends = formatting.countdown(session.ends_at, now, is_unreadable=session.expiry_is_unreadable)
    room, id_width = (one.width for one in columns if one.name in ("SESSION", "ID"))
    cells = {
        "mark": Cell(">" if is_current else " ", "mark"),
        "ENDS": Cell(ends, style),
        "sign": Cell(signs.SWEPT.sign if session.is_swept_first else "", "muted"),
        "AT": Cell(formatting.hour(session.ends_at, now, zone)),
        "LIFE": Cell(bar(session, now), style),
        "SESSION": Cell(formatting.listing_stage(session, room)),
        "ID": Cell(formatting.short_id(session.session_id)[:id_width], "muted"),
        "CLOCK": Cell("sweep" if session.is_swept_first else "expiry", "muted"),
        "THEN": _then(session, now),
        "EXPIRES": Cell(formatting.moment(session.expires_at, zone)),
        "SWEPT": Cell(formatting.moment(session.sweep_at, zone), "muted"),
        "SIZE": Cell(size_text(session.bytes) if session.bytes else "-", "muted"),
    }
    return table_line(columns, [cells[one.key or one.name] for one in columns], shape.width)


def _then(session: Session, now: datetime) -> Cell:
    """Return what becomes of a session at its end."""
    if session.is_swept_first:
        return Cell("deleted", "noticed")
    if session.transcript is None:
        return Cell("row only", "muted")
    return Cell("stays", "noticed") if why_left(session, now) else Cell("to trash", "muted")


def explained(session: Session, now: datetime, zone: tzinfo, width: int) -> Line:
    """Return which clock ends a session, or ended it, when, and what becomes of it."""
    at = formatting.moment(session.ends_at, zone, today=now)
    is_over = session.ends_at is not None and session.ends_at <= now
    if session.is_swept_first:
        begins = f"sweep due since {at}" if is_over else f"sweep {at}"
        full = ": the CLI deletes its transcript, no undo" + ("" if is_over else "; its row stays")
        short = ": transcript deleted"
    elif session.transcript is None:
        begins = f"{'expired' if is_over else 'expires'} {at}"
        full, short = ": only its row is left", ": only a row"
    elif why := why_left(session, now):
        begins = f"expired {at}" if is_over else f"expires {at}"
        full, short = f"; clean-up leaves it: {why}", ", then stays"
    elif is_over:
        begins = f"expired {at}, still here"
        full, short = ": clean-up may move it to the trash", ": clean-up"
    else:
        begins = f"expires {at}"
        full, short = "; clean-up may move it to the trash", ", then clean-up"
    text = f" {begins}{full}"
    if cell_width(text) > width:
        text = f" {begins}{short}"
    return clipped((Cell(cut(text, width), "muted"),), width)


_HORIZONS = (("24h", timedelta(days=1)), ("7d", timedelta(days=7)), ("30d", timedelta(days=30)))
_WITH_BARS = 42


def horizon_line(ending: Sequence[Session], now: datetime, width: int, more: str = "") -> Line:
    """Return how many sessions end in the next day, week and month, of those `ordered`.

    `more` follows each number.
    """

    def ends(one: Session) -> datetime:
        return one.ends_at or _FAR

    past = bisect_left(ending, 1, key=lambda one: ends(one) <= now)
    counts = [
        (name, bisect_left(ending, now + span, hi=past, key=ends)) for name, span in _HORIZONS
    ]
    most = max(1, counts[-1][1])
    numbers = sum(len(f"{name}  {count}{more}") for name, count in counts)
    room = (width - numbers - 1 - 2 * len(counts)) // len(counts) if width >= _WITH_BARS else 0
    cells = [Cell(" ")]
    for (name, count), style in zip(counts, ("urgent", "noticed", "calm"), strict=True):
        full = -(-room * count // most)
        gauge = _gauge(full, room) + " " if room > 0 else ""
        cells.append(Cell(f"{name} {gauge}{count}{more}  ", style if count else "muted"))
    return clipped(tuple(cells), width)


def bar(session: Session, now: datetime) -> str:
    """Return the remaining life as a bar of ten cells; empty when its start is unknown."""
    if session.ends_at is None or session.created_at is None:
        return ""
    whole = session.ends_at - session.created_at
    left = max(session.ends_at - now, now - now)
    full = min(_BAR, round(_BAR * (left / whole))) if whole > now - now else 0
    return _gauge(full, _BAR)


def _gauge(full: int, room: int) -> str:
    return signs.LEFT.sign * full + signs.OVER.sign * (room - full)


def pending_line(
    waiting: Sequence[Session], width: int, more: str = "", expired: int | None = None
) -> Line:
    """Return how much a clean-up takes, leftovers included; `more` follows the number.

    Also how many are `expired`, where those are not the same.
    """
    bytes_ = size_text(sum(one.bytes for one in waiting))
    style = "noticed" if waiting else "muted"
    number = f"{len(waiting)}{more}"
    full, short = f" {number} expired, awaiting clean-up", f" {number} to clean up"
    if expired not in (None, len(waiting)):
        full = f"{short}, of {expired}{more} expired"
    text = full if cell_width(full) + cell_width(bytes_) < width else short
    return clipped((Cell(fit(text, width - len(bytes_) - 1), style), Cell(bytes_, "muted")), width)
