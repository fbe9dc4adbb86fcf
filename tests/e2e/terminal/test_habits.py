"""In a real tmux and a real shell: suspending, copying, and what a killed console leaves."""

from __future__ import annotations

import os
import re
import shlex
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing
from tests.support.place import REPOSITORY
from tests.support.processes.tmux import Tmux

KEYS = '[keys]\nresume = "R"\nsort = "x"\nlog = "L"\n'


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Tmux]:
    """A shell in a tmux; `console` starts the console there."""
    listing = SampleListing(tmp_path / "root")
    listing.add(FIRST)
    listing.add(SECOND)
    (tmp_path / "keys.toml").write_text(KEYS)
    words = [sys.executable, "-m", "tui", "--root", str(listing.root), "--operator", "anna"]
    lines = (
        "PS1='$ '",
        f"cd {shlex.quote(str(REPOSITORY))}",
        f"export XDG_STATE_HOME={shlex.quote(str(tmp_path / 'state'))}",
        f"export SESSION_CONSOLE_CONFIG={shlex.quote(str(tmp_path / 'keys.toml'))}",
        f"console() {{ {shlex.join(words)}; }}",
    )
    (tmp_path / "rc").write_text("\n".join(lines) + "\n")
    server = Tmux(tmp_path / "tmux", 80, 24)
    server.start("bash", "--noprofile", "--rcfile", str(tmp_path / "rc"), temporary=tmp_path)
    yield server
    server.end()


def still(text: str) -> str:
    """Return a screen without what the clock, the disk and looking change, and its message line."""
    lines = text.replace("•", " ").split("\n")
    return re.sub(r"\d+[smhd]\b|\d\d:\d\d", "", "\n".join(lines[1:-3] + lines[-2:]))


def is_read(text: str) -> bool:
    """Whether Live shows what the second session said."""
    return "Let me look." in text.partition("9f2d0000  · ready")[2]


def test_a_suspended_console_gives_the_terminal_back_and_returns_as_it_was(shell: Tmux) -> None:
    shell.wait_for(lambda text: "$" in text)
    shell.keys(*"console", "Enter")
    shell.wait_for(lambda text: "· ready" in text)
    shell.keys("j", "Space")
    shown = shell.wait_for(lambda text: "1 marked" in text and is_read(text))
    shell.keys("C-z")
    shell.wait_for(lambda text: "Stopped" in text and "QUIET" not in text)
    shell.call("send-keys", "-l", "stty -a | tr ' ' '\\n' | grep -cx -e icanon -e echo -e isig")
    shell.keys("Enter")
    shell.wait_for(lambda text: "\n3\n" in text)
    shell.call("send-keys", "-l", "fg")
    shell.keys("Enter")
    shell.wait_for(lambda text: still(text) == still(shown))
    shell.keys("k")
    shell.wait_for(lambda text: "1 marked" in text)
    shell.keys("q")
    shell.wait_for(lambda text: "QUIET" not in text)


def test_keys_are_those_of_the_file_and_what_is_copied_is_in_the_buffer(shell: Tmux) -> None:
    shell.wait_for(lambda text: "$" in text)
    shell.keys(*"console", "Enter")
    shell.wait_for(lambda text: "· ready" in text and "R resume" in text)
    shell.keys("x")
    shell.wait_for(lambda text: "sorted by ends" in text)
    shell.keys("Y")
    shell.wait_for(lambda text: "copied through tmux" in text)
    assert f"show hollis_park/{FIRST}" in shell.call("show-buffer")
    shell.keys("L")
    shell.wait_for(lambda text: "> log" in text)
    shell.keys("Escape")  # alone: with a key right behind it, it would be another key
    shell.wait_for(lambda text: "> log" not in text)
    shell.keys("R")
    shell.wait_for(lambda text: "mode default" in text)
    shell.keys(*"half")
    shell.wait_for(lambda text: "> half" in text)
    shell.keys("Escape")
    shell.wait_for(lambda text: "not sent, draft kept: R brings it back" in text)


def test_a_killed_console_loses_no_view_and_no_prompt(shell: Tmux, tmp_path: Path) -> None:
    shell.wait_for(lambda text: "$" in text)
    shell.keys(*"console", "Enter")
    shell.wait_for(lambda text: "· ready" in text and "R resume" in text)
    shell.keys("j", "Space", "x", "R")
    shell.wait_for(lambda text: "mode default" in text)
    shell.keys(*"half-a-thought")
    state = tmp_path / "state" / "session-console"
    shell.wait_for(lambda _: any("half-a-thought" in one.read_text() for one in views(state)))
    bash = int(shell.call("display-message", "-p", "#{pane_pid}"))
    (console,) = Path(f"/proc/{bash}/task/{bash}/children").read_text().split()
    os.kill(int(console), signal.SIGKILL)
    shell.wait_for(lambda text: "Killed" in text)
    shell.call("send-keys", "-l", "reset; console")
    shell.keys("Enter")
    shell.wait_for(lambda text: "1 marked" in text and "▲ENDS" in text)
    shell.wait_for(lambda text: "an unsent prompt for" in text)
    shell.keys("R")
    shell.wait_for(lambda text: "> half-a-thought" in text)


def views(state: Path) -> list[Path]:
    """Return what was written of views."""
    return list(state.glob("view-*.json"))


def test_without_a_shell_it_says_that_it_cannot_be_suspended(tmp_path: Path) -> None:
    SampleListing(tmp_path / "root").add(FIRST)
    server = Tmux(tmp_path / "tmux", 80, 24)
    words = [sys.executable, "-m", "tui", "--root", str(tmp_path / "root")]
    try:
        server.start(*words, temporary=tmp_path)
        server.wait_for(lambda text: "· ready" in text)
        server.keys("C-z")
        server.wait_for(lambda text: "no shell started this console" in text)
        server.keys("s")
        server.wait_for(lambda text: "sorted by ends" in text)
    finally:
        server.end()
