"""The member: one process a host, that keeps the fleet informed and does what it asks.

Runs and consoles of this host do not need it: when it ends, or the database is away, they go on,
and the fleet learns of it later.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterable

from tui.core.models.catalog import Catalog
from tui.core.models.session import Key, Session
from tui.fleet import bus
from tui.fleet.dsn import fleet_of
from tui.fleet.member.carrier import Carrier
from tui.fleet.member.deeds import Deeds
from tui.fleet.member.live_messages import LiveMessages
from tui.fleet.member.loops import Loops, Say
from tui.fleet.member.publisher import Publisher
from tui.fleet.member.queued_runs import QueuedRuns
from tui.fleet.presence import open_store, report
from tui.fleet.store import commands
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.context import Context
from tui.safe_io.folder_watch import FolderWatch

_BEAT_S, _LOOK_S, _ASK_S, _LIVE_S = 2.0, 0.4, 0.1, 0.15
_SHIP_S = 2.0  # at once: then others are told of changes again
_FOLLOW_S, _FORGET_S = 0.5, 3600.0
_KEPT_S = 7 * 24 * 3600.0  # commands that were carried out
_END_S = 3.0
_UNKNOWN = "that host lost touch meanwhile: look there whether it was done"


class Member:
    """The member of a host; `run` returns once it is told to stop."""

    def __init__(self, context: Context, say: Say) -> None:
        self._context, self._say = context, say
        self._host = fleet_of(context.settings).host
        self._loops = Loops(say)
        self._sessions: tuple[Session, ...] = ()
        self._behind = 0

    def stop(self) -> None:
        """Let it end; the runs of this host go on."""
        self._loops.stop()

    def run(self) -> None:
        """Work until `stop`, or SIGTERM. Raises `Refused` for another version of the tables."""
        lease_s = fleet_of(self._context.settings).lease.total_seconds()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop())
        self._loops.add("heartbeat", _Heart(self).beat, min(_BEAT_S, lease_s / 4))
        self._loops.add("catalog", _Teller(self).tell, _LOOK_S)
        self._loops.add("commands", _Servant(self).serve, _ASK_S)
        self._loops.add("messages", _Writer(self).write, _LIVE_S)
        self._loops.wait(_END_S)

    @property
    def context(self) -> Context:
        """The settings of this host."""
        return self._context

    @property
    def host(self) -> str:
        """The name of this host."""
        return self._host

    @property
    def sessions(self) -> tuple[Session, ...]:
        """The sessions that live here, as the last look found them."""
        return self._sessions

    @property
    def behind(self) -> int:
        """How many bytes are not shipped yet."""
        return self._behind

    def note(self, found: Iterable[Session], behind: int) -> None:
        """Note what a look found, and what is not shipped yet."""
        self._sessions, self._behind = tuple(found), behind


class _Heart:
    """Reports that this host is there, and forgets what is long done."""

    def __init__(self, member: Member) -> None:
        self._member, self._store = member, open_store(member.context)
        self._forgot_at = 0.0

    def beat(self) -> None:
        self._store.check()
        report(self._member.context, self._store, behind_bytes=self._member.behind)
        if time.monotonic() - self._forgot_at > _FORGET_S or not self._forgot_at:
            with self._store.transaction() as tx:
                commands.forget(tx, _KEPT_S)
            self._forgot_at = time.monotonic()


class _Teller:
    """Tells of the sessions that changed, and ships their files."""

    def __init__(self, member: Member) -> None:
        store = open_store(member.context)
        self._member = member
        self._scanner = CatalogScanner(member.context, watch=FolderWatch())
        self._publisher, self._carrier = Publisher(store, member.host), Carrier(store)

    def tell(self) -> None:
        catalog: Catalog = self._scanner.look()
        self._lose(self._publisher.learn())
        self._publisher.publish(catalog)
        homes = self._publisher.homes
        found = [one for one in catalog.sessions if one.key in homes]
        shipped = self._carrier.ship(found, homes, within_s=_SHIP_S)
        self._lose(shipped.lost)
        self._member.note(found, shipped.behind)

    def _lose(self, keys: frozenset[Key]) -> None:
        for key in keys:
            self._publisher.forget(key)
            self._carrier.forget(key)


class _Servant:
    """Does what other hosts ask, in the order in which they asked."""

    def __init__(self, member: Member) -> None:
        self._member, self._store = member, open_store(member.context)
        self._deeds = Deeds(member.context)
        self._runs = QueuedRuns(member.context, self._store, member.host, self._deeds)
        self._done: dict[int, str] = {}
        self._is_whole = False
        self._followed_at = 0.0

    def serve(self) -> None:
        self._tell()
        if not self._is_whole:  # nobody knows what the last transaction did
            outcome = bus.encode_outcome(bus.Outcome(words=_UNKNOWN))
            with self._store.transaction() as tx:
                commands.give_up(tx, self._member.host, outcome)
        self._is_whole = False
        with self._store.transaction() as tx:
            taken = commands.take(tx, self._member.host)
        for one in taken:
            outcome = bus.encode_outcome(
                self._deeds.carry_out(one.key, one.kind, one.payload, one.by_whom)
            )
            self._done[one.command_id] = outcome
            self._tell()
        while self._runs.take_one():
            pass
        if time.monotonic() - self._followed_at > _FOLLOW_S:
            self._runs.follow()
            self._followed_at = time.monotonic()
        self._is_whole = True

    def _tell(self) -> None:
        """Tell what was done, also what could not be told before."""
        for command_id, outcome in tuple(self._done.items()):
            with self._store.transaction() as tx:
                commands.finish(tx, command_id, outcome)
            del self._done[command_id]


class _Writer:
    """Publishes the messages that agents are writing."""

    def __init__(self, member: Member) -> None:
        self._member = member
        self._messages = LiveMessages(open_store(member.context))

    def write(self) -> None:
        self._messages.publish(self._member.sessions)
