"""Publishes the messages that this host's agents are writing, all at once."""

from __future__ import annotations

from collections.abc import Iterable

from tui.core.models.session import Key, Session
from tui.fleet.store import live
from tui.fleet.store.connection import Store
from tui.fleet.store.live import MOST_BODY
from tui.runs.folder.protocol import PARTIAL
from tui.safe_io.folders import FileStamp, stamp_of
from tui.safe_io.opening import regular


class LiveMessages:
    """Publishes what changed since the last call; not for several threads."""

    def __init__(self, store: Store, host: str) -> None:
        self._store, self._host = store, host
        self._seen: dict[Key, FileStamp] = {}

    def publish(self, found: Iterable[Session]) -> int:
        """Publish the messages of sessions that live here; return how many. Raises `FleetAway`."""
        at_work = {one.key: one for one in found if one.run is not None and one.is_live}
        bodies, seen = dict[Key, bytes](), dict[Key, FileStamp]()
        for key, session in at_work.items():
            if (read := self._read(session)) is not None:
                bodies[key], seen[key] = read
        over = [key for key in self._seen if key not in at_work]
        if bodies or over:
            with self._store.transaction() as tx:
                live.write(tx, self._host, bodies)
                for key in over:
                    live.drop(tx, self._host, key)
        self._seen |= seen
        for key in over:
            del self._seen[key]
        return len(bodies)

    def _read(self, session: Session) -> tuple[bytes, FileStamp] | None:
        if session.run is None:
            return None
        try:
            with regular(session.run.folder / PARTIAL) as (fd, status):
                stamp = stamp_of(status)
                if self._seen.get(session.key) == stamp or status.st_size > MOST_BODY:
                    return None
                with open(fd, "rb", closefd=False) as file:
                    return file.read(MOST_BODY), stamp
        except OSError:  # between two messages
            return None
