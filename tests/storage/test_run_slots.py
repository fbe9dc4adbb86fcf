"""The places of a root: no more at once than there are, and first come, first served."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.open_files import open_files
from tui.runs.queue_gate import QueueGate
from tui.storage.run_slots import RunSlot


def test_no_more_enter_than_there_are_places_and_in_their_order(tmp_path: Path) -> None:
    runs = [RunSlot(tmp_path, f"2026{number}", 2) for number in range(5)]
    assert [one.try_enter() for one in runs[:2]] == ["", ""]
    assert runs[3].try_enter() == "2 already running"
    assert "1 ahead" in runs[4].try_enter()
    assert runs[2].try_enter() == "2 already running"
    runs[0].leave()
    assert "2 ahead" in runs[4].try_enter()
    assert runs[2].try_enter() == ""
    assert runs[2].try_enter() == ""
    runs[3].leave()
    runs[1].leave()
    assert runs[4].try_enter() == ""
    for one in runs:
        one.leave()
    assert {path.name for path in (tmp_path / ".session_console/slots").iterdir()} == {"0", "1"}


_WAIT = """
import sys, time
from pathlib import Path
from tui.storage.run_slots import RunSlot
slots = RunSlot(Path(sys.argv[1]), sys.argv[2], 1)
print(slots.try_enter() or "in", flush=True)
time.sleep(60)
"""


def test_who_is_killed_leaves_place_and_ticket(tmp_path: Path) -> None:
    started = []
    for name in ("a", "b"):
        code = [sys.executable, "-c", _WAIT, str(tmp_path), name]
        one = subprocess.Popen(code, stdout=subprocess.PIPE, text=True)
        assert one.stdout
        started.append((one, one.stdout.readline().strip()))
    assert [said for _, said in started] == ["in", "1 already running"]
    last = RunSlot(tmp_path, "c", 1)
    assert "1 ahead" in last.try_enter()
    for one, _ in started:
        os.kill(one.pid, signal.SIGKILL)
        one.communicate()
    assert last.try_enter() == ""
    assert {path.name for path in (tmp_path / ".session_console/slots").iterdir()} == {"0"}
    last.leave()


@pytest.mark.parametrize("kind", ["dangling", "link", "folder"])
def test_what_is_no_place_makes_room_for_nobody(tmp_path: Path, kind: str) -> None:
    place = tmp_path / ".session_console" / "slots" / "0"
    place.parent.mkdir(parents=True)
    (tmp_path / "elsewhere").touch()
    if kind == "folder":
        place.mkdir()
    else:
        place.symlink_to(tmp_path / ("elsewhere" if kind == "link" else "nowhere"))
    told: list[str] = []
    first, second = (QueueGate(tmp_path, name, 2, told.append) for name in "ab")
    assert [first.try_enter(), second.try_enter()] == ["", "2 already running"]
    first.leave()
    assert second.try_enter() == ""
    assert not told
    assert not (tmp_path / "nowhere").exists()


def test_a_ticket_that_cannot_be_made_leaves_nothing_open(tmp_path: Path) -> None:
    first, second = (RunSlot(tmp_path, name, 1) for name in "ab")
    assert first.try_enter() == ""
    (tmp_path / ".session_console" / "slots" / "wait-b").mkdir()
    before = open_files()
    assert second.try_enter() == "1 already running"
    assert open_files() <= before


def test_where_no_places_can_be_kept_a_run_goes_in_and_says_so(tmp_path: Path) -> None:
    (tmp_path / ".session_console").mkdir()
    (tmp_path / ".session_console" / "slots").touch()
    told: list[str] = []
    assert QueueGate(tmp_path, "a", 1, told.append).try_enter() == ""
    assert [words.partition(":")[0] for words in told] == ["max_runs is not enforced"]


def test_who_is_frozen_is_passed_over_and_who_knocks_is_not(tmp_path: Path) -> None:
    """A frozen process keeps its lock: all behind it would wait for ever."""
    now = [0.0]
    first = RunSlot(tmp_path, "a", 1)
    assert first.try_enter() == ""
    code = [sys.executable, "-c", _WAIT, str(tmp_path), "b"]
    with subprocess.Popen(code, stdout=subprocess.PIPE, text=True) as frozen:
        assert frozen.stdout
        assert frozen.stdout.readline().strip() == "1 already running"
        os.kill(frozen.pid, signal.SIGSTOP)
        knocking, last = RunSlot(tmp_path, "c", 1), RunSlot(tmp_path, "d", 1, lambda: now[0])
        for one in (knocking, last):
            one.try_enter()
        first.leave()
        assert last.try_enter() == "1 already running, 2 ahead of it"
        for _ in range(4):
            now[0] += 4
            os.utime(tmp_path / ".session_console/slots/wait-c", (now[0], now[0]))
            said = last.try_enter()
        assert said == "1 already running, 1 ahead of it"
        knocking.leave()
        assert last.try_enter() == ""
        os.kill(frozen.pid, signal.SIGKILL)
    last.leave()
