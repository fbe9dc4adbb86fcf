"""The first minute of a newcomer: the demo in a real tmux, at both sizes, with real agents."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.runs_site import wait


class Tmux:
    """A tmux server of its own with one window."""

    def __init__(self, socket: Path, columns: int, rows: int) -> None:
        if shutil.which("tmux") is None:
            pytest.fail("this test needs tmux: apt-get install tmux")
        self._base = ["tmux", "-S", str(socket), "-f", "/dev/null"]
        self._columns, self._rows = columns, rows

    def start(self, *command: str, temporary: Path) -> None:
        """Run a command in the window; what it leaves behind would be below `temporary`.

        `COLUMNS` is exported, as some shells do: a resize must be seen all the same.
        """
        size = ("-x", str(self._columns), "-y", str(self._rows))
        environment = ("-e", f"TMPDIR={temporary}", "-e", "SSH_CONNECTION=", "-e", "COLUMNS=80")
        self.call("new-session", "-d", *size, *environment, *command)
        self.call("set-option", "remain-on-exit", "on")

    def call(self, *words: str) -> str:
        """Return what a tmux command prints."""
        done = subprocess.run([*self._base, *words], capture_output=True, text=True, check=True)
        return done.stdout

    def keys(self, *keys: str) -> None:
        """Press keys by tmux's names for them."""
        self.call("send-keys", *keys)

    @property
    def text(self) -> str:
        """What the window shows."""
        return self.call("capture-pane", "-p")

    def wait_for(self, is_so: Callable[[str], bool], seconds: float = 60) -> str:
        """Wait until the window shows what is wanted and return it."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            text = self.text
            if is_so(text):
                return text
            time.sleep(0.1)
        raise AssertionError(f"it never came:\n{self.text}")


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    server = Tmux(tmp_path / "tmux", 80, 24)
    yield server
    subprocess.run([*server._base, "kill-server"], capture_output=True, check=False)


def agents_of(folder: Path) -> list[str]:
    """Return the command lines of all processes that speak of a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in line and int(entry.name) != os.getpid() and "tmux" not in line:
            found.append(line)
    return found


def test_the_demo_shows_agents_that_talk_and_leaves_nothing_behind(
    tmux: Tmux, tmp_path: Path
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    tmux.start(sys.executable, "-m", "tui", "--demo", temporary=temporary)
    text = tmux.wait_for(lambda text: text.count("● busy") >= 2 and "? waiting" in text)
    assert " failed  " in text
    folders = list(temporary.iterdir())
    assert len(folders) == 1
    assert agents_of(temporary)
    tmux.keys("/", *"busy", "Enter")
    before = tmux.wait_for(lambda text: "▌" in text)
    tmux.wait_for(lambda text: "▌" in text and text != before)
    tmux.call("resize-window", "-x", "120", "-y", "36")
    text = tmux.wait_for(lambda text: "1 Listings" in text and "3 Expiry" in text)
    assert "2 Sessions" in text
    assert "penrose_con" in text
    tmux.keys("q")
    wait(lambda: tmux.call("list-panes", "-F", "#{pane_dead}").strip() == "1", 30)
    assert list(temporary.iterdir()) == []
    assert agents_of(temporary) == []
