"""Under a real interactive shell in a real terminal: stopped and brought back, whoever asked."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing
from tests.support.place import REPOSITORY
from tests.support.processes.terminal import Terminal

SUSPENDS = 40
CEILING = 60.0


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Terminal]:
    """A `bash -i` in a terminal; `console` starts the console in it."""
    listing = SampleListing(tmp_path / "root")
    listing.add(FIRST)
    listing.add(SECOND)
    words = [sys.executable, "-m", "tui", "--root", str(listing.root), "--operator", "anna"]
    here = shlex.quote(str(REPOSITORY))
    (tmp_path / "rc").write_text(f"PS1='$ '\ncd {here}\nconsole() {{ {shlex.join(words)}; }}\n")
    environment = {"XDG_STATE_HOME": str(tmp_path / "state"), "SSH_CONNECTION": "", "HISTFILE": ""}
    command = ["bash", "--noprofile", "--rcfile", str(tmp_path / "rc"), "-i"]
    with Terminal(command, environment=environment) as terminal:
        terminal.wait_for("$")
        terminal.send("console\r")
        terminal.wait_for("? help", "· ready", seconds=CEILING)
        yield terminal


def until(is_so: Callable[[], bool], what: str, terminal: Terminal) -> None:
    """Wait until it is so, or fail with the screen."""
    ends = time.monotonic() + CEILING
    while not is_so():
        assert time.monotonic() < ends, f"{what}:\n{terminal.text}"
        time.sleep(0.02)


def console_pid(terminal: Terminal) -> int:
    bash = terminal.process.pid
    (pid,) = Path(f"/proc/{bash}/task/{bash}/children").read_text().split()
    return int(pid)


def is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def said_stopped(terminal: Terminal) -> int:
    """Return how often the shell said that a job of it stopped."""
    return terminal.raw.count(b"Stopped")


def is_the_shells(terminal: Terminal) -> bool:
    """Whether the terminal is as the shell sets it for its own line: signals are keys again."""
    return bool(terminal.attributes[3] & termios.ISIG)


def is_the_consoles(terminal: Terminal) -> bool:
    local = terminal.attributes[3]
    is_raw = not local & (termios.ISIG | termios.ICANON | termios.ECHO)
    return is_raw and not is_stopped(console_pid(terminal)) and "QUIET" in terminal.text


def stopped_by_key(terminal: Terminal) -> None:
    before = said_stopped(terminal)
    terminal.write(b"\x1a")
    until(lambda: said_stopped(terminal) > before, "it did not stop", terminal)
    until(lambda: is_the_shells(terminal), "the terminal is not as it was", terminal)


def brought_back(terminal: Terminal, keys: str = "") -> None:
    """Bring it back, with `keys` typed ahead of it in the same breath."""
    terminal.write(f"fg\r{keys}".encode())
    until(lambda: is_the_consoles(terminal), "it did not come back", terminal)


def typed(terminal: Terminal, keys: str, shown: str) -> None:
    """Type keys one by one, as fast as they are taken; each must have come once and in order."""
    for key in keys:
        terminal.write(key.encode())
        time.sleep(0.002)
    until(lambda: shown in terminal.text, f"{shown!r} never came", terminal)


def closed(terminal: Terminal) -> None:
    """Leave the open line, empty."""
    terminal.write(b"\x15")
    terminal.write(b"\x1b")
    until(lambda: not terminal.text.split("\n")[-1].startswith(" >"), "it stays open", terminal)


def test_forty_suspends_lose_no_key_and_double_none(shell: Terminal) -> None:
    for number in range(SUSPENDS):
        stopped_by_key(shell)
        brought_back(shell)
        words = f"filter{number:02}"
        typed(shell, f"/{words}", f"> {words}")
        closed(shell)


@pytest.mark.parametrize("gap", [0.0, 0.05])
def test_what_is_typed_behind_the_key_is_the_shells(shell: Terminal, gap: float) -> None:
    for number in range(5):
        shell.write(b"\x1a")
        if gap:
            time.sleep(gap)
        for part in ("echo", " go", f"t{number} ."):
            shell.write(part.encode())
            time.sleep(gap)
        shell.write(b"\r")
        shell.wait_for(f" got{number} ", seconds=CEILING)
        brought_back(shell, "j/ab")
        until(lambda: "> ab" in shell.text, "typed ahead, and lost", shell)
        closed(shell)


def test_a_stop_from_outside_is_the_same_also_while_a_question_is_open(shell: Terminal) -> None:
    pid = console_pid(shell)
    shell.send("/")
    typed(shell, "half", "> half")
    for _ in range(5):
        os.kill(pid, signal.SIGTSTP)
        until(lambda: is_the_shells(shell) and is_stopped(pid), "it did not stop", shell)
        brought_back(shell)
        until(lambda: "> half" in shell.text, "the line is not there", shell)
    typed(shell, "way", "> halfway")


def test_sigcont_alone_changes_nothing(shell: Terminal) -> None:
    pid = console_pid(shell)
    before = shell.attributes
    for _ in range(5):
        os.kill(pid, signal.SIGCONT)
        until(lambda: is_the_consoles(shell), "it went away", shell)
    typed(shell, "/abc", "> abc")
    assert shell.attributes == before


def test_a_stop_that_could_not_be_foreseen_is_made_good(shell: Terminal) -> None:
    pid = console_pid(shell)
    for number in range(5):
        os.kill(pid, signal.SIGSTOP)
        until(lambda: is_stopped(pid), "it did not stop", shell)
        shell.write(b"\r")
        time.sleep(0.1)
        shell.write(b"fg\r")
        until(lambda: is_the_consoles(shell), "it did not come back", shell)
        typed(shell, f"/ab{number}", f"> ab{number}")
        closed(shell)


def test_in_the_background_it_stays_stopped(shell: Terminal) -> None:
    pid = console_pid(shell)
    stopped_by_key(shell)
    shell.write(b"bg\r")
    until(lambda: is_stopped(pid), "it runs in the background", shell)
    shell.write(b"echo still$((40+2))\r")
    until(lambda: "still42" in shell.text, "the shell has no terminal", shell)
    brought_back(shell)
    typed(shell, "/abc", "> abc")


def test_it_comes_back_at_another_size(shell: Terminal) -> None:
    stopped_by_key(shell)
    shell.resize(120, 36)
    shell.write(b"fg\r")
    shell.wait_for("3 Expiry", "SIZE COST", ": verbs", seconds=CEILING)
    typed(shell, "/abc", "> abc")
