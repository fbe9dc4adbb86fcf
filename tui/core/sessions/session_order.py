"""The orders of Sessions: by attention, or by the values of a column, in either direction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from tui.core.errors import UsageError
from tui.core.models.session import Key, Session
from tui.core.sessions.attention import Need, last_sign, urgency
from tui.core.sessions.operators import owner_of
from tui.core.sessions.rows.finished import FINISHED
from tui.core.text.near_names import meant
from tui.core.text.safe_text import one_line
from tui.core.values import dataclass

ATTENTION = "attention"
DIRECTIONS = ("asc", "desc")
_FAR = datetime.max.replace(tzinfo=UTC)
_LONG_AGO = datetime.fromtimestamp(0, UTC)
Attention = Callable[[Session], int | None]


@dataclass(frozen=True, slots=True)
class Order:
    """What a column is sorted by, `None` where that is unknown, and its usual direction."""

    value: Callable[[Session, datetime], Any]
    is_descending: bool = False


def _began(session: Session, now: datetime) -> datetime | None:
    transcript = session.transcript
    return session.created_at or (transcript.first_at if transcript is not None else None)


def _context(session: Session, now: datetime) -> int | None:
    return (session.transcript.context or None) if session.transcript is not None else None


# By the names of the columns. In the usual direction, what matters most is on top.
ORDERS: Mapping[str, Order] = {
    "ends": Order(lambda one, now: (one.ends_at <= now, one.ends_at) if one.ends_at else None),
    "quiet": Order(lambda one, now: now - last if (last := last_sign(one)) else None),
    "size": Order(lambda one, _: one.bytes or None, is_descending=True),
    "cost": Order(lambda one, _: one.cost_usd, is_descending=True),
    "listing": Order(lambda one, _: (one.listing, one.stage)),
    "stage": Order(lambda one, _: one.stage or None),
    "title": Order(lambda one, _: one.title.casefold() or None),
    "id": Order(lambda one, _: one.session_id),
    "model": Order(lambda one, _: one.model or None),
    "owner": Order(lambda one, _: owner_of(one) or None),
    "context": Order(_context, is_descending=True),
    "created": Order(_began, is_descending=True),
    "tags": Order(lambda one, _: one.tags or None),
    "note": Order(lambda one, _: one.note.casefold() or None),
    "host": Order(lambda one, _: one.host or None),
    "expires": Order(lambda one, _: one.expires_at),
    "swept": Order(lambda one, _: one.sweep_at),
}
SORTS = (ATTENTION, *ORDERS)
CYCLE = (ATTENTION, "ends", "quiet", "size", "cost", "listing")


def column_order(column: str) -> str:
    """Return the order that belongs to a column: that of the states is by attention."""
    return ATTENTION if column == "state" else column


def is_descending(sort: str, is_reversed: bool) -> bool:
    """Whether the largest value is on top; by attention there are no values."""
    return sort in ORDERS and ORDERS[sort].is_descending != is_reversed


def order_words(sort: str, is_reversed: bool) -> str:
    """Return an order as `ls --sort` takes it: with its direction where that is not the usual."""
    direction = "desc" if is_descending(sort, is_reversed) else "asc"
    return f"{sort}:{direction}" if is_reversed and sort in ORDERS else sort


def parse_order(typed: Sequence[str]) -> tuple[str, bool]:
    """Return the order that `COLUMN [asc|desc]` means, and whether it is against the usual one.

    Raises `UsageError` for another column or direction.
    """
    named, *rest = [one.lower() for one in typed] or [""]
    name = column_order(named)
    if name not in SORTS:
        hint = meant(name, SORTS, f"use {', '.join(SORTS)}")
        raise UsageError(f"no order is called {one_line(name)[:40]!r}: {hint}")
    if not rest:
        return name, False
    if len(rest) > 1 or rest[0] not in DIRECTIONS:
        raise UsageError(f"{one_line(' '.join(rest))[:40]!r} is no direction: asc or desc")
    if name == ATTENTION:
        raise UsageError("the order by attention has one direction")
    return name, ORDERS[name].is_descending != (rest == ["desc"])


def ordered(
    sessions: Iterable[Session],
    sort: str,
    now: datetime,
    attention: Attention,
    *,
    is_reversed: bool = False,
) -> tuple[Session, ...]:
    """Return the sessions in the order called `sort`; unknown values come last either way.

    By attention: first what needs attention, as `attention` ranks it, the longest first, then what
    has `FINISHED` unseen, the latest first, then what is running, then the rest. What has ended
    comes last.
    """
    if sort not in ORDERS:
        return tuple(sorted(sessions, key=lambda one: _rank(one, now, attention)))
    value = ORDERS[sort].value
    every = sorted(sessions, key=lambda one: one.key)
    valued = [(found, one) for one in every if (found := value(one, now)) is not None]
    valued.sort(key=lambda pair: pair[0], reverse=is_descending(sort, is_reversed))
    unknown = (one for one in every if value(one, now) is None)
    return (*(one for _, one in valued), *unknown)


def _rank(one: Session, now: datetime, attention: Attention) -> tuple[int, bool, bool, Any, Key]:
    need, ends = attention(one), one.ends_at or _FAR
    if isinstance(need, Need):
        kind, moment, key = urgency(one, need)
        return (kind, False, False, moment, key)
    if need == FINISHED:
        last = one.last_activity_at or _LONG_AGO
        return (need, False, False, -last.timestamp(), one.key)
    return (99 if need is None else need, not one.is_live, ends <= now, ends, one.key)
