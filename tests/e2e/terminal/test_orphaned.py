"""A shell that is killed while it is given the terminal: no console stays behind, stopped for ever.

Where nobody is left to wake a job, the kernel drops SIGTSTP, and not SIGSTOP.
"""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SampleListing
from tests.support.place import REPOSITORY
from tests.support.processes.runs_site import wait
from tests.support.processes.terminal import Terminal

CEILING = 60.0
# The shell is killed behind the console's look for it, and before the console stops.
KILLED = """
import os, signal, sys, time
from tui.ui.terminal import suspend
def why_not(real=suspend.why_not):
    found, shell = real(), os.getppid()
    os.kill(shell, signal.SIGKILL)
    while os.getppid() == shell:
        time.sleep(0.01)
    return found
if sys.argv[1] == "killed":
    suspend.why_not = why_not
from tui.__main__ import main
main(sys.argv[2:])
"""


@contextmanager
def inside(tmp_path: Path, shells: int, how: str) -> Iterator[tuple[Terminal, int]]:
    """Run the console in so many shells, one in another; give its pid too."""
    listing = SampleListing(tmp_path / "root")
    listing.add(FIRST)
    (tmp_path / "console.py").write_text(KILLED)
    words = [sys.executable, str(tmp_path / "console.py"), how, "--root", str(listing.root)]
    bash = ["bash", "--noprofile", "--norc", "-i"]
    here = str(REPOSITORY)
    environment = {"XDG_STATE_HOME": str(tmp_path / "state"), "SSH_CONNECTION": ""}
    environment |= {"PS1": "$ ", "HISTFILE": "", "PYTHONPATH": here}
    with Terminal(bash, environment=environment) as terminal:
        terminal.wait_for("$")
        for _ in range(shells - 1):
            terminal.send(f"PS1='inner> ' {shlex.join(bash)}\r")
            terminal.wait_for("inner>")
        terminal.send(f"{shlex.join(words)}\r")
        terminal.wait_for("? help", "· ready", seconds=CEILING)
        pid = terminal.process.pid
        for _ in range(shells):
            pid = int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
        try:
            yield terminal, pid
        finally:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def state_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


@pytest.mark.parametrize("shells", [1, 2])
def test_a_console_whose_shell_is_killed_as_it_stops_leaves(tmp_path: Path, shells: int) -> None:
    with inside(tmp_path, shells, "killed") as (terminal, pid):
        terminal.write(b"\x1a")
        wait(lambda: state_of(pid) in ("", "Z"), CEILING)


@pytest.mark.parametrize("shells", [1, 2])
def test_a_console_whose_shell_is_killed_while_it_is_stopped_leaves(
    tmp_path: Path, shells: int
) -> None:
    with inside(tmp_path, shells, "waits") as (terminal, pid):
        shell = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        terminal.write(b"\x1a")
        wait(lambda: state_of(pid) == "T", CEILING)
        os.kill(shell, signal.SIGKILL)
        wait(lambda: state_of(pid) in ("", "Z"), CEILING)
