"""Consoles that begin with a picture, and those that leave one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.place import REPOSITORY
from tests.support.processes.terminal import Terminal

HELD = "tests.support.console.held_console"
TITLE = b"Strategic buyers"
LABEL = re.compile(r" as of \d\d:\d\d, reading\.\.\.")
SIZE = (80, 24)


def places(root: Path, login: str = "anna", **more: str) -> dict[str, str]:
    home = str(root.parent / login)
    ours = {"XDG_STATE_HOME": home, "XDG_CACHE_HOME": home, "HOME": home, "TMUX": ""}
    return {**ours, "SSH_CONNECTION": "", "SESSION_CONSOLE_FIRST_PICTURE": "yes", **more}


def console(
    root: Path,
    *words: str,
    at: str = "",
    login: str = "anna",
    size: tuple[int, int] = SIZE,
    **more: str,
) -> Terminal:
    """Start a console, held back `at` a place if one is named."""
    program = [HELD, at, str(hold(root))] if at else ["tui"]
    given = ["--root", str(root), "--operator", login, *words]
    command = [sys.executable, "-m", *program, *given]
    return Terminal(command, size=size, environment=places(root, login, **more), cwd=REPOSITORY)


def hold(root: Path) -> Path:
    """Make the file that holds consoles back."""
    file = root.parent / "hold"
    file.touch()
    return file


def go_on(root: Path) -> None:
    (root.parent / "hold").unlink()


def leave_picture(root: Path, *words: str, **more: str) -> list[tuple[str, ...]]:
    """Let a console leave a picture; return what its cells were.

    A console that leaves waits a moment only until it is kept: on a slow machine the next one does.
    """
    login = more.get("login", "anna")
    before, until = _written(root, login), time.monotonic() + 60
    while True:
        with console(root, *words, size=SIZE, **more) as screen:
            screen.wait_for("0 live", "Let me look.")
            shown = screen.picture
            screen.send("q")
            assert screen.process.wait(60) == 0
        if _written(root, login) - before or time.monotonic() > until:
            return shown


def files(root: Path, login: str = "anna") -> list[Path]:
    return sorted((root.parent / login / "session-console").glob("*picture-*"))


def _written(root: Path, login: str) -> set[tuple[Path, int]]:
    return {(file, file.stat().st_mtime_ns) for file in files(root, login)}


def run(root: Path, login: str, *words: str) -> None:
    command = [sys.executable, "-m", "tui", "--root", str(root), "--operator", login, *words]
    environment = {**os.environ, **places(root, login)}
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=60)


@contextmanager
def live_at_once(
    root: Path, *words: str, size: tuple[int, int] = SIZE, **more: str
) -> Iterator[Terminal]:
    """Give a live console that has shown no picture before."""
    with console(root, *words, size=size, at="look", **more) as screen:
        screen.wait_for("looking...")
        assert LABEL.search(screen.text) is None
        assert TITLE not in screen.raw
        go_on(root)
        screen.wait_for("0 live")
        yield screen


def body(cells: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return all cells but those of the first line and of the message."""
    width = SIZE[0]
    return [*cells[width : -2 * width], *cells[-width:]]


def terminal_modes() -> list[object]:
    """Return a fresh terminal's modes."""
    with Terminal(["sleep", "9"]) as other:
        return other.attributes


def still(text: str) -> str:
    """Return a screen without its first line, its message and what the clock changes."""
    lines = [line.rstrip() for line in text.rstrip("\n").split("\n")]
    return re.sub(r"\d+[smhd]\b|\d\d:\d\d|now", "", "\n".join(lines[1:-2]))
