"""A few threads: what hangs holds up nothing else, is not begun twice, and keeps no process."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tui.operations.crew import Crew


def test_every_key_is_done_once() -> None:
    done: list[str] = []
    keys = [str(number) for number in range(1000)]
    assert Crew().do(keys, done.append, 1.0) == frozenset()
    assert sorted(done) == sorted(keys)
    assert Crew().do([], done.append, 1.0) == frozenset()


def test_what_hangs_holds_up_nothing_else_and_is_not_begun_again() -> None:
    crew, gate, begun = Crew(), threading.Event(), []

    def job(key: str) -> None:
        begun.append(key)
        if key == "hung":
            gate.wait(30)

    start = time.monotonic()
    assert crew.do(["hung", *"abc"], job, 0.2) == {"hung"}
    assert crew.do(["hung", *"abc"], job, 0.2) == {"hung"}
    assert time.monotonic() - start < 10
    assert begun.count("hung") == 1
    assert begun.count("c") == 2
    gate.set()
    _until(lambda: crew.do(["a"], job, 0.2) == frozenset() and not _threads())
    assert crew.do(["hung"], job, 0.2) == frozenset()
    assert begun.count("hung") == 2


def test_it_waits_as_long_as_something_is_being_done() -> None:
    crew = Crew(most=1)
    assert crew.do("abcdefgh", lambda key: time.sleep(0.05), 0.2) == frozenset()
    late = crew.do("abcdefgh", lambda key: time.sleep(0.05), 0.2, at_most_s=0.1)
    assert 0 < len(late) < 8


def test_the_first_may_take_longer() -> None:
    assert Crew().do("a", lambda key: time.sleep(0.3), 0.05, first_s=5) == frozenset()
    assert Crew().do("a", lambda key: time.sleep(0.3), 0.05) == {"a"}


def test_threads_that_wait_are_joined_by_more_and_never_by_too_many() -> None:
    crew, gate = Crew(most=4), threading.Event()
    keys = [str(number) for number in range(20)]
    assert len(crew.do(keys, lambda key: gate.wait(30), 0.3)) == 20
    assert len(_threads()) == 4
    gate.set()
    _until(lambda: not _threads())


def test_what_a_job_raises_is_raised_to_who_asked() -> None:
    crew = Crew()
    with pytest.raises(ZeroDivisionError):
        crew.do("ab", lambda key: print(1 / 0), 1.0)
    assert crew.do("ab", lambda key: None, 1.0) == frozenset()


def test_what_hangs_does_not_keep_the_process() -> None:
    code = """
import time
from tui.operations.crew import Crew
print(*Crew().do(["hung"], lambda key: time.sleep(60), 0.1))
"""
    begun = time.monotonic()
    subprocess.run(
        [sys.executable, "-c", code], check=True, cwd=Path(__file__).parent.parent, timeout=30
    )
    assert time.monotonic() - begun < 20


def _threads() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name == "look"]


def _until(is_so: object) -> None:
    assert callable(is_so)
    for _ in range(200):
        if is_so():
            return
        time.sleep(0.02)
    raise AssertionError("it never came")
