"""A real pseudo-terminal with a program in it, whose screen pyte reads."""

from __future__ import annotations

import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import pyte

_BREATH = 0.02  # seconds
_PAUSE = 0.05  # seconds: faster input counts as a paste
_PATIENCE = 60.0
_SHOWN_WITHIN = 10.0  # seconds: it may have scrolled away, or be gone already
_HANDFUL = 7  # characters
_HEARD_WITHIN = 0.5  # seconds in which a program queries the terminal, if it painted more to answer
_ESCAPED = 0.15  # seconds: what follows an Esc sooner may be read together with it, as another key
_ESCAPED_UNSEEN = 1.0  # where an Esc changes nothing on the screen
_LINE = " >"
_ASKS = re.compile(r"^ >|\by yes\b|\bEsc (back|leaves)\b")
_FAR_PAUSE = 0.3  # with another program in between, whose queue is not visible


class _Screen(pyte.Screen):
    """Keeps what it `said` when it was asked for its cursor position, and its last row then."""

    said = asked_at_row = ""

    def write_process_input(self, data: str) -> None:
        self.said += data if data.endswith("R") else ""
        self.asked_at_row = self.display[-1]


class Terminal:
    """Runs a program in a terminal of its own; `text` is what a person would see.

    A program that does not own its terminal gets no signal when it goes away. `pace` is the link's
    speed in bytes a second: 0 while it stalls, `None` for unlimited. The terminal may claim a false
    size. One that `is_far` passes keys on, as `ssh` does. It `answers` queries for the cursor
    position, as terminals do.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        size: tuple[int, int] = (80, 24),
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        owns: bool = True,
        claims: tuple[int, int] | None = None,
        is_far: bool = False,
        answers: bool = True,
    ) -> None:
        columns, rows = size
        self._screen = _Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._lock = threading.Lock()
        self.received = 0
        self._is_word, self._is_escape, self._typed_at, self._asked_at = False, False, 0.0, 0.0
        self._question_before, self._received_before = "", 0
        self._pause = _FAR_PAUSE if is_far else _PAUSE
        self.raw = bytearray()
        self._answers = answers
        self.pace: int | None = None
        self._is_hung_up = False
        self._master, slave = os.openpty()
        self._name = os.ttyname(slave)
        self.claim(*(claims or size))
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=cwd,
            env={**os.environ, "TERM": "xterm-256color", **(environment or {})},
            start_new_session=True,
            preexec_fn=_own_terminal if owns else None,
        )
        os.close(slave)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()
        self.pace = None
        self._reader.join(60)
        with suppress(OSError):
            os.close(self._master)

    def send(self, keys: str) -> None:
        """Type `keys`, which may include control characters.

        Waits until earlier keys were read, and pauses after a word and after Esc as a person does:
        what comes in one piece may be a paste, or another key.
        """
        self.taken()
        self._let_escape()
        time.sleep(self._pause if self._is_word else 0.0)
        self._is_word = len(keys) > 1
        self.write(keys.encode())

    def _let_escape(self) -> None:
        """Wait until what an Esc did is on the screen, for it is alone only by silence."""
        least, until = self._typed_at + _ESCAPED, self._typed_at + _ESCAPED_UNSEEN
        while self._is_escape and (now := time.monotonic()) < until:
            if now >= least and self.received != self._received_before:
                return
            time.sleep(_BREATH)

    def line(self, keys: str) -> None:
        """Type the key that opens a line, and the words once the line is there."""
        self.send(keys[0])
        until = time.monotonic() + _PATIENCE
        while self._question != _LINE:
            if time.monotonic() >= until:
                raise AssertionError(f"no line was opened:\n{self.text}")
            time.sleep(_BREATH)
        self._be_seen()
        self.words(keys[1:])

    def words(self, words: str) -> None:
        """Type words into an open line, and Enter, if they end in it, once they were shown.

        They come as a hand types them, so few at once that no program takes them for a paste.
        """
        typed = words.removesuffix("\r")
        for begin in range(0, len(typed), _HANDFUL):
            self.send(typed[begin : begin + _HANDFUL])
            self._is_word = False
            self._show(typed[: begin + _HANDFUL])
        if typed != words:
            self.send("\r")

    def _show(self, words: str) -> None:
        """Wait until words are on the screen, wherever the lines break."""
        until = time.monotonic() + _SHOWN_WITHIN
        while "".join(words.split()) not in "".join(self.text.split()):
            if time.monotonic() >= until:
                return
            time.sleep(_BREATH)

    def _be_seen(self) -> None:
        """Wait until the program could learn that a question is on the screen, if one is.

        It queries the terminal after painting, and ignores answers that were typed before. For one
        that the last key has opened it surely does, however late.
        """
        asks = self._question
        is_opened = asks != self._question_before
        patience = _SHOWN_WITHIN if is_opened else _HEARD_WITHIN
        until = time.monotonic() + (patience if asks and self._answers else _BREATH)
        while time.monotonic() < until:
            time.sleep(_BREATH)
            is_of_this = self._asked_of == asks or not is_opened
            if asks and is_of_this and self._asked_at > self._typed_at:
                return

    @property
    def _question(self) -> str:
        """What tells the question in the last row from others; empty if there is none."""
        return _asks(self.text.rsplit("\n", 1)[-1])

    @property
    def _asked_of(self) -> str:
        with self._lock:
            return _asks(self._screen.asked_at_row)

    def wait_until_seen(self) -> None:
        """Wait until the program was told that the question in the last row is on the screen.

        Only for one that the last key has opened: of what was painted before, it does not ask.
        """
        until = time.monotonic() + 60
        while not self._is_seen():
            if time.monotonic() >= until:
                raise AssertionError(f"it never asked whether this is there:\n{self.text}")
            time.sleep(_BREATH)

    def _is_seen(self) -> bool:
        with self._lock:
            is_this = self._screen.asked_at_row == self._screen.display[-1]
            return is_this and self._asked_at > self._typed_at

    def taken(self) -> None:
        """Wait until the program has read all that was typed, unless it reads nothing at all."""
        time.sleep(max(0.0, self._typed_at + _PAUSE - time.monotonic()))  # still on its way
        until = time.monotonic() + _PATIENCE
        while self._unread() and time.monotonic() < until:
            time.sleep(0.005)

    def _unread(self) -> int:
        try:
            fd = os.open(self._name, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError:  # the reader is gone
            return 0
        try:
            count = fcntl.ioctl(fd, termios.FIONREAD, bytes(4))
            return int.from_bytes(count, sys.byteorder)
        finally:
            os.close(fd)

    def write(self, data: bytes) -> None:
        """Send bytes unchanged."""
        self._question_before, self._received_before = self._question, self.received
        self._is_escape, self._typed_at = data.endswith(b"\x1b"), time.monotonic()
        os.write(self._master, data)

    def resize(self, columns: int, rows: int) -> None:
        """Change the window's size, as a person does with the mouse."""
        with self._lock:
            self._screen.resize(rows, columns)
            self.claim(columns, rows)

    def claim(self, columns: int, rows: int) -> None:
        """Claim another size than the window has."""
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, size)

    @property
    def attributes(self) -> list[Any]:
        """The terminal's settings (`stty`)."""
        return termios.tcgetattr(self._master)

    @property
    def text(self) -> str:
        """The screen, one line per row."""
        with self._lock:
            return "\n".join(line.rstrip() for line in self._screen.display)

    @property
    def picture(self) -> list[tuple[str, ...]]:
        """Every cell with its colours and weights, row by row."""
        with self._lock:
            columns, rows = range(self._screen.columns), range(self._screen.lines)
            cells = [self._screen.buffer[y][x] for y in rows for x in columns]
        return [
            ("", cell.bg) if cell.data == " " and not cell.reverse else tuple(map(str, cell))
            for cell in cells
        ]

    def cells(self, column: int) -> str:
        """One column, from the top down."""
        with self._lock:
            rows = range(self._screen.lines)
            return "".join(self._screen.buffer[row][column].data[:1] or " " for row in rows)

    def wait_for(self, *words: str, seconds: float = 60.0) -> str:
        """Wait until all of `words` are on the screen, wherever the lines break, or fail."""
        until = time.monotonic() + seconds
        while True:
            text = " ".join(self.text.split())
            if all(word in text for word in words):
                self._be_seen()
                return text
            if time.monotonic() >= until:
                raise AssertionError(f"{words} never came:\n{self.text}")
            time.sleep(0.05)

    def end(self) -> int:
        """Wait for the program's end and for the last that it wrote; return its exit code."""
        code = self.process.wait(60)
        self._reader.join(60)
        return code

    def kill(self) -> None:
        """Kill the program, as `kill -9` does."""
        if self.process.poll() is None:
            with suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGKILL)
        self.process.wait(60)

    def hang_up(self) -> None:
        """Close the terminal, as a dropped connection does."""
        self._is_hung_up = True
        self._reader.join(60)
        os.close(self._master)
        self._master = -1

    def _read(self) -> None:
        while not self._is_hung_up:
            pace = self.pace
            if pace == 0:
                time.sleep(_BREATH)
                continue
            if not select.select([self._master], [], [], 0.1)[0] or self.pace != pace:
                continue
            try:
                data = os.read(self._master, 65536 if pace is None else int(pace * _BREATH))
            except OSError:
                return
            if not data:
                return
            with self._lock:
                self.received += len(data)
                self.raw += data
                self._stream.feed(data)
                said, self._screen.said = self._screen.said, ""
            self._answer(said.encode())
            self._asked_at = time.monotonic() if said else self._asked_at
            if pace:
                time.sleep(len(data) / pace)

    def set_answers(self, answers: bool) -> None:
        """Start or stop answering queries."""
        self._answers = answers

    def _answer(self, said: bytes) -> None:
        """Answer a query."""
        if said and self._answers:
            with suppress(OSError):
                os.write(self._master, said)


def _own_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _asks(row: str) -> str:
    found = _ASKS.search(row)
    return found[0] if found else ""
