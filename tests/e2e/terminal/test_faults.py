"""A fault in a thread that reads keys or writes to the terminal: it is told, and both go on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SampleListing
from tests.support.place import REPOSITORY
from tests.support.processes.runs_site import wait
from tests.support.processes.terminal import Terminal

CEILING = 60.0
FAULTY = """
import os, sys
from tui.ui.terminal import driver, link
armed, left = sys.argv[1], [3]
def failing(real):
    def call(*given, **named):
        if left[0] and os.path.exists(armed):
            left[0] -= 1
            raise KeyError("nobody foresaw this")
        return real(*given, **named)
    return call
class Faulty:
    def __init__(self, file):
        self._file = file
        self.write, self.flush = failing(file.write), failing(file.flush)
    def __getattr__(self, name):
        return getattr(self._file, name)
where, _, what = sys.argv[2].partition(".")
if where == "file":
    sys.__stderr__ = Faulty(sys.__stderr__)
else:
    owner = {"Keyboard": driver.Keyboard, "ConsoleDriver": driver.ConsoleDriver,
             "LinkDriver": link.LinkDriver, "select": driver.select}[where]
    setattr(owner, what, failing(getattr(owner, what)))
from tui.__main__ import main
main(sys.argv[3:])
"""


@contextmanager
def faulty(tmp_path: Path, where: str) -> Iterator[Terminal]:
    """Run a console in which something fails three times, once `armed` is there."""
    listing = SampleListing(tmp_path / "root")
    listing.add(FIRST)
    words = [sys.executable, "-c", FAULTY, str(tmp_path / "armed"), where]
    words += ["--root", str(listing.root), "--operator", "anna"]
    environment = {"XDG_STATE_HOME": str(tmp_path / "state"), "SSH_CONNECTION": ""}
    here = REPOSITORY
    with Terminal(words, environment=environment, cwd=here) as terminal:
        terminal.wait_for("? help", "· ready", seconds=CEILING)
        (tmp_path / "armed").touch()
        yield terminal


@pytest.mark.parametrize(
    ("where", "name"),
    [
        ("Keyboard.feed", "reading keys"),
        ("Keyboard.idle", "reading keys"),
        ("ConsoleDriver._read", "reading keys"),
        ("ConsoleDriver.process_message", "reading keys"),
        ("select.select", "reading keys"),
        ("LinkDriver.took", "drawing"),
        ("file", "drawing"),
    ],
)
def test_a_fault_is_told_and_keys_and_pictures_go_on(tmp_path: Path, where: str, name: str) -> None:
    """Without the guards around these loops a thread ends, and the console hears nothing more."""
    looks = count()
    with faulty(tmp_path, where) as terminal:

        def is_spent() -> bool:
            if next(looks) % 10 == 0:  # and between them nothing, for what silence makes of keys
                terminal.send("?")
                terminal.send("\x1b")
            log = next((tmp_path / "state").rglob("faults.log"), None)
            return log is not None and log.read_text().count("nobody foresaw this") >= 3

        wait(is_spent, CEILING)
        (written,) = (tmp_path / "state").rglob("faults.log")
        assert name in written.read_text()
        terminal.send("\x1b")
        terminal.line("/filter01")
        terminal.wait_for("> filter01", seconds=CEILING)
        terminal.send("\x15")
        terminal.send("\x1b")
        terminal.wait_for("? help", seconds=CEILING)
        terminal.send("q")
        assert terminal.process.wait(CEILING) == 0
