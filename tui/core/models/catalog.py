"""A root at one moment: its listings, runs, hold and logbook."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from tui.core.errors import Reason
from tui.core.models.audit import AuditEvent
from tui.core.models.run import Run
from tui.core.models.session import Key, Session
from tui.core.values import KW_ONLY, dataclass, field


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold on a root: no new runs, no clean-up.

    With `is_unreadable` the file could not be read: who set it is unknown, and perhaps when.
    """

    by: str
    at: datetime | None
    reason: str = ""
    is_unreadable: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """One client's folder, with its sessions.

    `zone` is the time zone its naive times were read in; `zone_doubts` are the offsets by which
    its transcripts disagree. Without `has_rows` the table could not be read; with `is_cut` there
    may be more sessions than were found: `problem` says why, and `trouble` is that reason.
    With `is_vanished` the folder is gone, and this is how it was last seen.
    """

    listing_id: str
    path: Path
    _: KW_ONLY
    sessions: tuple[Session, ...] = ()
    problem: str = ""
    zone: str = "UTC"
    is_stale: bool = False
    has_rows: bool = True
    is_vanished: bool = False
    zone_doubts: tuple[timedelta, ...] = ()
    is_cut: bool = False
    trouble: Reason = Reason.NONE

    @property
    def is_whole(self) -> bool:
        """Whether all its sessions are known: one that is not in here does not exist."""
        return self.has_rows and not (self.is_stale or self.is_cut)

    @property
    def bytes(self) -> int:
        """The size of all its sessions."""
        return sum(session.bytes for session in self.sessions)


@dataclass(frozen=True, slots=True)
class Catalog:
    """A root at one moment; `log` is the end of its logbook, oldest first.

    `erasure` is its erasure generation, and all else was read after that; empty if unknown, or
    while something was not read since. `hosts` has a word on each other host of its fleet, empty
    if that is as it should be; `unheard` says why what these have may be out of date or missing.
    `silent` are the hosts that do not report, perhaps with this one, which is not in `hosts`. Of
    `kept` sessions the fleet has more than this host, which ships nothing of them.
    """

    root: Path
    at: datetime
    _: KW_ONLY
    listings: tuple[Listing, ...] = ()
    problem: str = ""
    free_bytes: int | None = None
    runs: tuple[Run, ...] = field(default=())
    hold: Hold | None = None
    log: tuple[AuditEvent, ...] = ()
    erasure: str = ""
    hosts: Mapping[str, str] = field(default_factory=dict)
    unheard: str = ""
    silent: frozenset[str] = frozenset()
    kept: tuple[Key, ...] = ()

    @property
    def sessions(self) -> tuple[Session, ...]:
        """The sessions of all listings, in the listings' order."""
        return tuple(session for listing in self.listings for session in listing.sessions)

    @property
    def is_read(self) -> bool:
        """Whether anything could be read, so that what it counts is known."""
        return bool(self.listings) or not self.problem

    @property
    def is_fresh(self) -> bool:
        """Whether nothing in it is only what was last known."""
        return not self.problem and not any(
            one.is_stale or not one.has_rows or one.trouble is Reason.UNREAD
            for one in self.listings
        )

    def is_here(self, listing: Listing) -> bool:
        """Whether a listing has a folder in this root, and not on other hosts alone."""
        return listing.path.parent == self.root

    def listing(self, listing_id: str) -> Listing | None:
        """Return the listing with this id or folder name, or `None`."""
        named = (one for one in self.listings if listing_id in (one.listing_id, one.path.name))
        return next(named, None)

    def session(self, key: Key) -> Session | None:
        """Return the session with this key, or `None`."""
        listing = self.listing(key[0])
        if listing is None:
            return None
        return next((one for one in listing.sessions if one.session_id == key[1]), None)
