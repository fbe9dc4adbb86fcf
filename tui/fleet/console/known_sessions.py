"""The sessions of other hosts as these last told of them, asked for again and again in a thread.

Nobody who looks waits for the database: while it is away, what was known last is shown, and said
to be that.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tui.core.errors import Reason
from tui.core.models.session import Key, Liveness, Session, State
from tui.core.text.sizes import size_text
from tui.core.values import dataclass, replace
from tui.fleet.bus import BadCommand
from tui.fleet.console.mirror import run_place, transcript_place
from tui.fleet.console.trouble import trouble
from tui.fleet.fetching import NotFetched
from tui.fleet.shown_session import decode
from tui.fleet.store import files, hosts, shown
from tui.fleet.store.connection import Store
from tui.fleet.store.hosts import Beat
from tui.fleet.store.shown import Horizon, ShownRow
from tui.safe_io.fork_safe import fork_safe_lock

_EACH_S = 1.0
_BEHIND = 1024 * 1024  # bytes that a host may be behind without a word
_NOT_YET = "the fleet's database has not answered yet"
_UNITS = ((86400, "d"), (3600, "h"), (60, "m"))
_NOTHING = "{}"  # what a host has added, and not told of yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The sessions of other hosts at one moment; another object whenever something changed.

    `hosts` has a word on each of them, empty if it is as it should be; `unheard` says why all of it
    may be out of date; `silent` are the hosts that have passed their lease,
    and this one if it is not in the fleet. Of `kept` sessions the fleet has more than this host.
    """

    sessions: Mapping[Key, Session]
    hosts: Mapping[str, str]
    unheard: str = ""
    silent: frozenset[str] = frozenset()
    kept: tuple[Key, ...] = ()


class KnownSessions:
    """Knows them from the first `look` on until it is closed."""

    def __init__(
        self,
        open_store: Callable[[], Store],
        host: str,
        place: Path,
        *,
        bury: Callable[[Key], None],
        sweep: Callable[[], None],
        patience_s: float,
    ) -> None:
        self._open_store, self._host, self._place = open_store, host, place
        self._bury, self._sweep, self._patience_s = bury, sweep, patience_s
        self._lock = fork_safe_lock()
        self._heard, self._end = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._known = Known(sessions={}, hosts={}, unheard=_NOT_YET)
        self._heard_at = 0.0
        self._rows: dict[Key, Session] = {}
        self._nameless: dict[Key, str] = {}  # and their hosts
        self._marks: dict[Key, int] = {}
        self._since: Horizon | None = None

    def look(self) -> Known:
        """Return what is known now; the first look waits, with patience, until something is."""
        with self._lock:
            if self._thread is None and not self._end.is_set():
                self._thread = threading.Thread(target=self._run, name="fleet", daemon=True)
                self._thread.start()
        self._heard.wait(self._patience_s)
        return self._known

    def close(self) -> None:
        """End the thread."""
        self._end.set()

    def _run(self) -> None:
        while not self._end.is_set():
            try:
                with self._open_store() as store:
                    store.check()
                    self._listen(store)
            except Exception as error:  # whatever it is: who looks is told, and does not wait
                self._tell(self._stale(trouble(error)))
                self._end.wait(_EACH_S)

    def _listen(self, store: Store) -> None:
        while not self._end.is_set():
            self._tell(self._heard_of(store))
            self._end.wait(_EACH_S)

    def _tell(self, known: Known) -> None:
        self._known = known
        if not self._heard.is_set():
            self._heard.set()
            self._sweep()  # only now: no look waits for that

    def _stale(self, why: str) -> Known:
        """Return what was known last, and that it is that."""
        words = f"stale {coarse_time(time.monotonic() - self._heard_at)}"
        stale = dict.fromkeys(self._known.hosts, words)
        return replace(self._known, hosts=stale, unheard=why)

    def _heard_of(self, store: Store) -> Known:
        with store.transaction() as tx:
            rows, horizon = shown.look(tx, self._since)
            there = {one.host: one for one in hosts.beats(tx)}
            kept = files.kept(tx, self._host)
        before = self._since
        is_anew = before is not None and before.incarnation != horizon.incarnation
        if is_anew:
            for key in self._rows.keys() - {(one.listing, one.session_id) for one in rows}:
                self._bury(key)
            self._rows, self._nameless, self._marks = {}, {}, {}
        is_new = [self._note(row) for row in rows]
        self._since = horizon  # only now: a row that was not noted is asked for again
        self._heard_at = time.monotonic()
        others = {name: one for name, one in there.items() if name != self._host}
        words = {name: host_word(one) or self._lacking(name) for name, one in others.items()}
        silent = frozenset(name for name, one in there.items() if one.is_silent)
        silent |= {self._host} - there.keys()
        if not (any(is_new) or is_anew or silent != self._known.silent):
            return replace(self._known, hosts=words, unheard="", kept=kept)
        told = {key: _of(one, is_silent=one.host in silent) for key, one in self._rows.items()}
        return Known(sessions=told, hosts=words, silent=silent, kept=kept)

    def _lacking(self, host: str) -> str:
        """Say how many sessions of a host have ids that nothing can have here."""
        number = sum(one == host for one in self._nameless.values())
        return f"{number} not shown" if number else ""

    def _note(self, row: ShownRow) -> bool:
        """Note a row that changed; return whether it changes what is shown."""
        key = (row.listing, row.session_id)
        mark = hash((row.host, row.shown, row.is_gone))
        if self._marks.get(key) == mark:
            return False
        is_new = self._take(row, key)
        self._marks[key] = mark
        return is_new

    def _take(self, row: ShownRow, key: Key) -> bool:
        self._nameless.pop(key, None)
        if row.is_gone:
            self._bury(key)
        if row.is_gone or row.host == self._host or row.shown == _NOTHING:
            return self._rows.pop(key, None) is not None
        try:
            place = transcript_place(self._place, key)
        except NotFetched:
            self._nameless[key] = row.host
            return self._rows.pop(key, None) is not None
        try:
            found = decode(row.shown, key, row.host, place.parent)
        except BadCommand as error:
            found = _unread(key, row.host, place.parent, str(error))
        if found.run is not None:
            found = replace(found, run=replace(found.run, folder=run_place(self._place, key)))
        is_new = self._rows.get(key) != found
        self._rows[key] = found
        return is_new


def host_word(host: Beat) -> str:
    """Return what a narrow column says of a host, which changes rarely: each change is painted."""
    if host.is_silent:
        return f"silent {coarse_time(host.silent_s)}"
    if host.kept:
        return f"{host.kept} kept back"
    if host.behind_bytes <= _BEHIND:
        return ""
    return f"{size_text(1 << host.behind_bytes.bit_length() - 1)} behind"


def coarse_time(seconds: float) -> str:
    """Return a time in three or four cells: in steps of ten seconds, then in its largest unit."""
    if seconds < 60:
        return f"{int(seconds) // 10 * 10}s"
    unit, name = next(one for one in _UNITS if seconds >= one[0])
    return f"{min(999, int(seconds // unit))}{name}"


def _unread(key: Key, host: str, folder: Path, why: str) -> Session:
    """Return a session of which nothing is known but that it is there: it may also be running."""
    return Session(
        key[1],
        key[0],
        stage="",
        status="",
        liveness=Liveness.UNKNOWN,
        state=State.OK,
        host=host,
        folder=folder,
        row_problem=why,
        row_trouble=Reason.UNREAD,
        transcript_problem=why,
    )


def _of(session: Session, *, is_silent: bool) -> Session:
    """Return a session as it is shown: what ran on a host that is silent may still run."""
    if not (is_silent and session.is_live):
        return session
    return replace(session, liveness=Liveness.UNKNOWN)
