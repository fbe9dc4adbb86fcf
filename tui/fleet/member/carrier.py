"""Ships the files of this host's sessions, those that change most first."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import datetime

from tui.core.errors import ConsoleError, Reason, Refused
from tui.core.models.session import Key, Session
from tui.core.values import dataclass
from tui.fleet.shipping import Shipper, session_files
from tui.fleet.store.connection import FleetAway, FleetForbidden, NotHome, Store
from tui.fleet.store.sessions import Residence

REPLACE = "fleet join --replace"
_AGAIN_S = 30.0  # after a file could not be read

_Stamp = tuple[int, datetime, datetime | None, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """What one call shipped, what is left, and which sessions turned out to live elsewhere.

    Those `kept` were not shipped whole, since the fleet has more of them than is here.
    """

    bytes: int
    behind: int
    lost: frozenset[Key]
    kept: frozenset[Key]


class Carrier:
    """Ships what changed since it was shipped last, as long as there is time.

    When the root `is_right`, it counts also where the fleet has more of a file.
    """

    def __init__(self, store: Store, *, is_right: bool = False) -> None:
        self._store, self._is_right = store, is_right
        self._shippers: dict[Key, tuple[int, Shipper]] = {}
        self._done: dict[Key, _Stamp] = {}
        self._later: dict[Key, float] = {}
        self._incarnation = ""

    def note(self, incarnation: str) -> None:
        """Forget what was shipped to another incarnation of the database: it may be lost."""
        if incarnation != self._incarnation:
            self._done, self._incarnation = {}, incarnation
            for _, one in self._shippers.values():
                one.forget()

    def ship(
        self, found: Iterable[Session], homes: Mapping[Key, Residence], *, within_s: float
    ) -> Shipped:
        """Ship the sessions that live here; what is at work comes first. Raises `FleetAway`."""
        due = [
            (one, stamp)
            for one in found
            if (home := homes.get(one.key))
            and (stamp := _stamp(one, home))
            and self._is_due(one, stamp)
        ]
        due.sort(key=lambda one: (not one[0].is_live, one[0].bytes))
        until, shipped, lost, kept = time.monotonic() + within_s, 0, set[Key](), set[Key]()
        behind = sum(self._left(one, stamp) for one, stamp in due)
        for session, stamp in due:
            if time.monotonic() > until:
                break
            shipper = self._shipper(session.key, homes[session.key])
            try:
                shipped += shipper.ship(
                    session_files(session.transcript.path) if session.transcript else ()
                )
            except NotHome:
                lost.add(session.key)
                self.forget(session.key)
                continue
            except (FleetAway, FleetForbidden):
                raise
            except (OSError, ConsoleError):
                self._later[session.key] = time.monotonic() + _AGAIN_S
                continue
            behind -= self._left(session, stamp)
            self._done[session.key] = stamp
            if shipper.has_kept:  # all of it is compared each time
                self._later[session.key] = time.monotonic() + _AGAIN_S
                kept.add(session.key)
        return Shipped(
            bytes=shipped, behind=max(0, behind), lost=frozenset(lost), kept=frozenset(kept)
        )

    def ship_all(self, session: Session, home: Residence) -> int:
        """Compare and ship every byte of a session.

        Raises `FleetAway`, `NotHome`, `OSError`, and `Refused` when the fleet has more of it.
        """
        files = session_files(session.transcript.path) if session.transcript else ()
        shipper = self._shipper(session.key, home)
        shipped = shipper.ship(files, is_whole=True)
        if shipper.has_kept:
            raise Refused(
                f"the fleet has more of {session.session_id[:8]} than its home, whose root may "
                "have been restored from a backup; if that root is right, say so there",
                Reason.CHANGED,
                remedy=REPLACE,
            )
        return shipped

    def forget(self, key: Key) -> None:
        """Forget a session that does not live here any more."""
        for known in (self._shippers, self._done, self._later):
            known.pop(key, None)

    def _is_due(self, session: Session, stamp: _Stamp) -> bool:
        if time.monotonic() < self._later.get(session.key, 0.0):
            return False
        return session.is_live or self._done.get(session.key) != stamp

    def _left(self, session: Session, stamp: _Stamp) -> int:
        done = self._done.get(session.key)
        return stamp[0] if done is None or done[-1] != stamp[-1] else max(0, stamp[0] - done[0])

    def _shipper(self, key: Key, home: Residence) -> Shipper:
        fence, shipper = self._shippers.get(key, (0, None))
        if shipper is None or fence != home.fence:
            shipper = Shipper(self._store, key, home, is_right=self._is_right)
            self._shippers[key] = (home.fence, shipper)
        return shipper


def _stamp(session: Session, home: Residence) -> _Stamp | None:
    """Return what changes when a session is to be shipped: its files, or that it was revived."""
    file = session.transcript
    if file is None:
        return None
    return (file.bytes, file.modified_at, file.active_at, file.size, home.fence)
