"""A few threads that work off a list, so that what hangs holds up nothing but itself."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable

_TICK_S = 0.01
_WORKING = 0.5
_STUCK_S = 0.2  # over one thing, which may compute for ever

Job = Callable[[str], object]


class Crew:
    """At most `most` threads; each ends when nothing is left to do, and none keeps the process.

    One is enough while the work is computing. More join as long as they only wait for a disk, or
    when nothing comes of it.
    """

    def __init__(self, most: int = 8) -> None:
        self._most = most
        self._queue: deque[tuple[str, Job]] = deque()
        self._going: set[str] = set()
        self._workers = 0
        self._failure: BaseException | None = None
        self._ended = threading.Condition()

    def do(
        self,
        keys: Iterable[str],
        job: Job,
        patience_s: float,
        *,
        first_s: float = 0.0,
        at_most_s: float = math.inf,
    ) -> frozenset[str]:
        """Call `job` for every key, and return the keys whose job is still going on.

        A key that is still going on from an earlier call is not begun again. Gives up when
        nothing was done for `patience_s` (the first thing for `first_s`), and after `at_most_s`;
        what is going on then goes on. New work comes before what was left over. Raises what a job
        raised.
        """
        keys = tuple(keys)
        fresh = frozenset(keys) - self._going
        self._going |= fresh
        self._queue.extendleft((key, job) for key in reversed(keys) if key in fresh)
        self._wait(fresh, patience_s, max(patience_s, first_s), at_most_s)
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        return frozenset(self._going).intersection(keys)

    def _wait(
        self, fresh: frozenset[str], patience_s: float, first_s: float, at_most_s: float
    ) -> None:
        left, patience, progress = len(fresh), first_s, time.monotonic()
        ends = progress + at_most_s
        self._hire()
        while count := len(fresh & self._going):
            wall, cpu = time.monotonic(), time.process_time()
            if count < left:
                left, patience, progress = count, patience_s, wall
            if wall - progress > patience or wall > ends:
                return
            with self._ended:
                if fresh & self._going:
                    self._ended.wait(_TICK_S)
            is_waiting = time.process_time() - cpu < _WORKING * (time.monotonic() - wall)
            if is_waiting or wall - progress > _STUCK_S:
                self._hire()

    def _hire(self) -> None:
        with self._ended:
            if self._workers >= self._most or not self._queue:
                return
            self._workers += 1
        threading.Thread(target=self._work, name="look", daemon=True).start()

    def _work(self) -> None:
        while (task := self._next()) is not None:
            key, job = task
            try:
                job(key)
            except BaseException as error:  # raised again where somebody waits for the work
                self._failure = error
            finally:
                self._going.discard(key)

    def _next(self) -> tuple[str, Job] | None:
        """Return the next task; without one this thread is no longer counted."""
        with self._ended:
            if self._queue:
                return self._queue.popleft()
            self._workers -= 1
            self._ended.notify_all()
            return None
