"""With the cell diff and without it a terminal shows the same: in tmux, over a long scene."""

from __future__ import annotations

import re
import shlex
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SampleListing
from tests.support.processes.tmux import Tmux

TITLES = (
    "戦略的買い手 ポンプ", "Käufer für Ventile", "e\u0301te\u0301 ete\u0301", "한글 제목 valves",
    "plain words", "●─▌ box", "𝒎𝒂𝒕𝒉 ½ ⅓", "漢 valves 字", "☰ yin ䷀", "🫨 ㉈ valves",
)  # fmt: skip
KEYS = (
    "j", "G", "g", "3", "j", "1", "2", "Enter", "b", "q", "?", "Space", "q", "e", "9", "C-c", "*",
    "s", "4",
)  # fmt: skip
WINDOWS = (":0", ":1")
SIZES = [(120, 36), (61, 17), (101, 20), (80, 24)]


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    for number in range(16):
        title, session_id = TITLES[number % len(TITLES)], f"{number:04x}{FIRST[4:]}"
        listing.track(session_id, days=5, age=timedelta(minutes=30))
        said = (f"{title} {line} " * (1 + line % 5) for line in range(20))
        listing.write_transcript(session_id, *said, prompt=title, age=timedelta(minutes=90))
    return listing


Picture = list[tuple[str, frozenset[str]]]  # each character, and how it is drawn
BLANK: tuple[str, frozenset[str]] = (" ", frozenset())


def seen(captured: str) -> Picture:
    """Return what `capture-pane -e` tells, less the pens of blanks, which nobody sees."""
    picture: Picture = []
    pen: frozenset[str] = frozenset()
    for codes, text in re.findall(r"(?:\x1b\[([\d;]*)m)?([^\x1b]*)", captured):
        for code in codes.split(";") if codes else ():
            colors = {one for one in pen if len(one) == 2 and one[0] == code[0]}
            pen = frozenset() if code == "0" else pen - colors | ({code} - {"39", "49"})
        drawn = (pen if char.strip() or "7" in pen else frozenset() for char in text)
        for cell in zip(text, drawn, strict=True):
            while cell[0] == "\n" and picture and picture[-1] == BLANK:
                picture.pop()
            picture.append(cell)
    return picture


def words_of(picture: Picture) -> str:
    return "".join(char for char, _ in picture)


class Both:
    """A tmux server with two consoles that a shell started, one of them without the diff."""

    def __init__(self, socket: Path, listing: SampleListing) -> None:
        self._server = Tmux(socket, 80, 24)
        words = [sys.executable, "-m", "tui", "--root", str(listing.root), "--ssh"]
        self._server.start("bash", "--norc", "-i", temporary=listing.root.parent)
        self._server.call("new-window", "bash", "--norc", "-i")
        self._server.call("set-option", "-g", "window-size", "manual")
        for window, is_on in zip(WINDOWS, ("true", "false"), strict=True):
            for line in (
                f"export SESSION_CONSOLE_CELL_DIFF={is_on}",
                f"clear; {shlex.join(words)}",
            ):
                self._server.call("send-keys", "-t", window, line, "Enter")

    def close(self) -> None:
        self._server.call("kill-server")

    def press(self, *keys: str) -> None:
        for window in WINDOWS:
            self._server.call("send-keys", "-t", window, *keys)

    def resize(self, columns: int, rows: int) -> None:
        for window in WINDOWS:
            size = ("-x", str(columns), "-y", str(rows))
            self._server.call("resize-window", "-t", window, *size)

    def shows(self) -> tuple[Picture, Picture]:
        words = ("capture-pane", "-p", "-e", "-t")
        one, other = (seen(self._server.call(*words, window)) for window in WINDOWS)
        return one, other

    def agree(self, *words: str) -> str:
        """Wait until both show the same, these words among it, and go on doing so."""
        until, last = time.monotonic() + 60, None
        while time.monotonic() < until:
            one, other = self.shows()
            text = words_of(one)
            if one == other == last and all(word in text for word in words):
                return text
            last = one if one == other else None
            time.sleep(0.05)
        one, other = self.shows()
        differs = [(a, b) for a, b in zip(one, other, strict=False) if a != b]
        raise AssertionError(f"{words}, {differs}:\n{words_of(one)}\n{words_of(other)}")


@pytest.fixture
def both(tmp_path: Path, listing: SampleListing) -> Iterator[Both]:
    both = Both(tmp_path / "tmux", listing)
    yield both
    both.close()


def test_every_picture_is_the_same_with_and_without_it(both: Both) -> None:
    pictures = {both.agree("戦略的買い手", "help")}
    for key in KEYS:
        both.press(key)
        pictures.add(both.agree())
    for columns, rows in SIZES:
        both.resize(columns, rows)
        pictures.add(both.agree("ENDS"))
        both.press("j")
        pictures.add(both.agree())
    both.resize(40, 12)
    both.resize(*SIZES[-1])  # often too soon for the console to see any other size than its own
    both.agree("ENDS", "help")
    both.press("C-z")
    both.agree("Stopped")
    both.press("fg", "Enter")
    both.agree("ENDS", "help")
    both.press("C-l")
    both.agree("ENDS", "help")
    assert len(pictures) > len(KEYS) / 2
