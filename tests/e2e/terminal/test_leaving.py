"""The console leaves at once, whatever its threads wait for, and gives the terminal back."""

from __future__ import annotations

import shutil
import signal
import sys
import termios
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.operations.running.test_steer import add_run
from tests.support.hostile.hung_disk import hung_disk
from tests.support.hostile.planted_request import plant_request
from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing
from tests.support.place import REPOSITORY
from tests.support.processes.terminal import Terminal
from tui.storage.session_locks import SessionLock

CEILING = 60.0


def started(root: Path, tmp_path: Path) -> Terminal:
    words = [sys.executable, "-m", "tui", "--root", str(root), "--operator", "anna"]
    environment = {"XDG_STATE_HOME": str(tmp_path / "state"), "SSH_CONNECTION": ""}
    return Terminal(words, environment=environment, cwd=REPOSITORY)


UNHURRIED = """
import sys
from tui.ui.terminal import driver
driver._LOOKS_UP_AT_REST = 3600.0
from tui.__main__ import main
main(sys.argv[1:])
"""


def test_who_waits_for_a_key_is_woken_to_leave(tmp_path: Path) -> None:
    """Else the console would stay until it looks up by itself."""
    listing = SampleListing(tmp_path / "root")
    listing.add(FIRST)
    words = [sys.executable, "-c", UNHURRIED, "--root", str(listing.root), "--operator", "anna"]
    environment = {"XDG_STATE_HOME": str(tmp_path / "state"), "SSH_CONNECTION": ""}
    with Terminal(words, environment=environment, cwd=REPOSITORY) as terminal:
        terminal.wait_for("? help", "ready", seconds=CEILING)
        terminal.process.send_signal(signal.SIGTERM)
        terminal.process.wait(CEILING)
        assert terminal.attributes[3] & termios.ECHO


@pytest.mark.parametrize("is_selected", [False, True], ids=["looking", "acting"])
def test_a_disk_that_hangs_keeps_nobody(tmp_path: Path, *, is_selected: bool) -> None:
    """Waiting for a thread that looks there, the process would stay until the disk answers."""
    root = tmp_path / "root"
    SampleListing(root, "good").add(FIRST)
    stuck = SampleListing(root, "stuck")
    stuck.add(SECOND)
    with started(root, tmp_path) as terminal:
        terminal.wait_for("? help", "ready stuck", seconds=CEILING)
        with hung_disk(stuck.folder):
            if is_selected:
                terminal.send("j")
                terminal.line("e7d\r")
                terminal.wait_for("Esc: continue in background")
                terminal.send("\x1b")
            terminal.wait_for("stuck stale", seconds=CEILING)
            attributes = terminal.attributes
            assert not attributes[3] & termios.ECHO
            terminal.write(b"q")
            assert terminal.end() == 0
            assert terminal.attributes[3] & termios.ECHO
            assert terminal.attributes[3] & termios.ICANON
            assert b"\x1b[?1049l" in terminal.raw


@pytest.mark.parametrize("keys", ["a", "ay", "r", ":rename old\r", ":send go\r"])
def test_a_deed_that_a_stuck_disk_holds_up_is_left_by_esc_and_by_a_signal(
    tmp_path: Path, keys: str
) -> None:
    """Else the keyboard is gone for good, and its threads keep even SIGTERM waiting."""
    root = tmp_path / "root"
    stuck = SampleListing(root, "stuck")
    stuck.add(FIRST)
    folder = add_run(stuck)
    plant_request(folder, datetime.now(UTC), "Bash", {"command": "ls"})
    is_asked = keys[0] in ":a"
    with ExitStack() as places:
        if is_asked:
            places.enter_context(SessionLock.take(stuck.folder, FIRST))
        else:
            shutil.rmtree(folder)
        terminal = places.enter_context(started(root, tmp_path))
        terminal.wait_for("? help", "waiting" if is_asked else "· ready", seconds=CEILING)
        if keys == "ay":
            terminal.send("a")
            terminal.wait_for("shown in full")
        with hung_disk(stuck.folder):
            terminal.line(keys) if keys[0] == ":" else terminal.send(keys[-1])
            terminal.wait_for("...", "Esc")
            terminal.send("\x1b")
            terminal.wait_for("? help")
            assert terminal.process.poll() is None
            terminal.send("r" if keys == "r" else "a")
            terminal.wait_for("...", "Esc")
            terminal.process.send_signal(signal.SIGTERM)
            assert terminal.process.wait(CEILING) is not None
        terminal.hang_up()
        assert b"Traceback" not in terminal.raw
