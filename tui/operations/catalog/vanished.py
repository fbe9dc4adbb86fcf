"""Listings whose folder has vanished: shown until somebody acknowledges it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from tui.core.errors import ConsoleError
from tui.core.models.audit import AuditEvent
from tui.core.models.catalog import Listing
from tui.core.sessions.listing_join import vanished
from tui.core.text.safe_text import one_line
from tui.core.time.zones import LOCAL
from tui.core.values import replace
from tui.operations.catalog.root_state import listing_names
from tui.safe_io.folders import is_folder
from tui.storage.state import seen_listings
from tui.storage.state.logbook import read_logbook

_WRITE_EACH = timedelta(minutes=1)
_VANISHED = "its folder vanished"
_ACK, _PURGE = "ack", "purge"


class VanishedListings:
    """Knows the listings that used to exist; with a `state_dir`, also those of earlier consoles."""

    def __init__(self, state_dir: Path | None, root: Path) -> None:
        self._state_dir = state_dir
        self._root = root
        self._noted: tuple[Listing, ...] | None = None
        self._last: dict[str, Listing] = {}
        self._gone: dict[str, Listing] = {}
        self._is_recalled = False
        self._counts: Mapping[str, int] = {}
        self._written_at: datetime | None = None
        self._seen_at: dict[str, datetime] = {}
        self._noted_at: datetime | None = None
        self._log: tuple[AuditEvent, ...] = ()

    def note(
        self, listings: tuple[Listing, ...], now: datetime, log: tuple[AuditEvent, ...] = ()
    ) -> None:
        """Take in all listings that exist now, and the root's logbook."""
        if listings is not self._noted:
            self._note(listings, now)
        self._noted_at = now
        if log is not self._log:
            self._log = log
            self._drop_acked(log)
            self._drop_erased(log)

    def _note(self, listings: tuple[Listing, ...], now: datetime) -> None:
        self._noted = listings
        present = {one.path.name: one for one in listings}
        gone = self._recalled()
        for name in self._last.keys() - present.keys():
            gone[name] = vanished(self._last[name], f"{_VANISHED}: the last known state")
            self._seen_at[name] = self._noted_at or now
        for name in gone.keys() & present.keys():
            del gone[name]
        self._last = present
        self._write(now)

    def listings(self, only: str | None) -> tuple[Listing, ...]:
        """Return the vanished listings, or only the one that `only` names."""
        return tuple(one for name, one in self._recalled().items() if only in (None, name))

    def forget(self, listing_id: str) -> str:
        """Forget a vanished listing, by its shown or its folder name; return the shown name.

        Returns an empty string if no vanished listing has that name. Raises `ConsoleError` when the
        state file cannot be read or written.
        """
        for name, one in self._recalled().items():
            if listing_id in (name, one.listing_id):
                try:
                    self._drop(name)
                except OSError as error:
                    said = f"{one.listing_id} cannot be removed now: {error.strerror}"
                    raise ConsoleError(said) from error
                return one.listing_id
        return ""

    def _drop(self, name: str) -> None:
        if self._state_dir is not None:
            seen_listings.forget(self._state_dir, self._root, name)
        del self._recalled()[name]

    def _drop_acked(self, log: Iterable[AuditEvent]) -> None:
        """Forget the listings that somebody acknowledged after they were last seen here."""
        gone = self._recalled()
        acks = {one.listing: one.at for one in log if _is_ack(one)} if gone else {}
        for name, one in tuple(gone.items()):
            at = acks.get(one.listing_id)
            if at is not None and at > self._seen_at[name]:
                with suppress(OSError, ConsoleError):  # retried at the next look
                    self._drop(name)

    def _drop_erased(self, log: Iterable[AuditEvent]) -> None:
        """Forget sessions that were purged, whose titles would still be shown."""
        erased = {(one.listing, one.session_id) for one in log if one.action == _PURGE}
        for name, one in self._recalled().items() if erased else ():
            left = tuple(session for session in one.sessions if session.key not in erased)
            if len(left) < len(one.sessions):
                self._recalled()[name] = replace(one, sessions=left)

    def _recalled(self) -> dict[str, Listing]:
        """Return the vanished listings, the first time with those that an earlier console knew."""
        if not self._is_recalled:
            try:
                found = (
                    seen_listings.read_known(self._state_dir, self._root) if self._state_dir else {}
                )
            except OSError:  # read again at the next look
                return self._gone
            self._is_recalled = True
            there = _names(self._root) if found else set()
            gone = {
                name: _recalled(self._root / name, one)
                for name, one in found.items()
                if not (name in there or is_folder(self._root / name, unknown=True))
            }
            self._seen_at = {name: found[name].at for name in gone} | self._seen_at
            self._counts = {name: one.sessions for name, one in found.items() if name not in gone}
            self._gone = gone | self._gone
            if gone:
                with suppress(OSError):  # acknowledged listings are dropped at a later look
                    self._drop_acked(read_logbook(self._root))
        return self._gone

    def _write(self, now: datetime) -> None:
        """Save the listings when one comes or goes, and session counts at most each minute."""
        if self._state_dir is None:
            return
        counts = {name: len(one.sessions) for name, one in self._last.items()}
        is_new = counts.keys() != self._counts.keys()
        is_due = self._written_at is None or not now - self._written_at < _WRITE_EACH
        if is_new or (is_due and counts != self._counts):
            with suppress(OSError, ConsoleError):  # saved at the next look
                seen_listings.remember(self._state_dir, self._root, counts, now)
                self._counts, self._written_at = counts, now


def ack_event(listing_id: str, operator: str, now: datetime) -> AuditEvent:
    """Return the logbook entry that tells all consoles that a vanished listing was acknowledged."""
    return AuditEvent(at=now, operator=operator, action=_ACK, listing=listing_id, note="vanished")


def _names(root: Path) -> set[str]:
    """Return the names of the folders that are there, touching none: one may hang."""
    with suppress(OSError):
        return {*listing_names(root)}
    return set()


def _is_ack(event: AuditEvent) -> bool:
    return event.action == _ACK and not event.session_id


def _recalled(folder: Path, one: seen_listings.SeenListing) -> Listing:
    sessions = "1 session" if one.sessions == 1 else f"{one.sessions} sessions"
    words = f"{_VANISHED}: {sessions} when last seen, {one.at.astimezone(LOCAL):%Y-%m-%d %H:%M}"
    return Listing(
        one_line(folder.name), folder, sessions=(), problem=words, is_vanished=True, is_stale=True
    )
