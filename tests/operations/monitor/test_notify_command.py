"""The notify command: processes that it leaves in the background are not waited for."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.operations.monitor.test_alerts import Bell, _failed, look
from tests.support.listings.sample_listing import SampleListing
from tests.support.processes.runs_site import wait
from tui.operations.monitor.alerts import notify
from tui.operations.monitor.notify_command import run_command
from tui.safe_io.processes import started


def script(folder: Path, text: str) -> list[str]:
    path = folder / "command"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return [str(path)]


def run(words: list[str], given: str = "", patience_s: float = 60) -> tuple[int | None, str]:
    ended = run_command(words, given, dict(os.environ), patience_s)
    return ended.code, ended.errors


def pid_in(path: Path) -> int:
    return int(wait(lambda: path.exists() and path.read_text().strip()))


def end(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def test_what_stays_in_the_background_is_not_waited_for_and_lives_on(tmp_path: Path) -> None:
    """It keeps the pipes open: waiting for their end would wait for its end."""
    words = script(tmp_path, f"sleep 600 & echo $! >{tmp_path}/pid; echo begun >&2; exit 3")
    begun = time.monotonic()
    assert run(words) == (3, "begun\n")
    assert time.monotonic() - begun < 60
    pid = pid_in(tmp_path / "pid")
    assert started(pid)
    end(pid)


def test_it_may_go_on_to_write_its_errors(tmp_path: Path) -> None:
    """Without a reader of the pipe it would be killed by a signal."""
    later = f"(while test ! -e {tmp_path}/go; do :; done; echo late >&2; touch {tmp_path}/lived)"
    assert run(script(tmp_path, f"{later} & exit 0")) == (0, "")
    (tmp_path / "go").touch()
    wait(lambda: (tmp_path / "lived").exists())


def test_endless_errors_take_no_room_and_hold_up_nothing(tmp_path: Path) -> None:
    words = script(tmp_path, "head -c 50000000 /dev/zero | tr '\\0' x >&2 2>/dev/null; exit 4")
    code, errors = run(words)
    assert code == 4
    assert len(errors) <= 64 * 1024


def test_who_has_no_room_for_more_errors_is_told_so_and_gets_no_signal(tmp_path: Path) -> None:
    """Otherwise errors take unlimited memory, though only a bounded part is read."""
    text = f"head -c 5000000 /dev/zero >&2; echo $? >{tmp_path}/code; exit 4"
    assert run(script(tmp_path, text))[0] == 4
    assert 0 < int((tmp_path / "code").read_text()) < 128


def test_errors_and_news_of_any_bytes_are_told(tmp_path: Path) -> None:
    text = "cat >&2; printf '\\377\\0 end' >&2; exit 5"
    assert run(script(tmp_path, text), "a\ud800b ") == (5, "a?b \ufffd\0 end")


def test_one_that_reads_nothing_and_one_that_reads_much(tmp_path: Path) -> None:
    assert run(script(tmp_path, "exit 0"), "x" * 5_000_000) == (0, "")
    words = script(tmp_path, "wc -c >&2")
    assert run(words, "x" * 5_000_000) == (0, "5000000\n")


def test_one_that_takes_too_long_is_ended_with_its_group_and_no_other(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "600"]) as other:
        text = f"sleep 600 & echo $! >{tmp_path}/pid; wait"
        assert run(script(tmp_path, text), patience_s=2) == (None, "")
        inner = pid_in(tmp_path / "pid")
        wait(lambda: not started(inner))
        assert other.poll() is None
        other.kill()


@pytest.fixture
def bell(tmp_path: Path) -> Bell:
    return Bell(SampleListing(tmp_path / "outputs"), tmp_path)


def test_a_bell_that_rings_on_in_the_background_has_told(bell: Bell, tmp_path: Path) -> None:
    """If it counted as unfinished, it would be repeated every five minutes."""
    _failed(bell.listing)
    text = f"echo once >>{tmp_path}/rung; sleep 600 & echo $! >{tmp_path}/pid"
    (command,) = script(tmp_path, text)
    assert bell.ring(notify_command=command) == ""
    end(pid_in(tmp_path / "pid"))
    for hours in (0.0, 0.2):
        context = bell.context(hours=hours, notify_command=command)
        assert notify(context, look(bell.listing)) == ""
    assert (tmp_path / "rung").read_text() == "once\n"
