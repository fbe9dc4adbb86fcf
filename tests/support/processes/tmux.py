"""A real tmux server for one test."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.support.programs import need


class Tmux:
    """A tmux server of its own with one window."""

    def __init__(self, socket: Path, columns: int, rows: int) -> None:
        self._base = [need("tmux"), "-S", str(socket), "-f", "/dev/null"]
        self._columns, self._rows = columns, rows

    def start(self, *command: str, temporary: Path) -> None:
        """Run a command in the window; its temporary files are below `temporary`.

        `COLUMNS` is exported, as some shells do: a resize must be noticed all the same.
        """
        size = ("-x", str(self._columns), "-y", str(self._rows))
        environment = ("-e", f"TMPDIR={temporary}", "-e", "SSH_CONNECTION=", "-e", "COLUMNS=80")
        self.call("new-session", "-d", *size, *environment, *command)
        self.call("set-option", "remain-on-exit", "on")

    def call(self, *words: str) -> str:
        """Return the output of a tmux command."""
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
        """Wait until the window shows what is wanted, and return it."""
        until = time.monotonic() + seconds
        while not is_so(text := self.text):
            if time.monotonic() >= until:
                raise AssertionError(f"it never came:\n{text}")
            time.sleep(0.1)
        return text

    def end(self) -> None:
        """Stop the server and everything in it."""
        subprocess.run([*self._base, "kill-server"], capture_output=True, check=False)
