"""Tells the fleet of the sessions that live on this host: those that are new, changed or gone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tui.claude.session_id import is_session_id
from tui.core.models.catalog import Catalog, Listing
from tui.core.models.row import Status
from tui.core.models.session import Key, Session
from tui.fleet.shown_session import MOST_SHOWN, encode
from tui.fleet.store import sessions, shown
from tui.fleet.store.connection import NotHome, Store
from tui.fleet.store.sessions import Residence
from tui.fleet.store.shown import Horizon
from tui.storage.trash.trash import read_trash

_AT_ONCE = 200


class Publisher:
    """Publishes one catalog after the other; only what differs from the last is told.

    `homes` are the sessions that live here, as far as the last call knew.
    """

    def __init__(self, store: Store, host: str) -> None:
        self._store, self._host = store, host
        self._homes: dict[Key, Residence] | None = None
        self._horizon: Horizon | None = None
        self._listings: dict[str, Listing] = {}
        self._told: dict[Key, str] = {}
        self._away: set[Key] = set()

    @property
    def homes(self) -> Mapping[Key, Residence]:
        """The sessions that live here, each with its fence."""
        return self._homes or {}

    @property
    def away(self) -> frozenset[Key]:
        """The sessions that lived here, and live elsewhere now."""
        return frozenset(self._away)

    def learn(self) -> frozenset[Key]:
        """Learn which sessions live here; return those that lived here, and do not any more."""
        before = self._homes
        with self._store.transaction() as tx:
            rows, horizon = shown.look(tx, self._horizon if before is not None else None)
            is_touched = before is None or any(self._is_news(one, before) for one in rows)
            homes = sessions.homes(tx, self._host) if is_touched else before
        self._horizon, self._homes = horizon, homes
        lost = frozenset(before or ()) - frozenset(homes or ())
        for one in rows:
            key = (one.listing, one.session_id)
            is_mine = key in (before or ()) or one.came_from == self._host
            if one.host == self._host or one.is_gone or not is_mine:
                self._away.discard(key)
            else:
                self._away.add(key)
        gone = {(one.listing, one.session_id) for one in rows if one.is_gone}
        self._forget(lost)
        return lost - gone

    def _is_news(self, row: shown.ShownRow, known: Mapping[Key, Residence]) -> bool:
        key = (row.listing, row.session_id)
        is_here = row.host == self._host and not row.is_gone
        return is_here != (key in known)

    def publish(self, catalog: Catalog, elsewhere: frozenset[Key] = frozenset()) -> int:
        """Tell what changed since the last catalog, and return of how many sessions.

        Those `elsewhere` are left out: only their leavings are here. Raises `FleetAway`.
        """
        if self._homes is None:
            self.learn()
        found = {one.key: one for one in self._changed(catalog) if one.key not in elsewhere}
        self._add(
            key for key, one in found.items() if key not in self.homes and not has_no_file(one)
        )
        texts = {key: encode(one) for key, one in found.items() if key in self.homes}
        due = {
            key: text
            for key, text in texts.items()
            if self._told.get(key) != text and len(text) <= MOST_SHOWN
        }
        self._tell(due)
        self._bury(catalog)
        self._listings = {one.listing_id: one for one in catalog.listings}
        return len(due)

    def is_coming(self, key: Key) -> bool:
        """Whether a session was told of by another host, and has not been fetched yet."""
        with self._store.transaction() as tx:
            return shown.told(tx, key) != "{}"

    def forget(self, key: Key) -> None:
        """Forget what was told of a session, whose home changed."""
        self._forget((key,))
        if self._homes is not None:
            self._homes.pop(key, None)

    def _forget(self, keys: Iterable[Key]) -> None:
        for key in keys:
            self._told.pop(key, None)
            self._listings.pop(key[0], None)

    def _changed(self, catalog: Catalog) -> Iterator[Session]:
        for listing in catalog.listings:
            if self._listings.get(listing.listing_id) is not listing and not listing.is_stale:
                yield from filter(may_be_told, listing.sessions)

    def _add(self, keys: Iterable[Key]) -> None:
        if not (new := sorted(keys)):
            return
        with self._store.transaction() as tx:
            sessions.join(tx, new, self._host)
            self._homes = sessions.homes(tx, self._host)

    def _tell(self, due: Mapping[Key, str]) -> None:
        told = sorted(due.items())
        for first in range(0, len(told), _AT_ONCE):
            batch = told[first : first + _AT_ONCE]
            given = [(key, self.homes[key].fence, text) for key, text in batch]
            with self._store.transaction() as tx:
                strange = shown.publish_many(tx, self._host, given)
            self._told |= {key: text for key, text in batch if key not in strange}

    def _bury(self, catalog: Catalog) -> None:
        """Erase what was purged here: neither its listing nor the trash has a file of it."""
        whole = {
            one.listing_id: {one.session_id for one in one.sessions if not has_no_file(one)}
            for one in catalog.listings
            if one.is_whole and not one.is_vanished and self._is_new(one)
        }
        gone = [
            key
            for key, home in self.homes.items()
            if home.is_fetched and key[0] in whole and key[1] not in whole[key[0]]
        ]
        if not gone:
            return
        paths = [one.path for one in catalog.listings if one.listing_id in whole]
        trashed, unread = read_trash(catalog.root, paths)
        kept = {(one.listing, one.session_id) for one in trashed}
        for key in gone if not unread else ():
            if key in kept:
                continue
            try:
                with self._store.transaction() as tx:
                    sessions.hold(tx, key, self.homes[key])
                    sessions.bury(tx, key)
            except NotHome:
                continue
            self.forget(key)

    def _is_new(self, listing: Listing) -> bool:
        return self._listings.get(listing.listing_id) is not listing


def has_no_file(session: Session) -> bool:
    """Whether nothing but a row is left of a session that was deleted."""
    return (
        session.status == Status.DELETED
        and session.transcript is None
        and session.remains is None
        and not session.transcript_problem
    )


def may_be_told(session: Session) -> bool:
    """Whether the fleet is told of a session: one with an id of its own, inside its listing."""
    is_plain = is_session_id(session.session_id) and len(session.listing) <= 255
    stored = session.row.session_id if session.row is not None else session.session_id
    is_here = not (session.is_stray or session.is_vanished or session.host)
    return is_plain and is_here and stored == session.session_id
