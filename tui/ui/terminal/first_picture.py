"""Shows the last console's picture before anything of the live one is imported.

The terminal is then as Textual will have it: the alternate screen, no cursor, no echo. Until
Textual takes it, Ctrl-C leaves, and whatever ends this process gives it back.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta, tzinfo
from typing import Any

from tui.core.console.picture import Picture, Rows
from tui.core.limits import HIGHEST, WIDEST
from tui.core.text.safe_text import fit
from tui.core.time.moments import moment
from tui.core.time.zones import LOCAL, zone_named
from tui.settings import Settings
from tui.storage.state.pictures import PictureFiles
from tui.ui.terminal.cells import CellWriter, draw
from tui.view.text.colours import colours_of, draws_nothing

STREAM_S = 0.4  # that the live picture waits for its stream, so that Live is not empty first

_ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[m"
_LEAVE = b"\x1b[?7h\x1b[m\x1b[?1049l\x1b[?25h"
_CLEAR = "\x1b[m\x1b[2J"
_LABEL_PEN = "7"
READ_S, WRITE_S = 0.25, 0.25  # a root or a terminal that takes longer gets no picture
_CLOCK_OFF = timedelta(minutes=5)
_LFLAGS = termios.ECHO | termios.ICANON | termios.IEXTEN
_IFLAGS = termios.IXON | termios.IXOFF | termios.ICRNL | termios.INLCR | termios.IGNCR
_ENDING = (signal.SIGHUP, signal.SIGTERM)


class FirstPicture:
    """The picture on the terminal, if there is one, and where the next one is kept.

    `rows` are the cells that the terminal shows. They are empty where it shows none for certain;
    if it `is_up` all the same, it must be cleared.
    """

    def __init__(self, files: PictureFiles | None = None) -> None:
        self._files = files
        self._keyboard = self._terminal = -1
        self._attributes: list[Any] = []
        self._handlers: dict[int, Any] = {}
        self._is_ours = False
        self.rows: Rows = ()
        self.is_up = False

    def show(self, now: datetime, zone: tzinfo, *, is_read_only: bool) -> None:
        """Show the last picture of this size under a line that says how old it is."""
        if self._files is None or not _has_terminal():
            return
        self._keyboard = sys.__stdin__.fileno() if sys.__stdin__ else -1
        with suppress(OSError, termios.error):
            size = os.get_terminal_size(sys.__stdout__.fileno() if sys.__stdout__ else -1)
            picture = self._read((size.columns, size.lines))
            if picture is not None and picture.at <= now + _CLOCK_OFF:
                at = moment(picture.at, zone, today=now, year=now.year)
                label = f"as of {at}, reading..."
                marked = f"[RO] {label}" if is_read_only else label
                self._take_terminal()
                self._write(_labelled(picture.rows, marked))

    def take_over(self) -> list[Any]:
        """Leave the terminal to the driver; return its modes from before."""
        self._is_ours = False
        return self._attributes

    @property
    def clearing(self) -> str:
        """What clears the screen, unless the terminal shows `rows` for certain."""
        return "" if self.rows else _CLEAR

    def keep(self, picture: Picture) -> None:
        """Keep a picture for the next start; failures are ignored."""
        if self._files is not None:
            with suppress(OSError, ValueError):
                self._files.write(picture)

    def forget(self) -> None:
        """Remove the pictures from before something was erased; failures are ignored."""
        if self._files is not None:
            with suppress(OSError):
                self._files.forget()

    @property
    def drawn_for(self) -> str:
        """What a picture of this console is drawn for; empty when none is kept."""
        return self._files.drawn_for if self._files is not None else ""

    def close(self) -> None:
        """Give the terminal back, unless the driver has it, or had it."""
        if self._is_ours:
            self._give_back()
            for number, handler in self._handlers.items():
                signal.signal(number, handler)
        if self._terminal >= 0:
            os.close(self._terminal)
            self._terminal = -1

    def _read(self, size: tuple[int, int]) -> Picture | None:
        """Read in a thread: a root whose disk hangs must not keep the console from starting."""
        found: list[Picture | None] = []
        files = self._files
        if files is None or size[0] > WIDEST or size[1] > HIGHEST:
            return None
        reading = threading.Thread(target=lambda: found.append(files.read(size)), daemon=True)
        reading.start()
        reading.join(READ_S)
        return found[0] if found else None

    def _take_terminal(self) -> None:
        """Take the terminal, which then waits for nothing; raises `OSError`, `termios.error`."""
        output = sys.__stderr__.fileno() if sys.__stderr__ else -1
        flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        self._terminal = os.open(f"/proc/self/fd/{output}", flags)
        self._attributes = termios.tcgetattr(self._keyboard)
        for number in _ENDING:
            self._handlers[number] = signal.signal(number, self._end)
        self._handlers[signal.SIGTSTP] = signal.signal(signal.SIGTSTP, signal.SIG_IGN)
        self._handlers[signal.SIGWINCH] = signal.signal(signal.SIGWINCH, self._resized)
        self._is_ours = True
        termios.tcsetattr(self._keyboard, termios.TCSANOW, _quiet(self._attributes))

    def _write(self, rows: Rows) -> None:
        self.is_up, self.rows = True, rows
        pencil = CellWriter()
        for y, row in enumerate(rows):
            draw(pencil, y, [None] * len(row), row)
        if not self._send(f"{_ENTER}{pencil.done()}".encode()):
            self.rows = ()

    def _send(self, data: bytes) -> bool:
        """Write bytes; return whether the terminal took all of them in time."""
        until = time.monotonic() + WRITE_S
        terminal = select.poll()
        terminal.register(self._terminal, select.POLLOUT)
        while data:
            try:
                data = data[os.write(self._terminal, data) :]
            except BlockingIOError:
                left = until - time.monotonic()
                if left <= 0 or not terminal.poll(1000 * left):
                    return False
        return True

    def _resized(self, number: int, frame: object) -> None:
        """Note that the terminal has moved its cells."""
        self.rows = ()

    def _end(self, number: int, frame: object) -> None:
        """Give the terminal back, and end as the signal would have ended this process."""
        self._give_back()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def _give_back(self) -> None:
        with suppress(OSError, termios.error):
            if self.is_up and not self._send(_LEAVE):
                termios.tcflush(self._terminal, termios.TCOFLUSH)
                self._send(_LEAVE)
        with suppress(termios.error):
            termios.tcsetattr(self._keyboard, termios.TCSANOW, self._attributes)
        self._is_ours = False


@contextmanager
def first_picture(settings: Settings, now: datetime) -> Iterator[FirstPicture]:
    """Show the last picture; when this ends, the terminal is as it was before."""
    picture = FirstPicture(_files(settings, os.environ))
    try:
        zone = LOCAL if settings.time_zone == "auto" else zone_named(settings.time_zone)
        picture.show(now, zone, is_read_only=settings.read_only)
        yield picture
    finally:
        picture.close()


def _files(settings: Settings, environment: Mapping[str, str]) -> PictureFiles | None:
    """Return where pictures are kept; `None` where none is.

    In a fleet none is: the root's erasure generation says nothing of a purge on another host.
    """
    if settings.cache_dir is None or not (settings.first_picture and settings.cell_diff):
        return None
    if settings.fleet is not None:
        return None
    colours = colours_of(environment, is_remote=settings.ssh)
    drawn_for = (
        *(colours.count, settings.theme, settings.ssh, settings.ascii),
        *(settings.read_only, settings.restricted),
    )
    return PictureFiles(
        folder=settings.cache_dir,
        root=settings.root,
        operator=settings.login or settings.operator,
        drawn_for=" ".join(map(str, drawn_for)),
    )


def _has_terminal() -> bool:
    """Whether this process draws on a terminal, which only its main thread may take."""
    streams = (sys.__stdin__, sys.__stdout__, sys.__stderr__)
    is_there = all(stream is not None and stream.isatty() for stream in streams)
    is_main = threading.current_thread() is threading.main_thread()
    return is_there and is_main and not draws_nothing(os.environ)


def _labelled(rows: Rows, label: str) -> Rows:
    width = len(rows[0])
    return (tuple((char, _LABEL_PEN) for char in fit(f" {label}", width)), *rows[1:])


def _quiet(attributes: list[Any]) -> list[Any]:
    """Return the terminal's modes without echo and lines, and with Ctrl-C as its only signal."""
    quiet = [*attributes[:6], list(attributes[6])]
    quiet[0] &= ~_IFLAGS
    quiet[3] &= ~_LFLAGS
    quiet[6][termios.VMIN] = 1
    for key in (termios.VSUSP, termios.VQUIT):
        quiet[6][key] = b"\0"
    return quiet
