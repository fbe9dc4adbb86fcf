"""A catalog arranged for the panes, in the polling thread, so that the screen stays responsive."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo

from tui.core.models.catalog import Catalog
from tui.core.models.session import Key, Session
from tui.core.sessions.attention import Need, by_urgency, ends_soon, needing
from tui.core.sessions.cleanup_selection import cleanable, is_expired
from tui.core.sessions.rows.finished import NOTHING_UNSEEN, Row, Unseen, finished
from tui.core.values import dataclass, replace
from tui.ui.state.list_query import ListQuery
from tui.view.panes import expiry, listings, session_layout, top_line

_LASTS = timedelta(seconds=5)
_LASTS_A_SESSION = timedelta(milliseconds=6)
_KEEPS = timedelta(minutes=1)
_LASTS_MOST = timedelta(seconds=50)  # so that it is renewed by a look, in a thread, before that


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewModel:
    """What the panes show of a catalog; between catalogs only the clock changes it.

    `finished` are the sessions that finished `unseen`, `pending` what a clean-up takes, `expired`
    how many are past their expiry.
    `needs` are the sessions that need attention, `urgent` the same by urgency, `ends_soon` those
    that end within the hour, `gone` the listings whose folder is gone.
    """

    catalog: Catalog
    query: ListQuery
    at: datetime
    needs: Mapping[Key, Need]
    urgent: tuple[Key, ...]
    ends_soon: Mapping[Key, Need]
    finished: frozenset[Key]
    unseen: Unseen
    shown: tuple[Row, ...]
    groups: tuple[listings.ListingGroup, ...]
    ending: tuple[Session, ...]
    pending: tuple[Session, ...]
    expired: int
    facts: top_line.Facts
    gone: frozenset[str]
    shape: session_layout.ListShape


def arranged(
    catalog: Catalog,
    query: ListQuery,
    now: datetime,
    zone: tzinfo,
    unseen: Unseen = NOTHING_UNSEEN,
) -> ViewModel:
    """Return the catalog as the query orders it."""
    gone = frozenset(one.listing_id for one in catalog.listings if one.is_vanished)
    there = [one for one in catalog.sessions if one.listing not in gone]
    needs = needing(there, now, query.quiet_after)
    ended = finished(there, unseen, now, query.quiet_after)
    shape = session_layout.ListShape(
        0,
        has_listing=not query.listing,
        columns=query.columns,
        wants=session_layout.wants(catalog),
    )
    return ViewModel(
        catalog=catalog,
        query=query,
        at=now,
        needs=needs,
        urgent=by_urgency(there, needs),
        ends_soon={one.key: Need.ENDS for one in there if ends_soon(one, now)},
        finished=ended,
        unseen=unseen,
        shown=query.shown(catalog, now, needs, ended),
        groups=listings.groups(catalog, lambda one: needs.get(one.key)),
        ending=expiry.ordered(there, now),
        pending=cleanable(there, now),
        expired=sum(is_expired(one, now) for one in there),
        facts=top_line.facts(catalog, now, needs, zone),
        gone=gone,
        shape=shape,
    )


def _asked_anew(old: ViewModel, query: ListQuery, now: datetime) -> ViewModel:
    """Return the same catalog for another query, without what no query changes: a key waits."""
    shown = query.shown(old.catalog, now, old.needs, old.finished)
    shape = replace(old.shape, has_listing=not query.listing, columns=query.columns)
    return replace(old, query=query, shown=shown, shape=shape)


def renewed(
    old: ViewModel | None,
    catalog: Catalog,
    query: ListQuery,
    now: datetime,
    zone: tzinfo,
    *,
    unseen: Unseen = NOTHING_UNSEEN,
) -> ViewModel:
    """Return the old order if nothing changed, else a new one.

    The clock alone rarely makes an old order wrong: it lasts longer the more there is to sort, and
    longest while no newer catalog comes.
    """
    if old is None or _is_seen(old, unseen, now):
        return arranged(catalog, query, now, zone, unseen)
    if not _is_fresh(old, catalog, now):
        fresh = arranged(catalog, query, now, zone, unseen)
        is_same = _is_unchanged(old.catalog, catalog) and _looks_like(old, fresh)
        return replace(old, catalog=catalog, at=now) if is_same else fresh
    is_asked = old.query == query
    if old.unseen is not unseen:
        old = replace(old, unseen=unseen)
    if old.catalog is catalog:
        return old if is_asked else _asked_anew(old, query, now)
    if not is_asked or not _is_unchanged(old.catalog, catalog):
        return arranged(catalog, query, now, zone, unseen)
    return replace(old, catalog=catalog, facts=top_line.with_room(old.facts, catalog))


def is_same_picture(old: ViewModel, new: ViewModel) -> bool:
    """Whether a later look found nothing else to show."""
    one, other = old.catalog, new.catalog
    is_same = (one.problem, one.hold, one.log) == (other.problem, other.hold, other.log)
    return is_same and _is_unchanged(one, other) and _looks_like(old, new)


def _looks_like(old: ViewModel, new: ViewModel) -> bool:
    """Whether two models of the same listings are arranged the same."""
    return replace(new, catalog=old.catalog, at=old.at) == old


def _is_fresh(old: ViewModel, catalog: Catalog, now: datetime) -> bool:
    lasts = _KEEPS if old.catalog is catalog else _lasts(old)
    return timedelta() <= now - old.at < lasts


def _is_seen(old: ViewModel, unseen: Unseen, now: datetime) -> bool:
    """Return whether the operator has looked at what finished, or no longer looks at it."""
    if old.unseen is unseen:
        return False
    there = (one for one in old.catalog.sessions if one.listing not in old.gone)
    return finished(there, unseen, now, old.query.quiet_after) != old.finished


def _lasts(old: ViewModel) -> timedelta:
    return min(_LASTS_MOST, _LASTS + _LASTS_A_SESSION * len(old.ending))


def _is_unchanged(old: Catalog, new: Catalog) -> bool:
    fleet = (new.hosts, new.unheard, new.silent, new.kept)
    if (old.hosts, old.unheard, old.silent, old.kept) != fleet:
        return False
    if old.listings is new.listings:
        return old.problem == new.problem
    pairs = zip(old.listings, new.listings, strict=False)
    same_count = len(old.listings) == len(new.listings) and old.problem == new.problem
    return same_count and all(one is other for one, other in pairs)
