"""Tells the fleet of the sessions that live on this host: those that are new, changed or gone."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from tui.claude.config_dir import CONFIG_DIR, footprints
from tui.claude.session_id import is_session_id
from tui.core.errors import Refused
from tui.core.models.audit import AuditEvent
from tui.core.models.catalog import Catalog, Listing
from tui.core.models.row import Status
from tui.core.models.session import Key, Session
from tui.core.values import replace
from tui.fleet.shown_session import MOST_SHOWN, encode
from tui.fleet.store import erasures, sessions, shown
from tui.fleet.store.connection import NotHome, Store
from tui.fleet.store.sessions import Residence
from tui.fleet.store.shown import Horizon
from tui.safe_io.folders import is_folder, is_link
from tui.storage.state.logbook import ALL_OF_IT, read_logbook
from tui.storage.trash.trash import read_trash

_PURGE = "purge"
_AT_ONCE = 200


class Publisher:
    """Publishes one catalog after the other; only what differs from the last is told."""

    def __init__(self, store: Store, host: str) -> None:
        self._store, self._host = store, host
        self._homes: dict[Key, Residence] = {}
        self._coming: dict[Key, Residence] = {}
        self._horizon: Horizon | None = None
        self._listings: dict[str, Listing] = {}
        self._told: dict[Key, str] = {}
        self._away: dict[Key, Residence] = {}
        self._logged: set[Key] = set()  # whose purge is logged, and not looked into as yet
        self._last_event: AuditEvent | None = None

    @property
    def homes(self) -> Mapping[Key, Residence]:
        """The sessions that live here, each with its fence, as far as the last call knew."""
        return self._homes

    @property
    def coming(self) -> Mapping[Key, Residence]:
        """The sessions that were given to this host, whose files are not here yet.

        Whatever is here under their names is older, and is not told.
        """
        return self._coming

    @property
    def away(self) -> Mapping[Key, Residence]:
        """The sessions that ever lived here, and live elsewhere now, or were purged there."""
        return self._away

    @property
    def incarnation(self) -> str:
        """That of the database, as the last call knew it; empty before the first."""
        return self._horizon.incarnation if self._horizon is not None else ""

    def learn(self) -> frozenset[Key]:
        """Learn which sessions live here; return those that lived here, and do not any more."""
        known, since = self._homes | self._coming, self._horizon
        with self._store.transaction() as tx:
            rows, now = shown.look(tx, since, is_read=False)
            is_anew = since is None or since.incarnation != now.incarnation
            is_news = is_anew or any(self._is_news(one, known) for one in rows)
            found = sessions.homes(tx, self._host) if is_news else known
            away = sessions.lost(tx, self._host) if rows or is_anew else self._away
        self._horizon = now  # once it is sure that nothing broke off: what changed is told once
        self._note_homes(found)
        if is_anew:  # nobody knows what of this host's words has got there
            self._told.clear()
            self._listings.clear()
        self._away = away
        lost = known.keys() - self._homes.keys() - self._coming.keys()
        gone = {(one.listing, one.session_id) for one in rows if one.is_gone}
        self._forget(lost)
        return frozenset(lost - gone)

    def _is_news(self, row: shown.ShownRow, known: Mapping[Key, Residence]) -> bool:
        home = known.get((row.listing, row.session_id))
        is_here = row.host == self._host and not row.is_gone
        return (home.fence if home is not None else 0) != (row.fence if is_here else 0)

    def _note_homes(self, found: Mapping[Key, Residence]) -> None:
        self._coming = {key: one for key, one in found.items() if one.is_coming}
        self._homes = {key: one for key, one in found.items() if not one.is_coming}

    def publish(self, catalog: Catalog, elsewhere: Container[Key] = ()) -> int:
        """Tell what changed since the last catalog, and return of how many sessions.

        Those `elsewhere` are left out: only their leavings are here. Raises `FleetAway`.
        """
        if self._horizon is None:
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
        unsure = self._bury(catalog)
        self._listings = {
            one.listing_id: one for one in catalog.listings if one.listing_id not in unsure
        }
        return len(due)

    def note_arrival(self, key: Key) -> None:
        """Take a session that was coming for one that is here."""
        self._homes[key] = replace(self._coming.pop(key), is_coming=False)

    def forget(self, key: Key) -> None:
        """Forget what was told of a session, whose home changed."""
        self._forget((key,))
        self._homes.pop(key, None)
        self._coming.pop(key, None)

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
            found = sessions.homes(tx, self._host)
        self._note_homes(found)

    def _tell(self, due: Mapping[Key, str]) -> None:
        told = sorted(due.items())
        for first in range(0, len(told), _AT_ONCE):
            batch = told[first : first + _AT_ONCE]
            given = [(key, self.homes[key].fence, text) for key, text in batch]
            with self._store.transaction() as tx:
                strange = shown.publish_many(tx, self._host, given)
            told_now = {key: text for key, text in batch if key not in strange}
            self._told |= told_now
            self._homes |= {key: replace(self.homes[key], is_fetched=True) for key in told_now}

    def _bury(self, catalog: Catalog) -> frozenset[str]:
        """Erase what was purged here, and return the listings of which that is not known."""
        purged = sorted(self._purged(catalog))
        gone = _erased(catalog, purged)
        if gone is None:
            return frozenset(listing for listing, _ in purged)
        self._logged.difference_update(purged)
        for key in gone:
            try:
                with self._store.transaction() as tx:
                    sessions.hold(tx, key, self.homes[key])
                    erasures.bury(tx, key)
            except NotHome:
                continue
            self.forget(key)
        return frozenset()

    def _purged(self, catalog: Catalog) -> set[Key]:
        """Return the sessions that a purge is written of: in their rows, or in the logbook.

        That nothing is left of a session proves nothing: the CLI sweeps files, and a folder is
        empty too when its disk is not mounted.
        """
        whole = [one for one in catalog.listings if one.is_whole and not one.is_vanished]
        new = (one for one in whole if self._listings.get(one.listing_id) is not one)
        empty = {one.key for listing in new for one in listing.sessions if has_no_file(one)}
        self._read_log(catalog)
        if logged := self._logged:
            known = {one.listing_id for one in whole}
            logged -= {one.key for one in catalog.sessions if not has_no_file(one)}
            logged = {key for key in logged if key[0] in known}
        return {key for key in empty | logged if key in self.homes and self.homes[key].is_fetched}

    def _read_log(self, catalog: Catalog) -> None:
        """Note whose purge is logged: in its end, or in all of it unless that goes back far enough.

        One clean-up of the trash may purge more than its end has.
        """
        events = catalog.log
        if not self._listings or (events and self._last_event not in events):
            with suppress(OSError):
                events = read_logbook(catalog.root, ALL_OF_IT)
                self._last_event = events[-1] if events else None
        else:
            self._last_event = events[-1] if events else self._last_event
        purged = {(one.listing, one.session_id) for one in events if one.action == _PURGE}
        self._logged |= purged & self.homes.keys()


def _erased(catalog: Catalog, purged: Sequence[Key]) -> tuple[Key, ...] | None:
    """Return those of the `purged` sessions of which neither a file nor the trash has anything.

    The catalog is older than what it is compared with, and a session may be deleted or restored
    meanwhile: it is gone only if there is no file of it between two looks at the trash without it.
    `None` when not all can be read.
    """
    of = {listing: [one[1] for one in purged if one[0] == listing] for listing, _ in purged}
    if not of:
        return ()
    paths = {one.listing_id: one.path for one in catalog.listings if one.listing_id in of}
    before, unread = read_trash(catalog.root, paths.values())
    try:
        files = {
            (listing, session_id): found
            for listing, ids in of.items()
            for session_id, found in footprints(paths[listing] / CONFIG_DIR, ids).items()
        }
    except Refused:
        return None
    after, unread_later = read_trash(catalog.root, paths.values())
    folders = [one / CONFIG_DIR for one in paths.values()]
    if unread or unread_later or any(is_link(one) or not is_folder(one) for one in folders):
        return None
    kept = {(one.listing, one.session_id) for one in (*before, *after)}
    return tuple(
        key
        for key, found in files.items()
        if not found and (paths[key[0]].name, key[1]) not in kept
    )


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
