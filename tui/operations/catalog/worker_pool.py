"""A few threads per disk that work off a queue: a hung task doesn't block the others."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from enum import StrEnum

_TICK_S = 0.01
_WORKING = 0.5
_STUCK_S = 0.2  # on one task, which may never end
_MOST_STUCK = 2  # times `most`: so many stuck threads are replaced
_MOST_IN_ALL = 64

Job = Callable[[str], object]


def same_lane(key: str) -> str:
    """Return the same lane for every key, so that all share their threads."""
    return ""


class Late(StrEnum):
    """Why a task has not ended: silent for too long, or behind such, or neither."""

    SILENT = "silent"
    BEHIND = "behind"
    SOON = "soon"


class _Lane:
    """The queue of one disk, and what each of its threads does since when.

    `moved` is when a task was last begun, or the first of its queue came.
    """

    def __init__(self) -> None:
        self._ahead: deque[tuple[str, Job]] = deque()
        self._others: deque[tuple[str, Job]] = deque()
        self._is_others_turn = False
        self.tasks: dict[object, tuple[str, float]] = {}
        self.moved = 0.0

    def __len__(self) -> int:
        return len(self._ahead) + len(self._others)

    def put(self, key: str, job: Job, *, is_ahead: bool) -> None:
        """Queue a task behind all others, or behind those that went ahead alone."""
        self.moved = self.moved if len(self) else time.monotonic()
        (self._ahead if is_ahead else self._others).append((key, job))

    def let_ahead(self, keys: Collection[str]) -> None:
        """Let the waiting tasks of these keys go ahead, and no others any more."""
        waiting = (*self._ahead, *self._others)
        self._ahead = deque(one for one in waiting if one[0] in keys)
        self._others = deque(one for one in waiting if one[0] not in keys)

    def take(self) -> tuple[str, Job]:
        """Take the next task; those ahead and the others have turns, so that nobody starves."""
        is_others = not self._ahead or (self._is_others_turn and bool(self._others))
        self._is_others_turn = not is_others
        self.moved = time.monotonic()
        return (self._others if is_others else self._ahead).popleft()

    def has_room(self, most: int) -> bool:
        """Whether one more thread may join; up to a bound, stuck threads do not count."""
        now, count = time.monotonic(), len(self.tasks)
        stuck = sum(now - since > _STUCK_S for _, since in self.tasks.values())
        return count - min(stuck, _MOST_STUCK * most) < most

    def late(self, now: float, within_s: float) -> dict[str, Late]:
        """Return why each of its tasks has not ended."""
        behind = Late.BEHIND if now - self.moved > within_s else Late.SOON
        begun = {
            key: Late.SILENT if now - since > within_s else Late.SOON
            for key, since in self.tasks.values()
        }
        return dict.fromkeys((key for key, _ in (*self._ahead, *self._others)), behind) | begun


class _Behind:
    """Measures how long lanes have been at work while the others had ended.

    The lane `own` is always waited for; where it has nothing to do, the others are alone at once.
    """

    def __init__(self, lanes: Mapping[str, str], most_s: float, own: str | None) -> None:
        self._lanes, self._most_s, self._own = lanes, most_s, own
        there = {*lanes.values()}
        is_alone = own is not None and own not in there
        self._count, self._since = len(there), time.monotonic() if is_alone else math.inf

    def is_too_long(self, running: Iterable[str], now: float) -> bool:
        """Whether those that still run have held up all others for that long."""
        if self._most_s == math.inf:
            return False
        lanes = {self._lanes[key] for key in running}
        if len(lanes) < self._count:
            self._count, self._since = len(lanes), now
        return self._own not in lanes and now - self._since > self._most_s


class WorkerPool:
    """At most `most` threads per lane, each ending when its queue is empty; all are daemons.

    One thread is enough for computing. More join while threads wait for a disk, and up to a bound
    to replace stuck ones, so that a hung task in one lane doesn't block other lanes.
    """

    def __init__(self, most: int = 8) -> None:
        self._most = most
        self._lanes: dict[str, _Lane] = {}
        self._running: set[str] = set()
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
        behind_s: float = math.inf,
        ahead: Collection[str] = frozenset(),
        own: str | None = None,
        lane_of: Callable[[str], str] = same_lane,
    ) -> frozenset[str]:
        """Call `job` for every key, and return the keys whose job is still running.

        Keys of one lane, such as those on one disk, share a few threads. A key that still runs from
        an earlier call is not started again. Returns when no job ended for `patience_s` (the first
        for `first_s`), after `at_most_s`, and when the jobs of all other lanes have ended for
        `behind_s`, but never before those of its `own`; jobs go on in the background. A lane's keys
        are begun in the order they came; those `ahead` have every other turn. Raises what a job
        raised.
        """
        keys = tuple(keys)
        fresh = frozenset(keys) - self._running
        with self._ended:
            self._running |= fresh
            for lane in self._lanes.values() if ahead else ():
                lane.let_ahead(ahead)
            for key in (one for one in keys if one in fresh):
                lane = self._lanes.setdefault(lane_of(key), _Lane())
                lane.put(key, job, is_ahead=key in ahead)
        behind = _Behind({key: lane_of(key) for key in fresh}, behind_s, own)
        self._wait(fresh, patience_s, max(patience_s, first_s), at_most_s, behind)
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        return frozenset(self._running).intersection(keys)

    @property
    def running(self) -> frozenset[str]:
        """The keys whose job has not ended."""
        return frozenset(self._running)

    def late(self, within_s: float) -> dict[str, Late]:
        """Return why each task that has not ended has not; `within_s` is not too long to wait."""
        late = dict[str, Late]()
        with self._ended:
            now = time.monotonic()
            for lane in self._lanes.values():
                late |= lane.late(now, within_s)
        return late

    def _wait(
        self,
        fresh: frozenset[str],
        patience_s: float,
        first_s: float,
        at_most_s: float,
        behind: _Behind,
    ) -> None:
        left, patience, progress = len(fresh), first_s, time.monotonic()
        ends = progress + at_most_s
        self._start_threads()
        while count := len(running := fresh & self._running):
            wall, cpu = time.monotonic(), time.process_time()
            if count < left:
                left, patience, progress = count, patience_s, wall
            if wall - progress > patience or wall > ends or behind.is_too_long(running, wall):
                return
            with self._ended:
                if fresh & self._running:
                    self._ended.wait(_TICK_S)
            is_waiting = time.process_time() - cpu < _WORKING * (time.monotonic() - wall)
            if is_waiting or wall - progress > _STUCK_S:
                self._start_threads()

    def _start_threads(self) -> None:
        """Start one more thread in each lane that has tasks waiting and room for it."""
        with self._ended:
            left = _MOST_IN_ALL - sum(len(lane.tasks) for lane in self._lanes.values())
            short = [one for one in self._lanes.values() if len(one) and one.has_room(self._most)]
            joining = [(lane, object()) for lane in short[: max(left, 0)]]
            for lane, thread in joining:
                lane.tasks[thread] = "", time.monotonic()
        for one in joining:
            threading.Thread(target=self._work, args=one, name="look", daemon=True).start()

    def _work(self, lane: _Lane, thread: object) -> None:
        while (task := self._next(lane, thread)) is not None:
            key, job = task
            try:
                job(key)
            except BaseException as error:  # `do` raises it again
                self._failure = error
            finally:
                self._running.discard(key)

    def _next(self, lane: _Lane, thread: object) -> tuple[str, Job] | None:
        """Return the lane's next task; without one, this thread no longer counts."""
        with self._ended:
            if len(lane):
                key, job = lane.take()
                lane.tasks[thread] = key, lane.moved
                return key, job
            del lane.tasks[thread]
            self._ended.notify_all()
            return None
