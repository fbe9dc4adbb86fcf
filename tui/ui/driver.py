"""The terminal as Textual drives it, with a keyboard that no byte can break."""

from __future__ import annotations

import os
import re
import select
import time
from contextlib import suppress

from textual import constants
from textual.drivers.linux_driver import LinuxDriver

from tui.core.limits import HIGHEST, WIDEST
from tui.ui.clipboard import through_screen
from tui.ui.keyboard import Keyboard

_LOOKS_UP = 0.1
_COPY = "\x1b]52;"
_OLD = ("linux", "vt", "ansi", "cons")
_QUESTION = re.compile(r"\x1b(?:\[[<>]\d*u|\[\?\d+\$p|\]22;.*\x07)\Z")
_SIZES_IN_BAND = "\x1b[?2048$p"  # signals do; and any text could claim a size of 99999 columns


def clamped(width: int, height: int) -> tuple[int, int]:
    """Return what is drawn of a terminal that claims to have so many cells."""
    return min(width, WIDEST), min(height, HIGHEST)


class ConsoleDriver(LinuxDriver):
    """Reads the keys by way of `Keyboard`; the end of input ends the reading, and no more.

    It asks a terminal for nothing that it would print: old consoles show the end of what they do
    not know.
    """

    def write(self, data: str) -> None:
        """Send `data`, a copy past GNU screen; nothing that asks for what the terminal has not."""
        if data.startswith(_COPY) and os.environ.get("STY") and not os.environ.get("TMUX"):
            data = through_screen(data)
        is_old = os.environ.get("TERM", "").startswith(_OLD)
        if not (_QUESTION.match(data) if is_old else data == _SIZES_IN_BAND):
            super().write(data)

    def _get_terminal_size(self) -> tuple[int, int]:
        """Return how much of the terminal is drawn: all of it, as far as it can be believed."""
        return clamped(*super()._get_terminal_size())

    def run_input_thread(self) -> None:
        """Read until the console leaves, in a thread of its own."""
        keyboard = Keyboard(constants.ESCAPE_DELAY, has_mouse=self._mouse)
        while not self.exit_event.is_set():
            is_there = select.select([self.fileno], [], [], _LOOKS_UP)[0]
            if is_there and not (data := self._read()):
                return
            now = time.monotonic()
            for message in keyboard.feed(data, now) if is_there else keyboard.idle(now):
                self.process_message(message)

    def _read(self) -> bytes:
        with suppress(OSError):  # a terminal that went away
            return os.read(self.fileno, 4096)
        return b""
