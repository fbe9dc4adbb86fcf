"""What the next operator must know: what was done, what failed, what waits, ends next, and cost."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from tui.core.act_summary import Source, source_of
from tui.core.models.audit import AuditEvent
from tui.core.models.catalog import Catalog
from tui.core.models.session import Key, Liveness, Session
from tui.core.sessions.attention import (
    FailureGroup,
    Need,
    by_cause,
    failed_at,
    is_settled,
    is_snoozed,
    is_tried,
    needs_of,
    snoozed_until,
)
from tui.core.sessions.listing_join import is_gone
from tui.core.text.safe_text import one_line
from tui.core.values import dataclass
from tui.operations.catalog.fleet_health import fleet_unread, is_unsure
from tui.operations.context import Context
from tui.operations.formatting import moment
from tui.operations.listing_health import is_whole
from tui.operations.monitor.history import LoggedAct, grouped_acts, next_end
from tui.operations.monitor.needs import Alert, ends, needs, needs_of_trash
from tui.operations.running.hold import hold_words

MOST_ACTS = 2_000
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_OF_THEIR_OWN = ("waiting", "failed", "ends")
_MOVED, _GONE, _HOLDS = ("delete", "clean-up"), ("purge",), ("hold", "lift")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What the turns of one listing cost since then, or of all when `listing` is empty.

    `turns` are those of the audit, `unknown` of them have no known cost. `elsewhere` are sessions
    that were written to without a turn in the audit, as by a pipeline; `elsewhere_usd` is what they
    cost in their whole lives, or `None`.
    """

    listing: str
    turns: int
    cost_usd: float
    unknown: int
    elsewhere: int
    elsewhere_usd: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """A root or a listing since a moment, for whoever takes over.

    `acts` are the oldest first; `failures` are those not acknowledged, or new since then;
    `recovered` the last failure of each session that neither has failed since nor is being tried
    again. `ends` is what ends `within` that time from now, `expired` what ended since then and is
    still there; both by time. `snoozed` comes back by itself; `noted` has a note or tags, the
    latest written first. `unread` is what could not be read: there may be more of everything,
    in `unread_listings` of the listings.
    """

    at: datetime
    since: datetime
    within: timedelta
    listing: str
    sessions: tuple[Session, ...]
    acts: tuple[LoggedAct, ...]
    failures: tuple[FailureGroup, ...]
    recovered: tuple[AuditEvent, ...]
    waits: tuple[Alert, ...]
    attention: tuple[Alert, ...]
    snoozed: tuple[Alert, ...]
    ends: tuple[Alert, ...]
    expired: tuple[Session, ...]
    noted: tuple[Session, ...]
    next_end: Session | None
    spending: tuple[Spending, ...]
    unread: tuple[str, ...]
    unread_listings: frozenset[str]

    @property
    def deeds(self) -> tuple[LoggedAct, ...]:
        """What operators did: no turn that ended, no request that nobody was asked about."""
        return tuple(one for one in self.acts if source_of(one.first) is Source.OPERATOR)

    @property
    def covered(self) -> tuple[AuditEvent, ...]:
        """The requests that an earlier answer covered, so that nobody was asked."""
        events = (event for act in self.acts for event in act.events)
        return tuple(event for event in events if source_of(event) is Source.ALWAYS)


def hand_over(
    context: Context, catalog: Catalog, since: datetime, ends_within: timedelta, listing: str = ""
) -> HandOver:
    """Return the hand-over of a catalog, which holds all listings or only the one that is named."""
    now, unread = context.clock(), dict[str, None]()
    unread |= dict.fromkeys((*fleet_unread(catalog), *_unread(catalog)))
    folder = next((one.path.name for one in catalog.listings if listing), "")
    acts = _acts(context, folder, since, unread)
    alerts = (
        *needs_of_trash(catalog),
        *needs(catalog, now, context.settings.quiet_after),
    )
    tried = {one.key for one in catalog.sessions if is_tried(one)}
    failed = [one for one in catalog.sessions if _is_told(context, one, now, since)]
    return HandOver(
        at=now,
        since=since,
        within=ends_within,
        listing=listing,
        sessions=catalog.sessions,
        acts=acts,
        failures=by_cause(failed),
        recovered=_recovered(acts, {one.key for one in failed} | tried),
        waits=(*_of(alerts, "waiting"), *_queued(catalog.sessions), *_hold(catalog)),
        attention=tuple(one for one in alerts if one.what not in _OF_THEIR_OWN),
        snoozed=tuple(_snoozed(catalog.sessions, now, context.settings.quiet_after)),
        ends=ends(catalog.sessions, now, ends_within),
        expired=_expired(catalog.sessions, now, since),
        noted=_noted(catalog.sessions),
        next_end=next_end(catalog.sessions, now),
        spending=_spending(catalog, acts, since),
        unread=tuple(unread),
        unread_listings=frozenset(_unsure(catalog)),
    )


def _unread(catalog: Catalog) -> Iterator[str]:
    """Yield which listings could not be read; those elsewhere while the fleet is heard."""
    for one in catalog.listings:
        if not is_whole(one) and (catalog.is_here(one) or not catalog.unheard):
            yield f"{one.listing_id}: {one_line(one.problem)}"


def _unsure(catalog: Catalog) -> Iterator[str]:
    return (
        one.listing_id for one in catalog.listings if not is_whole(one) or is_unsure(catalog, one)
    )


def _acts(
    context: Context, folder: str, since: datetime, unread: dict[str, None]
) -> tuple[LoggedAct, ...]:
    """Return what was done, oldest first; `unread` gets what is not in there."""
    found = grouped_acts(
        context,
        listing=folder,
        limit=MOST_ACTS + 1,
        since=since,
        is_whole=True,
        report=lambda words: unread.setdefault(words),
    )
    if len(found) > MOST_ACTS:
        unread[f"only the last {MOST_ACTS} actions are in here"] = None
    return tuple(reversed(found[:MOST_ACTS]))


def act_command(event: AuditEvent, sessions: int) -> tuple[str, ...]:
    """Return the words of the verb that goes on after an act on this many sessions."""
    address = f"{event.listing}/{event.session_id}"
    if event.action in _MOVED:
        return ("restore", address) if sessions == 1 else ("trash",)
    if event.action in _HOLDS:
        return ("hold",)
    if sessions > 1 or not event.session_id:
        return ("log", "--all")
    return ("log" if event.action in _GONE else "show", address)


def _of(alerts: Iterable[Alert], what: str) -> tuple[Alert, ...]:
    return tuple(one for one in alerts if one.what == what)


def _is_told(context: Context, session: Session, now: datetime, since: datetime) -> bool:
    """Whether a session has failed, and nobody acknowledged that for good, or it is new."""
    if Need.FAILED not in needs_of(session, now, context.settings.quiet_after):
        return False
    at = failed_at(session)
    is_done = is_settled(session, Need.FAILED, now) and not is_snoozed(session)
    return not is_done or (at is not None and at >= since)


def _recovered(acts: Sequence[LoggedAct], open_keys: Collection[Key]) -> tuple[AuditEvent, ...]:
    events = [event for act in acts for event in act.events if event.action == "fail"]
    last = {(one.listing, one.session_id): one for one in sorted(events, key=lambda one: one.at)}
    return tuple(one for key, one in last.items() if key not in open_keys)


def _queued(sessions: Iterable[Session]) -> Iterator[Alert]:
    for one in sessions:
        if one.liveness is Liveness.QUEUED and one.run is not None:
            words = f"queued: {one_line(one.run.queued_for)}"
            yield Alert(
                "note",
                "queued",
                words=words,
                mark="",
                listing=one.listing,
                session_id=one.session_id,
                command=("show", one.address),
            )


def _snoozed(sessions: Iterable[Session], now: datetime, quiet_after: timedelta) -> Iterator[Alert]:
    """Yield what was put off: it needs attention again when nobody of this shift is there."""
    for one in sessions:
        until = snoozed_until(one, now, quiet_after)
        if until is not None and one.ack is not None:
            yield Alert(
                "note",
                "snoozed",
                words=f"snoozed by {one_line(one.ack.by)} until {moment(until)}",
                mark="",
                listing=one.listing,
                session_id=one.session_id,
                command=("snooze", one.address, "off"),
            )


def _expired(sessions: Iterable[Session], now: datetime, since: datetime) -> tuple[Session, ...]:
    """Return what has ended since then by its expiry or the sweep, and has something left."""
    ended = [
        (one.ends_at, one.key, one)
        for one in sessions
        if one.ends_at is not None and since <= one.ends_at <= now and not is_gone(one)
    ]
    return tuple(one for *_, one in sorted(ended, key=lambda one: one[:2]))


def _noted(sessions: Iterable[Session]) -> tuple[Session, ...]:
    known = [one for one in sessions if one.note or one.tags]
    return tuple(sorted(known, key=noted_at, reverse=True))


def noted_at(session: Session) -> datetime:
    """Return when its note or the last of its tags was written; long ago for the CLI's own tag."""
    note, tags = session.annotation.note, session.annotation.tags
    moments = [one.at for one in (*tags, *((note,) if note else ()))]
    return max(moments, default=_LONG_AGO)


def _hold(catalog: Catalog) -> Iterator[Alert]:
    if catalog.hold is not None and not catalog.hold.is_unreadable:
        words = one_line(hold_words(catalog.hold))
        yield Alert("note", "hold", words=words, mark="", command=("hold", "off"))


def _spending(catalog: Catalog, acts: Sequence[LoggedAct], since: datetime) -> tuple[Spending, ...]:
    """Return the costs of each listing that has any, and last of all of them."""
    turns = [event for act in acts for event in act.events if source_of(event) is Source.TURN]
    known = {(event.listing, event.session_id) for event in turns}
    written = [
        one
        for one in catalog.sessions
        if one.last_activity_at is not None
        and one.last_activity_at >= since
        and (one.listing, one.session_id) not in known
    ]
    names = sorted({one.listing for one in turns} | {one.listing for one in written})
    listings = (
        _spent(
            name,
            [one for one in turns if one.listing == name],
            [one for one in written if one.listing == name],
        )
        for name in names
    )
    return (*listings, _spent("", turns, written))


def _spent(listing: str, turns: Sequence[AuditEvent], written: Sequence[Session]) -> Spending:
    known = [one.cost_usd for one in turns if one.cost_usd is not None]
    totals = [one.cost_usd for one in written if one.cost_usd is not None]
    return Spending(
        listing=listing,
        turns=len(turns),
        cost_usd=round(sum(known), 9),
        unknown=len(turns) - len(known),
        elsewhere=len(written),
        elsewhere_usd=round(sum(totals), 9) if totals else None,
    )
