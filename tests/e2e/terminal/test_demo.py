"""The first minute of a newcomer: the demo in a real tmux, at both sizes, with real agents."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes.runs_site import wait
from tests.support.processes.tmux import Tmux


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    server = Tmux(tmp_path / "tmux", 80, 24)
    yield server
    server.end()


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
    first = (" live  ", "? waiting", " failed  ")
    tmux.wait_for(lambda text: all(one in text for one in first))
    folders = list(temporary.iterdir())
    assert len(folders) == 1
    assert agents_of(temporary)
    tmux.keys("/", *"running", "Enter")
    before = tmux.wait_for(lambda text: "▌" in text)
    tmux.wait_for(lambda text: "▌" in text and text != before)
    tmux.call("resize-window", "-x", "120", "-y", "36")
    panes = ("1 Listings", "2 Sessions", "3 Expiry", "penrose_con")
    tmux.wait_for(lambda text: all(one in text for one in panes))
    tmux.keys("q")
    wait(lambda: tmux.call("list-panes", "-F", "#{pane_dead}").strip() == "1")
    assert list(temporary.iterdir()) == []
    assert agents_of(temporary) == []
