"""A root at one moment: its listings, runs, hold and logbook."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from tui.core.models.audit import AuditEvent
from tui.core.models.run import Run
from tui.core.models.session import Key, Session
from tui.core.problem_reasons import ProblemReason


@dataclass(frozen=True, slots=True)
class Hold:
    """That somebody stopped new runs and our clean-up in a root, or may have.

    `is_unread` when that could not be read: nobody knows who holds it, nor `at` at times.
    """

    by: str
    at: datetime | None
    reason: str = ""
    is_unread: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """One client's folder: its sessions, and why its database could not be read, if so.

    `zone` names the time zone its naive times were read in, and `zone_doubts` by how much some
    transcripts say that this is wrong. Without `has_rows` its table could not
    be read at all, and `problem` says why. `is_cut`: it may have more sessions than were found,
    as `problem` says; `trouble` is that problem for code. `is_vanished`: its folder is gone, this
    is the last that was known of it.
    """

    listing_id: str
    path: Path
    sessions: tuple[Session, ...] = ()
    problem: str = ""
    zone: str = "UTC"
    is_stale: bool = False
    has_rows: bool = True
    is_vanished: bool = False
    zone_doubts: tuple[timedelta, ...] = ()
    is_cut: bool = False
    trouble: ProblemReason = ProblemReason.NONE

    @property
    def is_whole(self) -> bool:
        """Whether a session that is not in here is not there."""
        return self.has_rows and not (self.is_stale or self.is_cut)

    @property
    def bytes(self) -> int:
        """The size of all its transcripts."""
        return sum(session.bytes for session in self.sessions)


@dataclass(frozen=True, slots=True)
class Catalog:
    """Everything at one moment; `log` is the end of the root's logbook, oldest first."""

    root: Path
    at: datetime
    listings: tuple[Listing, ...] = ()
    problem: str = ""
    free_bytes: int | None = None
    runs: tuple[Run, ...] = field(default=())
    hold: Hold | None = None
    log: tuple[AuditEvent, ...] = ()

    @property
    def sessions(self) -> tuple[Session, ...]:
        """The sessions of all listings, in the listings' order."""
        return tuple(session for listing in self.listings for session in listing.sessions)

    def listing(self, listing_id: str) -> Listing | None:
        """Return the listing of that name, as shown or as its folder is called, or `None`."""
        named = (one for one in self.listings if listing_id in (one.listing_id, one.path.name))
        return next(named, None)

    def session(self, key: Key) -> Session | None:
        """Return the session of that `(listing, id)`, or `None`."""
        listing = self.listing(key[0])
        if listing is None:
            return None
        return next((one for one in listing.sessions if one.session_id == key[1]), None)
