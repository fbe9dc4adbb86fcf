"""The console leaves at once, whatever its threads wait for, and gives the terminal back."""

from __future__ import annotations

import sys
import termios
from pathlib import Path

import pytest

from tests.hung_disk import hung_disk
from tests.sample_listing import FIRST, SECOND, SampleListing
from tests.terminal import Terminal

CEILING = 60.0


def started(root: Path, tmp_path: Path) -> Terminal:
    words = [sys.executable, "-m", "tui", "--root", str(root), "--operator", "anna"]
    environment = {"XDG_STATE_HOME": str(tmp_path / "state"), "SSH_CONNECTION": ""}
    return Terminal(words, environment=environment, cwd=Path(__file__).parent.parent)


@pytest.mark.parametrize("is_selected", [False, True], ids=["looking", "acting"])
def test_a_disk_that_hangs_keeps_nobody(tmp_path: Path, *, is_selected: bool) -> None:
    """Waiting for a thread that looks there, the process would stay until the disk answers."""
    root = tmp_path / "root"
    SampleListing(root, "good").add(FIRST)
    stuck = SampleListing(root, "stuck")
    stuck.add(SECOND)
    with started(root, tmp_path) as terminal:
        terminal.wait_for("? help", "active stuck", seconds=CEILING)
        with hung_disk(stuck.folder):
            if is_selected:
                terminal.send("j")
                terminal.send("e7d\r")
                terminal.wait_for("Esc waits no longer")
                terminal.send("\x1b")
            terminal.wait_for("stuck stale", seconds=CEILING)
            attributes = terminal.attributes
            assert not attributes[3] & termios.ECHO
            terminal.write(b"q")
            assert terminal.process.wait(CEILING) == 0
            assert terminal.attributes[3] & termios.ECHO
            assert terminal.attributes[3] & termios.ICANON
            assert b"\x1b[?1049l" in terminal.raw
