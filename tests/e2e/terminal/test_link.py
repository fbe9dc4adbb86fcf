"""A link that stalls or is slow: nothing waits for it, and its last picture is the true one."""

from __future__ import annotations

import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing
from tests.support.place import REPOSITORY
from tests.support.processes.growing_session import shown
from tests.support.processes.runs_site import wait
from tests.support.processes.terminal import Terminal

STALL_S = 5.0
LATE_S = 0.3  # one that waits for the link is late by seconds
BACK = (b"\x1b[?1049l", b"\x1b[?25h")  # the terminal is the shell's again, with a cursor
REDRAW = "\x0c"
_PACKAGE = REPOSITORY


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    for number in range(24):
        session_id = f"{number:04x}{FIRST[4:]}"
        listing.track(session_id, days=5)
        listing.write_transcript(session_id, *("What was said." for _ in range(30)))
    return listing


@pytest.fixture
def screen(listing: SampleListing, tmp_path: Path) -> Iterator[Terminal]:
    command = (
        sys.executable,
        "-m",
        "tests.support.console.loop_delay",
        str(listing.root),
        str(tmp_path / "late"),
    )
    # When the owner of a terminal exits, the kernel drops what nobody has read: a shell owns it.
    with Terminal(command, owns=False) as screen:
        screen.wait_for("hollis_park", "What was said.")
        yield screen


def fill(screen: Terminal, seconds: float) -> None:
    """Stop reading, and have all painted over and over until nothing more can be written."""
    screen.pace = 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        screen.send(REDRAW)
        time.sleep(0.05)


def test_a_stalled_link_delays_nothing_and_ends_with_the_true_screen(
    screen: Terminal, listing: SampleListing, tmp_path: Path
) -> None:
    """The loop is never late by over 0.3 s, less what it queued for a processor (see `loop_delay`).

    With frames that are never skipped it is late by as long as the link stood still.
    """
    time.sleep(1)
    late = tmp_path / "late"
    late.unlink()
    fill(screen, STALL_S - 2)
    before = screen.received
    listing.add(SECOND, days=6)
    screen.send("2s\x1b[B")
    time.sleep(1)
    assert screen.received == before
    screen.pace = None
    screen.wait_for("▲ENDS", "25")
    assert float(late.read_text()) <= LATE_S
    caught_up = screen.received - before
    assert caught_up < 60_000
    picture = still(screen)
    before = screen.received
    screen.send(REDRAW)
    wait(lambda: screen.received != before and screen.picture == picture)
    assert float(late.read_text()) <= LATE_S


def still(screen: Terminal) -> list[tuple[str, ...]]:
    """Return the picture when it has not changed for a while."""
    while True:
        picture = screen.picture
        time.sleep(0.6)
        if screen.picture == picture:
            return picture


@pytest.mark.parametrize(
    "leave",
    [
        lambda screen: screen.process.send_signal(signal.SIGTERM),
        lambda screen: screen.process.send_signal(signal.SIGHUP),
        lambda screen: screen.send("q"),
    ],
    ids=["SIGTERM", "SIGHUP", "q"],
)
def test_a_stalled_link_keeps_nobody(screen: Terminal, leave: Callable[[Terminal], None]) -> None:
    fill(screen, 2)
    screen.send("2")
    leave(screen)
    screen.process.wait(60)
    screen.pace = None
    wait(lambda: all(sequence in screen.raw for sequence in BACK))


def test_over_a_slow_link_keys_are_answered_while_an_agent_writes(tmp_path: Path) -> None:
    with shown(tmp_path) as (screen, _, agent):
        screen.pace = 20 * 1024
        screen.send("\r")
        agent.write(100, 2)
        screen.send("?")
        agent.write(100, 0.3)
        screen.wait_for("Keys and verbs")
        screen.send("q")
        agent.write(100, 0.3)
        screen.wait_for("● running")


_CLAIMS = [(8000, 8000), (65535, 65535), (0, 0), (1, 1), (65535, 1)]
_MOST_MB = 130  # twice what a console takes that is drawn as large as any


def taken_mb(pid: int) -> int:
    """Return the most memory that a process ever took."""
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) // 1024


@pytest.mark.parametrize("is_later", [False, True], ids=["at its start", "resized"])
@pytest.mark.parametrize("claims", _CLAIMS, ids=str)
def test_a_terminal_of_any_size_costs_little_and_keeps_nobody(
    listing: SampleListing, claims: tuple[int, int], is_later: bool
) -> None:
    """Without the bound 8000 by 8000 cells take 1.4 GB, and minutes after the line is gone."""
    command = (sys.executable, "-m", "tui", "--root", str(listing.root))
    with Terminal(command, claims=(80, 24) if is_later else claims) as screen:
        wait(lambda: b"\x1b[?1049h" in screen.raw)
        if is_later:
            screen.wait_for("hollis_park", "What was said.")
            screen.claim(*claims)
        still(screen)
        assert taken_mb(screen.process.pid) < _MOST_MB
        screen.hang_up()
        screen.process.wait(60)


def test_a_console_that_is_too_busy_to_hear_of_it_ends_with_its_line(tmp_path: Path) -> None:
    """Without the guard a console that computes for minutes does so for nobody."""
    program = tmp_path / "busy.py"
    program.write_text(
        "import sys\n"
        "from tui.ui import app\n"
        "mounted = app.ConsoleApp.on_mount\n"
        "def busy(self):\n"
        "    mounted(self)\n"
        "    print('busy', file=sys.__stderr__, flush=True)\n"
        "    while True: pass\n"
        "app.ConsoleApp.on_mount = busy\n"
        "from tui.__main__ import main\n"
        f"main(['--root', {str(tmp_path)!r}])\n"
    )
    with Terminal((sys.executable, str(program)), environment={"PYTHONPATH": str(_PACKAGE)}) as one:
        one.wait_for("busy")
        one.hang_up()
        assert one.process.wait(60) == 129
