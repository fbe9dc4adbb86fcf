"""The member: one process a host, that keeps the fleet informed and does what it asks.

Runs and consoles of this host do not need it: when it ends, or the database is away, they go on,
and the fleet learns of it later.
"""

from __future__ import annotations

import signal
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue

from tui.core.errors import ConsoleError, Reason, Refused
from tui.core.models.catalog import Catalog
from tui.core.models.session import Key, Session
from tui.core.text.safe_text import one_line
from tui.fleet import bus
from tui.fleet.dsn import fleet_of
from tui.fleet.member.begun import Begun, begun_by
from tui.fleet.member.carrier import Carrier
from tui.fleet.member.deeds import Deeds, acting_for, failed, session_of
from tui.fleet.member.live_messages import LiveMessages
from tui.fleet.member.loops import Loops, Say
from tui.fleet.member.moving import disown, release, take_in
from tui.fleet.member.publisher import Publisher
from tui.fleet.member.queued_runs import QueuedRuns
from tui.fleet.presence import open_store
from tui.fleet.speaker import Speaker, beat_s
from tui.fleet.store import commands, erasures, history, runs
from tui.fleet.store.commands import PostedCommand
from tui.fleet.store.connection import FleetAway
from tui.fleet.store.sessions import Residence
from tui.operations.catalog.scanner import CatalogScanner, listing_paths
from tui.operations.context import Context
from tui.operations.running.steer import stop
from tui.safe_io.folder_watch import FolderWatch
from tui.storage.state.elsewhere import note_elsewhere, read_elsewhere

_LOOK_S, _ASK_S, _LIVE_S = 0.4, 0.1, 0.15
_SHIP_S = 2.0  # at once: then others are told of changes again
_FOLLOW_S, _FORGET_S = 0.5, 3600.0
_END_S = 3.0
_ERASE_S, _ERASED_AT_ONCE = 1.0, 20
_AGAIN_S = 10.0
_UNKNOWN = bus.Outcome(
    words="that host lost touch meanwhile: look there whether it was done", reason=Reason.UNSURE
)
_AGAIN = bus.Outcome(
    words="that host began this before the fleet's database lost that: look there whether it was "
    "done",
    reason=Reason.UNSURE,
)
_LATE = bus.Outcome(
    words="that came too late, when nobody waited for it any more: nothing was done",
    reason=Reason.TOO_LATE,
)
_LAPSED = bus.Outcome(
    words="no host took this in time by the database's clock: look there whether it was done",
    reason=Reason.UNSURE,
)


class Member:
    """The member of a host; `run` returns once it is told to stop."""

    def __init__(self, context: Context, say: Say) -> None:
        self._context, self._say = context, say
        self._host = fleet_of(context.settings).host
        self._begun = begun_by(context, self._host)
        self._loops = Loops(say)
        self._sessions: tuple[Session, ...] = ()
        self._behind = 0
        self.releases: SimpleQueue[PostedCommand] = SimpleQueue()
        self.releasing: set[str] = set()  # commands that were taken, and not told of as yet

    def stop(self) -> None:
        """Let it end; the runs of this host go on."""
        self._loops.stop()

    def run(self) -> None:
        """Work until `stop`, or SIGTERM. Raises `Refused` for another version of the tables."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop())
        heart = _Heart(self)
        self._loops.add("heartbeat", heart.beat, beat_s(self._context))
        for name, act, pause_s in (
            ("catalog", Teller(self).tell, _LOOK_S),
            ("commands", Servant(self).serve, _ASK_S),
            ("messages", _Writer(self).write, _LIVE_S),
            ("erasures", _Eraser(self).erase, _ERASE_S),
        ):
            self._loops.add(name, heart.once_known(act), pause_s)
        try:
            self._loops.wait(_END_S)
        finally:
            heart.end()

    def say(self, words: str) -> None:
        """Tell whoever reads the member's log."""
        self._say(words)

    @property
    def context(self) -> Context:
        """The settings of this host."""
        return self._context

    @property
    def host(self) -> str:
        """The name of this host."""
        return self._host

    @property
    def begun(self) -> Begun:
        """What was begun here of what others asked."""
        return self._begun

    def begin(self, asked: PostedCommand) -> bus.Outcome | None:
        """Note that a command begins now; return what to say of it if it must not."""
        if asked.is_late:
            return self.not_begun(asked.nonce, asked.age_s)
        try:
            return None if self._begun.begin(asked.nonce) is None else _AGAIN
        except ConsoleError as error:
            return bus.outcome_of(error)

    def not_begun(self, nonce: str, age_s: float) -> bus.Outcome:
        """Return what to say of what was asked so long ago that it does not begin any more."""
        has_begun = self._begun.has_begun(nonce, age_s)
        return _LAPSED if has_begun is None else _AGAIN if has_begun else _LATE

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
    """Reports that this host is there."""

    def __init__(self, member: Member) -> None:
        self._member, self._store = member, open_store(member.context)
        self._speaker = Speaker(member.context, self._store)
        self._is_known = False

    def once_known(self, act: Callable[[], object]) -> Callable[[], object]:
        """Return what does nothing as long as another process may be this host."""
        return lambda: act() if self._is_known else None

    def end(self) -> None:
        """Let the next member begin at once."""
        if self._is_known:
            with suppress(ConsoleError), open_store(self._member.context) as store:
                self._speaker.end(store)

    def beat(self) -> None:
        self._store.check()
        self._is_known = self._is_known or self._speaker.become_member()
        if not self._is_known:
            return
        self._speaker.report(self._member.behind)


class Teller:
    """Tells of the sessions that changed, and ships their files."""

    def __init__(self, member: Member) -> None:
        self._member, self._store = member, open_store(member.context)
        store = self._store
        self._outcomes: dict[str, bus.Outcome] = {}
        self._is_whole = False
        self._locked: set[Path] = set()  # listings that could not be unlocked as yet
        self._later: dict[Key, float] = {}
        self._disowned: dict[Key, Residence] = {}
        self._scanner = CatalogScanner(member.context, watch=FolderWatch())
        self._publisher, self._carrier = Publisher(store, member.host), Carrier(store)

    def tell(self) -> None:
        self._lose(self._publisher.learn())
        self._carrier.note(self._publisher.incarnation)
        self._reconcile()
        self._take_in()
        catalog: Catalog = self._scanner.look()
        self._disown(catalog)
        self._is_whole = False
        self._publisher.publish(catalog, self._publisher.away)
        homes = self._publisher.homes
        found = [one for one in catalog.sessions if one.key in homes]
        shipped = self._carrier.ship(found, homes, within_s=_SHIP_S)
        self._lose(shipped.lost)
        self._member.note(found, shipped.behind)
        self._is_whole = self._release()

    def _reconcile(self) -> None:
        """Unlock what was to be handed over, and stayed here: nobody knows what broke off did."""
        due = self._locked if self._is_whole else listing_paths(self._member.context.root)
        locked = set[Path]()
        for path in due:
            try:
                self._unlock(path)
            except (ConsoleError, OSError) as error:
                locked.add(path)
                if path not in self._locked:
                    words = f"what went from {one_line(path.name)} to other hosts is not known"
                    self._member.say(f"{words}: {error}")
        self._locked = locked

    def _unlock(self, path: Path) -> None:
        for session_id in read_elsewhere(path):
            home = self._publisher.homes.get((one_line(path.name), session_id))
            if home is not None and home.is_fetched:
                note_elsewhere(path, session_id, None)

    def _take_in(self) -> None:
        """Fetch what was given to this host; what cannot be is tried again a little later."""
        for key, home in tuple(self._publisher.coming.items()):
            if time.monotonic() < self._later.get(key, 0.0):
                continue
            try:
                take_in(self._member.context, self._store, key, home)
                self._publisher.note_arrival(key)
            except FleetAway:
                raise
            except (ConsoleError, OSError) as error:
                self._member.say(f"{key[1]} cannot be taken in as yet: {error}")
                self._later[key] = time.monotonic() + _AGAIN_S

    def _disown(self, catalog: Catalog) -> None:
        """End what still runs here of sessions that others have, and put their files aside.

        Also of those that come back: what runs here of them began before they went.
        """
        away, coming = self._publisher.away, self._publisher.coming
        for session in catalog.sessions if away or coming else ():
            home = away.get(session.key) or coming.get(session.key)
            is_left = session.is_live or (session.transcript and session.key in away)
            if home is None or (not is_left and self._disowned.get(session.key) == home):
                continue
            try:
                is_over = session.key in away and disown(self._member.context, session, home)
                if is_over:
                    self._disowned[session.key] = home
                elif session.is_live:
                    stop(self._member.context, session)
            except (ConsoleError, OSError) as error:
                if time.monotonic() > self._later.get(session.key, 0.0):
                    self._member.say(f"{session.session_id} lives on {home.host}: {error}")
                    self._later[session.key] = time.monotonic() + _AGAIN_S

    def _release(self) -> bool:
        """Hand sessions over, as was asked, and tell what became of it; whether all was done."""
        is_whole = True
        while True:
            try:
                asked = self._member.releases.get_nowait()
            except Empty:
                break
            outcome = self._outcomes[asked.nonce] = self._released(asked)
            is_whole = is_whole and outcome.is_done
        for nonce, outcome in tuple(self._outcomes.items()):
            with self._store.transaction() as tx:
                text = bus.encode_outcome(outcome)
                commands.finish(tx, nonce, text, is_done=outcome.is_done)
            del self._outcomes[nonce]
            self._member.releasing.discard(nonce)
        return is_whole

    def _released(self, asked: PostedCommand) -> bus.Outcome:
        if (why_not := self._member.begin(asked)) is not None:
            return why_not
        try:
            command, is_restricted = bus.decode(asked.kind, asked.payload)
            context = acting_for(self._member.context, asked.by_whom, is_restricted=is_restricted)
            home = self._publisher.homes.get(asked.key)
            if home is None or not isinstance(command, bus.Release):
                raise Refused("it does not live here any more", Reason.ELSEWHERE)
            words = release(
                context,
                self._store,
                self._carrier,
                lambda: session_of(self._scanner.look(is_asked=True), asked.key),
                home=home,
                to=command.host,
            )
        except FleetAway:  # whether it moved is not known
            self._outcomes[asked.nonce] = _UNKNOWN
            raise
        except ConsoleError as error:
            return bus.outcome_of(error)
        except OSError as error:
            return bus.Outcome(words=f"it failed there: {error.strerror or error}"[:1000])
        except Exception as error:  # whoever asked is told, and what else is asked is done
            return bus.Outcome(words=failed(error), reason=Reason.UNSURE)
        self._lose(frozenset({asked.key}))
        return bus.Outcome(words=words, is_done=True)

    def _lose(self, keys: frozenset[Key]) -> None:
        for key in keys:
            self._publisher.forget(key)
            self._carrier.forget(key)


class Servant:
    """Does what other hosts ask, in the order in which they asked."""

    def __init__(self, member: Member) -> None:
        self._member, self._store = member, open_store(member.context)
        self._deeds = Deeds(member.context)
        self._runs = QueuedRuns(member.context, self._store, member.host, self._deeds, member.begun)
        self._taken: deque[PostedCommand] = deque()
        self._done: dict[str, bus.Outcome] = {}
        self._is_whole = False
        self._followed_at = 0.0

    def serve(self) -> None:
        self._tell()
        self._obey()  # what could not be told before its turn was not begun
        if not self._is_whole:  # nobody knows what the last transaction did
            outcome, waiting = bus.encode_outcome(_UNKNOWN), tuple(self._member.releasing)
            with self._store.transaction() as tx:
                commands.give_up(tx, self._member.host, outcome, but=waiting)
        self._is_whole = False
        with self._store.transaction() as tx:
            is_asked, is_queued = commands.is_any_waiting(tx), runs.is_any_queued(tx)
        if is_asked:
            with self._store.transaction() as tx:
                for one in commands.late(tx, self._member.host):
                    said = self._member.not_begun(one.nonce, one.age_s)
                    commands.lapse(tx, one.nonce, bus.encode_outcome(said))
                commands.lapse_of_silent(tx, bus.encode_outcome(_LAPSED))
                taken = commands.take(tx, self._member.host)
            self._taken.extend(taken)
            self._obey()
        while is_queued and self._runs.take_one():
            pass
        if time.monotonic() - self._followed_at > _FOLLOW_S:
            self._runs.follow()
            self._followed_at = time.monotonic()
        self._is_whole = True

    def _obey(self) -> None:
        while self._taken:
            one = self._taken.popleft()
            if one.kind.rpartition("/")[2] == bus.RELEASE:  # by the thread that ships its files
                self._member.releasing.add(one.nonce)
                self._member.releases.put(one)
                continue
            self._done[one.nonce] = self._member.begin(one) or self._deeds.carry_out(
                one.key, one.kind, one.payload, one.by_whom, act_id=one.nonce
            )
            self._tell()

    def _tell(self) -> None:
        """Tell what was done, also what could not be told before."""
        for nonce, outcome in tuple(self._done.items()):
            with self._store.transaction() as tx:
                text = bus.encode_outcome(outcome)
                commands.finish(tx, nonce, text, is_done=outcome.is_done)
            del self._done[nonce]


class _Eraser:
    """Erases the bytes of what was purged, on whatever host, and forgets what is long done."""

    def __init__(self, member: Member) -> None:
        self._store = open_store(member.context)
        self._forgot_at = 0.0

    def erase(self) -> None:
        for _ in range(_ERASED_AT_ONCE):
            with self._store.transaction() as tx:
                if not erasures.erase_some(tx):
                    break
        if time.monotonic() - self._forgot_at > _FORGET_S or not self._forgot_at:
            with self._store.transaction() as tx:
                is_more = history.forget_some(tx)
            self._forgot_at = 0.0 if is_more else time.monotonic()


class _Writer:
    """Publishes the messages that agents are writing."""

    def __init__(self, member: Member) -> None:
        self._member = member
        self._messages = LiveMessages(open_store(member.context), member.host)

    def write(self) -> None:
        self._messages.publish(self._member.sessions)
