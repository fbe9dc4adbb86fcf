"""A program in a terminal of its own, every byte that it sends kept with its moment."""

from __future__ import annotations

import fcntl
import os
import re
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

import pyte

_COLUMNS, _ROWS = 80, 24
_OVER_SSH = {
    "TERM": "xterm-256color",
    "LANG": "C.UTF-8",
    "SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22",
    "TEXTUAL_ANIMATIONS": "none",
    "TEXTUAL_FPS": "15",
    "ESCDELAY": "400",
}
_WHERE = re.compile(rb"\x1b\[([0-9]+;[0-9]+)H\x1b\[6n")  # go there, and say where that is
IsThere = Callable[[list[str]], bool]


def environment(home: Path) -> dict[str, str]:
    """Return what a program over SSH is given, whose home is this folder."""
    kept = {"PATH", "TZ", "PYTHONPYCACHEPREFIX"} & os.environ.keys()
    folders = {"HOME": str(home), "PYTHONPATH": str(Path(__file__).parents[2])}
    return _OVER_SSH | folders | {name: os.environ[name] for name in kept}


class Program:
    """Runs `python -m ...` at 80x24. What was on the screen, and when, is told afterwards."""

    def __init__(self, words: Sequence[str], home: Path) -> None:
        self._master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
        self._sent: list[tuple[float, bytes]] = []
        self.began = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, "-m", *words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment(home),
            start_new_session=True,
        )
        os.close(slave)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.process.kill()
        self.process.wait(10)
        self._reader.join(5)
        os.close(self._master)

    def press(self, key: str) -> float:
        """Type a key and return the moment."""
        now = time.perf_counter()
        os.write(self._master, key.encode())
        return now

    def ended_s(self, leave: Callable[[], object]) -> float:
        """Return how many seconds after `leave` the program is gone."""
        began = time.perf_counter()
        leave()
        self.process.wait(60)
        return time.perf_counter() - began

    def wait_for(self, is_there: IsThere, most_s: float) -> None:
        """Wait until the screen is like this."""
        until = time.perf_counter() + most_s
        while not (self._sent and is_there(self.screens()[-1][1])):
            if time.perf_counter() > until:
                raise AssertionError(f"it never came: {self.screens()[-1:]}")
            time.sleep(0.05)

    def rest(self, word: re.Pattern[bytes], quiet_s: float, most_s: float = 30.0) -> None:
        """Wait until it has sent `word` and then nothing for a while, or for `most_s`."""
        until, is_there = time.perf_counter() + most_s, False
        while (now := time.perf_counter()) < until:
            is_there = is_there or any(word.search(data) for _, data in tuple(self._sent))
            if is_there and now - self._sent[-1][0] > quiet_s:
                return
            time.sleep(0.02)

    def screens(self) -> list[tuple[float, list[str]]]:
        """Return the screen as it was after each piece that came, with its moment."""
        screen = pyte.Screen(_COLUMNS, _ROWS)
        stream, shown = pyte.ByteStream(screen), []
        for moment, data in tuple(self._sent):
            stream.feed(data)
            shown.append((moment, list(screen.display)))
        return shown

    def first_s(self, is_there: IsThere) -> float:
        """Return how many seconds after its start the screen was first like this."""
        for moment, screen in self.screens():
            if is_there(screen):
                return moment - self.began
        last = self.screens()[-1:]
        raise AssertionError(f"it never came: {last}")

    @property
    def cpu_s(self) -> float:
        """The seconds of a core that it has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def megabytes(self) -> float:
        """The memory that is its own: the kernel's proportional set size."""
        rollup = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        line = next(one for one in rollup.splitlines() if one.startswith("Pss:"))
        return int(line.split()[1]) / 1024

    def _read(self) -> None:
        with suppress(OSError):
            while data := os.read(self._master, 1 << 16):
                self._sent.append((time.perf_counter(), data))
                for place in _WHERE.findall(data):  # every terminal answers
                    os.write(self._master, b"\x1b[" + place + b"R")
