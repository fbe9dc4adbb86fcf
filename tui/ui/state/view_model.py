"""A catalog arranged for the panes, in the polling thread, so that the screen stays responsive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo

from tui.core.models.catalog import Catalog
from tui.core.models.session import Key, Session
from tui.core.sessions.attention import FailureGroup, Need, ends_soon, needing
from tui.core.sessions.listing_join import is_pending
from tui.ui.state.list_query import ListQuery
from tui.view.panes import expiry, listings, session_layout, top_line

_LASTS = timedelta(seconds=5)
_LASTS_A_SESSION = timedelta(milliseconds=6)
_KEEPS = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewModel:
    """What the panes show of a catalog; between catalogs only the clock changes it.

    `needs` are the sessions that need attention, `ends_soon` those of them that end within the
    hour, `gone` the listings whose folder is gone.
    """

    catalog: Catalog
    query: ListQuery
    at: datetime
    needs: Mapping[Key, Need]
    ends_soon: Mapping[Key, Need]
    shown: tuple[Session | FailureGroup, ...]
    groups: tuple[listings.ListingGroup, ...]
    ending: tuple[Session, ...]
    pending: tuple[Session, ...]
    facts: top_line.Facts
    gone: frozenset[str]
    shape: session_layout.ListShape


def arranged(catalog: Catalog, query: ListQuery, now: datetime, zone: tzinfo) -> ViewModel:
    """Return the catalog as the query orders it."""
    gone = frozenset(one.listing_id for one in catalog.listings if one.is_vanished)
    there = [one for one in catalog.sessions if one.listing not in gone]
    needs = needing(there, now, query.quiet_after)
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
        ends_soon={one.key: Need.ENDS for one in there if ends_soon(one, now)},
        shown=query.shown(catalog, now, needs),
        groups=listings.groups(catalog, lambda one: needs.get(one.key)),
        ending=expiry.ordered(there, now),
        pending=tuple(one for one in there if is_pending(one, now)),
        facts=top_line.facts(catalog, now, needs, zone),
        gone=gone,
        shape=shape,
    )


def _asked_anew(old: ViewModel, query: ListQuery, now: datetime) -> ViewModel:
    """Return the same catalog for another query, without what no query changes: a key waits."""
    shown = query.shown(old.catalog, now, old.needs)
    shape = replace(old.shape, has_listing=not query.listing, columns=query.columns)
    return replace(old, query=query, shown=shown, shape=shape)


def renewed(
    old: ViewModel | None, catalog: Catalog, query: ListQuery, now: datetime, zone: tzinfo
) -> ViewModel:
    """Return the old order if nothing changed, else a new one.

    The clock alone rarely makes an old order wrong: it lasts longer the more there is to sort, and
    longest while no newer catalog comes.
    """
    if old is None:
        return arranged(catalog, query, now, zone)
    is_same, is_asked = old.catalog is catalog, old.query == query
    if not timedelta() <= now - old.at < (_KEEPS if is_same else _lasts(old)):
        return arranged(catalog, query, now, zone)
    if is_same:
        return old if is_asked else _asked_anew(old, query, now)
    if not is_asked:
        return arranged(catalog, query, now, zone)
    if not _is_unchanged(old.catalog, catalog):
        return arranged(catalog, query, now, zone)
    return replace(old, catalog=catalog, facts=top_line.with_room(old.facts, catalog))


def _lasts(old: ViewModel) -> timedelta:
    return min(_KEEPS, _LASTS + _LASTS_A_SESSION * len(old.ending))


def _is_unchanged(old: Catalog, new: Catalog) -> bool:
    pairs = zip(old.listings, new.listings, strict=False)
    same_count = len(old.listings) == len(new.listings) and old.problem == new.problem
    return same_count and all(one is other for one, other in pairs)
