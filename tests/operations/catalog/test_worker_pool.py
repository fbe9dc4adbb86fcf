"""Worker pool: a hung task blocks no other, is not started twice, and does not stop the exit."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from functools import partial

import pytest

from tests.support.place import REPOSITORY
from tests.support.processes.runs_site import wait
from tui.operations.catalog.worker_pool import Late, WorkerPool


def test_every_key_is_done_once() -> None:
    done: list[str] = []
    keys = [str(number) for number in range(1000)]
    assert WorkerPool().do(keys, done.append, 1.0) == frozenset()
    assert sorted(done) == sorted(keys)
    assert WorkerPool().do([], done.append, 1.0) == frozenset()


def test_what_hangs_holds_up_nothing_else_and_is_not_begun_again() -> None:
    crew, gate, begun = WorkerPool(), threading.Event(), []

    def job(key: str) -> None:
        begun.append(key)
        if key == "hung":
            gate.wait(200)

    assert "hung" in crew.do(["hung", *"abc"], job, 0.2)
    wait(lambda: crew.do(["hung", *"abc"], job, 0.2) == {"hung"})
    assert not gate.is_set()
    assert begun.count("hung") == 1
    assert begun.count("c") >= 2
    gate.set()
    wait(lambda: crew.do(["a"], job, 0.2) == frozenset() and not _threads())
    assert crew.do(["hung"], job, 60) == frozenset()
    assert begun.count("hung") == 2


class Clock:
    """Advances only when a job says so; its CPU time is real."""

    process_time = staticmethod(time.process_time)

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr("tui.operations.catalog.worker_pool.time", self)

    def monotonic(self) -> float:
        return self.now


def test_it_waits_as_long_as_something_is_being_done(monkeypatch: pytest.MonkeyPatch) -> None:
    crew, clock, gate = WorkerPool(most=1), Clock(monkeypatch), threading.Event()

    def job(key: str) -> None:
        clock.now += 0.1

    assert crew.do("abcdefgh", job, 0.2) == frozenset()

    def hangs_at_d(key: str) -> None:
        job(key)
        if key == "d":
            gate.wait(200)

    assert crew.do("abcdefgh", hangs_at_d, 60, at_most_s=0.35) == {*"defgh"}
    gate.set()


def test_the_first_may_take_longer() -> None:
    assert WorkerPool().do("a", lambda key: time.sleep(0.3), 0.05, first_s=60) == frozenset()
    gate = threading.Event()
    assert WorkerPool().do("a", lambda key: gate.wait(200), 0.05) == {"a"}
    gate.set()


def test_threads_that_wait_are_joined_by_more_and_never_by_too_many() -> None:
    crew, gate = WorkerPool(most=4), threading.Event()
    keys = [str(number) for number in range(20)]
    most = 0

    def is_full() -> bool:
        nonlocal most
        assert len(crew.do(keys, lambda key: gate.wait(200), 0.3)) == 20
        most = max(most, len(_threads()))
        return most >= 12

    wait(is_full)
    assert most == 12  # four, and twice as many to replace stuck ones
    gate.set()
    wait(lambda: not _threads())


def test_what_hangs_in_one_lane_holds_up_none_of_another() -> None:
    """With one queue for all, the eighth hung task blocked the root too."""
    crew, gate, done = WorkerPool(), threading.Event(), set[str]()

    def job(key: str) -> None:
        if key.startswith("hung"):
            gate.wait(200)
        done.add(key)

    hung = [f"hung {number}" for number in range(100)]
    fine = [f"fine {number}" for number in range(50)]

    def lane(key: str) -> str:
        return key.split()[0]

    wait(lambda: crew.do([*hung, *fine], job, 2.0, lane_of=lane) == set(hung))
    wait(lambda: crew.do(["root", *fine], job, 2.0, lane_of=lane) == frozenset())
    assert done == {"root", *fine}
    assert len(_threads()) <= 24
    gate.set()
    wait(lambda: not _threads())


class TickingClock(Clock):
    """Advances a little each time it is asked."""

    def monotonic(self) -> float:
        self.now += 0.02
        return self.now


def test_a_lane_that_gets_on_slowly_is_not_waited_for_once_the_others_have_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crew, clock = WorkerPool(most=1), TickingClock(monkeypatch)

    def job(key: str) -> None:
        until = clock.now + 0.5
        while key.startswith("slow") and clock.now < until:
            time.sleep(0.001)

    keys = [*(f"slow {one}" for one in range(20)), *(f"fine {one}" for one in range(9))]
    late = crew.do(keys, job, 60, behind_s=1.5, lane_of=lambda key: key.split()[0])
    assert 0 < len(late) < 20
    assert all(one.startswith("slow") for one in late)
    wait(lambda: clock.monotonic() > 0 and not _threads())


def test_a_lane_is_not_waited_for_where_the_own_one_has_nothing_to_do_or_has_ended() -> None:
    """The own one always is, however long it takes."""
    crew, gates = WorkerPool(), {key: threading.Event() for key in ("own", "other")}

    def job(key: str) -> None:
        assert gates[key].wait(200)

    def do(*keys: str) -> frozenset[str]:
        return crew.do(keys, job, 200, behind_s=0.05, own="own", lane_of=lambda key: key)

    assert do("other") == {"other"}
    threading.Timer(0.5, gates["own"].set).start()
    assert do("other", "own") == {"other"}
    assert gates["own"].is_set()
    gates["other"].set()
    wait(lambda: not _threads())


def _is_longer(done: list[str], count: int) -> bool:
    return len(done) > count


def test_none_starves_behind_those_that_are_asked_for_again_and_again_or_go_ahead() -> None:
    """With the newest first, the last ones of a slow disk were read once those before them rest."""
    crew, steps, done = WorkerPool(most=1), threading.Semaphore(0), list[str]()

    def job(key: str) -> None:
        steps.acquire()
        done.append(key)

    keys = [f"key {number}" for number in range(9)]
    while not set(keys) <= set(done):
        crew.do(keys, job, 0.0, ahead={"key 7", "key 8"})
        count = len(done)
        steps.release()
        wait(partial(_is_longer, done, count))
        assert len(done) <= 3 * len(keys)
    assert done.index("key 7") < done.index("key 2")
    assert done.index("key 8") < done.index("key 6")
    steps.release(99)
    wait(lambda: not _threads())


def test_what_waits_already_can_go_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    TickingClock(monkeypatch)  # so that no thread counts as stuck, and one does all in turn
    crew, gate, done = WorkerPool(most=1), threading.Event(), list[str]()

    def job(key: str) -> None:
        gate.wait(200)
        done.append(key)

    crew.do("abcdef", job, 0.0)
    crew.do("f", job, 0.0, ahead={"f"})
    gate.set()
    wait(lambda: len(done) == 6)
    assert "".join(done) == "afbcde"


def test_a_dozen_that_hang_do_not_keep_the_rest_of_their_lane() -> None:
    """Stuck threads are replaced, so that the other tasks are done at each look."""
    crew, gate = WorkerPool(), threading.Event()

    def job(key: str) -> None:
        if key.startswith("hung"):
            gate.wait(200)

    hung, fine = [f"hung {one}" for one in range(12)], [f"fine {one}" for one in range(50)]
    for _ in range(3):
        wait(lambda: crew.do([*hung, *fine], job, 2.0) == set(hung))
    gate.set()
    wait(lambda: not _threads())


def test_it_says_what_is_silent_what_waits_behind_it_and_what_has_its_turn_coming(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crew, clock, gate = WorkerPool(most=1), Clock(monkeypatch), threading.Event()
    assert crew.do("ab", lambda key: gate.wait(200), 60, at_most_s=-1.0) == {*"ab"}
    wait(lambda: len(crew.late(60)) == 2)
    assert crew.late(1.0) == {"a": Late.SOON, "b": Late.SOON}
    assert crew.late(-1.0) == {"a": Late.SILENT, "b": Late.BEHIND}
    clock.now += 2
    assert crew.late(1.0) == {"a": Late.SILENT, "b": Late.BEHIND}
    gate.set()
    wait(lambda: not crew.late(1.0))


def test_lanes_are_bounded_in_all() -> None:
    crew, gate = WorkerPool(), threading.Event()
    keys = [f"{lane} {number}" for lane in range(30) for number in range(30)]

    def is_full() -> bool:
        crew.do(keys, lambda key: gate.wait(200), 0.3, lane_of=lambda key: key.split()[0])
        assert len(_threads()) <= 64
        return len(_threads()) == 64

    wait(is_full)
    gate.set()
    wait(lambda: not _threads())


def test_what_a_job_raises_is_raised_to_who_asked() -> None:
    crew = WorkerPool()
    with pytest.raises(ZeroDivisionError):
        crew.do("ab", lambda key: print(1 / 0), 1.0)
    assert crew.do("ab", lambda key: None, 1.0) == frozenset()


def test_what_hangs_does_not_keep_the_process() -> None:
    code = """
import time
from tui.operations.catalog.worker_pool import WorkerPool
print(*WorkerPool().do(["hung"], lambda key: time.sleep(600), 0.1))
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=REPOSITORY, timeout=120)


def _threads() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name == "look"]
