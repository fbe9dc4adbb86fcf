"""Keeps copies of what is looked at up to date, in a thread of its own, so that no screen waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress

from tui.fleet.console.mirror import MOST_BYTES, Mirror, transcript_place
from tui.fleet.console.mirror_folder import MirrorFolder
from tui.fleet.console.trouble import trouble
from tui.fleet.fetching import NotFetched
from tui.fleet.store import live
from tui.fleet.store.connection import Store
from tui.fleet.store.sessions import Key
from tui.safe_io.fork_safe import fork_safe_lock

_EACH_S = 0.15
_AGAIN_S = 1.0  # after a failure
_WANTED_S = 5.0  # a screen asks for what it shows once a second at least


class Following:
    """Copies the sessions that somebody looked at lately, and the messages they are writing."""

    def __init__(
        self, open_store: Callable[[], Store], folder: MirrorFolder, *, most_bytes: int = MOST_BYTES
    ) -> None:
        self._open_store, self._folder, self._most_bytes = open_store, folder, most_bytes
        self._lock = fork_safe_lock()
        self._wanted: dict[Key, float] = {}
        self._buried: set[Key] = set()
        self._problems: dict[Key, str] = {}
        self._news, self._end = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def want(self, key: Key) -> str | None:
        """Have a session copied for the next seconds.

        Returns why it is not: empty when it is, `None` when that is not known yet.
        """
        with self._lock:
            if key not in self._wanted:
                self._problems.pop(key, None)
            self._wanted[key] = time.monotonic()
            problem = self._problems.get(key)
            if self._thread is None and not self._end.is_set():
                self._thread = threading.Thread(target=self._run, name="mirror", daemon=True)
                self._thread.start()
        self._news.set()
        return problem

    def bury(self, key: Key) -> None:
        """Erase the copy of a session that was purged."""
        with suppress(NotFetched):  # of a name that no path has there is none
            transcript_place(self._folder.place, key)
            self._bury(key)

    def _bury(self, key: Key) -> None:
        with self._lock:
            self._wanted.pop(key, None)
            self._buried.add(key)
        self._news.set()

    def close(self) -> None:
        """End the thread, and erase all copies."""
        self._end.set()
        self._news.set()
        if (thread := self._thread) is not None:
            thread.join(2)  # it may hang at the database; what it writes then finds no folder
        self._folder.close()

    def _run(self) -> None:
        while not self._end.is_set():
            try:
                with self._open_store() as store:
                    store.check()
                    self._follow(store)
            except Exception as error:  # whatever it is: who waits for a copy is told
                with self._lock:
                    self._problems = dict.fromkeys(self._wanted, trouble(error))
                self._end.wait(_AGAIN_S)

    def _follow(self, store: Store) -> None:
        mirror = Mirror(store, self._folder, most_bytes=self._most_bytes, is_over=self._end.is_set)
        seen: dict[Key, int] = {}
        while not self._end.is_set():
            pause = self._round(store, mirror, seen)
            self._news.clear()
            with self._lock:
                is_busy = bool(self._wanted or self._buried)
            if is_busy:
                self._end.wait(pause)
            else:
                self._news.wait()

    def _round(self, store: Store, mirror: Mirror, seen: dict[Key, int]) -> float:
        """Do all that is to be done now; return how long to wait then."""
        with self._lock:
            until = time.monotonic() - _WANTED_S
            self._wanted = {key: at for key, at in self._wanted.items() if at > until}
            wanted, buried, self._buried = tuple(self._wanted), self._buried, set()
        pause = _EACH_S
        for key in wanted:
            if problem := self._brought(mirror, key):
                pause = _AGAIN_S
            with self._lock:
                self._problems[key] = problem
        for key in buried:
            try:
                mirror.erase(key)
            except Exception:  # none is left here because another could not be erased
                pause = _AGAIN_S
                with self._lock:
                    self._buried.add(key)
        try:
            self._take_partials(store, mirror, wanted, seen)
        except Exception:  # a fault outside a session's files; the next round tries again
            return _AGAIN_S
        return pause

    def _brought(self, mirror: Mirror, key: Key) -> str:
        try:
            return "" if mirror.bring(key) else "its host has not told of any file of it"
        except Exception as error:  # it must not end the thread, which others wait for too
            return trouble(error)

    def _take_partials(
        self, store: Store, mirror: Mirror, wanted: tuple[Key, ...], seen: dict[Key, int]
    ) -> None:
        asked = {key: seen.get(key, -1) for key in wanted}
        with store.transaction() as tx:
            partials, gone = live.read(tx, asked)
        for one in partials:
            key = (one.listing, one.session_id)
            mirror.write_partial(key, one.body)
            seen[key] = one.seq
        for key in gone & seen.keys():
            mirror.drop_partial(key)
            del seen[key]
