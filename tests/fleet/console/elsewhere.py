"""A host of the fleet for tests of another's console: it tells of its root and does as it is told.

It stands for the member process where a test is about what the console makes of it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from tests.support.listings.sample_listing import SampleListing
from tui.fleet import bus
from tui.fleet.bus import Command, Outcome
from tui.fleet.shipping import Shipper, session_files
from tui.fleet.shown_session import encode
from tui.fleet.store import commands, sessions, shown
from tui.fleet.store.connection import Store
from tui.fleet.store.sessions import Key, Residence
from tui.operations.catalog.scanner import CatalogScanner

Does = Callable[[Key, Command], Outcome]


class OtherHost:
    """The host `a`, whose root is that of a sample listing."""

    def __init__(self, store: Store, listing: SampleListing, host: str = "a") -> None:
        self.home = Residence(host=host, fence=1)
        self.listing = listing
        self._store = store
        self._shippers: dict[Key, Shipper] = {}

    def tell(self) -> None:
        """Tell of all sessions, and ship their files."""
        for session in CatalogScanner(self.listing.context()).look().sessions:
            with self._store.transaction() as tx:
                sessions.add(tx, session.key, self.home.host)
                shown.publish(tx, session.key, self.home, encode(session))
            if session.transcript is not None:
                new = Shipper(self._store, session.key, self.home)
                shipper = self._shippers.setdefault(session.key, new)
                shipper.ship(session_files(session.transcript.path))


class Hurry:
    """A clock by which, once it is begun, ten seconds pass at each look: patience is soon over.

    So a test waits neither for it nor against it.
    """

    def __init__(self) -> None:
        self._is_begun, self._ahead_s = threading.Event(), 0.0

    def begin(self) -> None:
        self._is_begun.set()

    def end(self) -> None:
        self._is_begun.clear()

    def monotonic(self) -> float:
        if self._is_begun.is_set():
            self._ahead_s += 10.0
        return time.monotonic() + self._ahead_s

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class Obeying:
    """Carries out the commands to a host as a function says, in a thread."""

    def __init__(self, dsn: str, does: Does, host: str = "a") -> None:
        self.taken: list[tuple[Key, Command, str, bool]] = []
        self._dsn, self._does, self._host = dsn, does, host
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        with Store(self._dsn) as store:
            while not self._end.wait(0.01):
                with store.transaction() as tx:
                    taken = commands.take(tx, self._host)
                for one in taken:
                    command, is_restricted = bus.decode(one.kind, one.payload)
                    self.taken.append((one.key, command, one.by_whom, is_restricted))
                    outcome = self._does(one.key, command)
                    with store.transaction() as tx:
                        commands.finish(tx, one.nonce, bus.encode_outcome(outcome))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end.set()
        self._thread.join(60)
