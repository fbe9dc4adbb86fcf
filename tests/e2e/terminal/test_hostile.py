"""The bytes that a real console writes over a hostile root: its own grammar, and safe text."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.hostile.hostile_root import hostile_root
from tests.support.hostile.payloads import acts
from tests.support.listings.sample_listing import FIRST, SampleListing
from tests.support.processes.terminal import Terminal

PAGES = ("log", "doctor", "trash", "stats", "show", "info", "grep good", "export", "ls", "check")
ODD = {
    "ten megabytes": "x" * 10_000_000,
    "right to left": "\u05e9\u05dc\u05d5\u05dd \u0627\u0644\u0633\u0644\u0627\u0645 " * 9,
    "emoji": "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f44d\U0001f3fd \u2764\ufe0f " * 9,
    "a pile of marks": "Z" + "\u0301\u0489" * 500 + "algo " * 20,
    "wide": "\u65e5\u672c\u8a9e\uff28\uff29" * 20,
    "tabs": "a\tb\tc\nd" * 20,
    "syllables": "\u1112\u1161\u11ab\u1100\u1173\u11af" * 20,
    "flags": "\U0001f1e9\U0001f1ea\U0001f1eb" * 20,
    "unknown": "\u0378\U0001fae9\U000e0041\uffff" * 20,
}  # fmt: skip
_MODES = re.compile(r"\x1b\[(?:\?[0-9;]+(?:[hl]|\$p)|>[0-9]+u|<u|=?[0-9;]*u|6n)|\x1b[78]")
_DRAWING = re.compile(r"\x1b\[[0-9;]*[mHABCDGJKdXr]|\x1bM|\r\n|\r|\n")
_POINTER = "\x1b]22;default\x07"
_COPY = re.compile(r"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07")


def console(root: Path, size: tuple[int, int], more: Mapping[str, str], *options: str) -> Terminal:
    command = (sys.executable, "-m", "tui", "--root", str(root), *options)
    places = {"XDG_STATE_HOME": str(root.parent), "XDG_CACHE_HOME": str(root.parent), "TMUX": ""}
    return Terminal(command, size=size, environment={**more, **places})


def rest_of(raw: bytes) -> tuple[str, list[str], int]:
    """Return the text that is left without our own grammar, the copies, and how often it rang."""
    text = raw.decode()
    copies = [base64.b64decode(one).decode() for one in _COPY.findall(text)]
    for grammar in (_COPY, _MODES, _DRAWING):
        text = grammar.sub("", text)
    text = text.replace(_POINTER, "")
    return text.replace("\x07", ""), copies, text.count("\x07")


@pytest.mark.parametrize(
    ("size", "option", "pages"), [((80, 24), "--ssh", PAGES), ((120, 36), "--rich", ())]
)
def test_nothing_but_our_own_grammar_is_written(
    tmp_path: Path, size: tuple[int, int], option: str, pages: Sequence[str]
) -> None:
    """With `safe_text` letting an escape through, the whitelist finds it in the rest."""
    with hostile_root(tmp_path) as root:
        with console(root.root, size, root.environment, option) as screen:
            screen.wait_for("goodend", "HELD by good", "? help")
            screen.send("1342\r")
            screen.wait_for("q back", "goodend")
            screen.send("ttt]y")
            screen.wait_for("sent to the terminal", "good")
            screen.send("/good\r")
            screen.send("nGq")
            screen.wait_for("q quit")
            for page in pages:
                screen.send(f":{page}\r")
                screen.wait_for("Esc back")
                screen.send("q")
                screen.wait_for("q quit")
            for key in (*"redaic", "/"):
                screen.send(key)
                screen.send("\x03")
            screen.send("/good\x1b]0;owned\x07\x9b31m\r")
            leave(screen)
        assert root.driver.poll() is None
    text, copies, rings = rest_of(bytes(screen.raw))
    assert not acts(text)
    assert "goodend" in text
    assert rings <= 2
    assert copies
    assert not [one for one in copies if acts(one)]


def leave(screen: Terminal) -> None:
    """Quit, whatever was left open: what was typed may have been taken for a sequence."""
    for _ in range(60):
        screen.send("\x03q")
        with suppress(subprocess.TimeoutExpired):
            assert screen.process.wait(2) == 0
            return
    raise AssertionError(screen.text)


def test_odd_texts_leave_what_stands_beside_them_in_its_place(tmp_path: Path) -> None:
    """Also a listing whose name has a newline; the frames are drawn in four columns."""
    listing = SampleListing(tmp_path / "outputs", "odd\nname\tof \u202eit")
    for number, title in enumerate(ODD.values()):
        one = f"{FIRST[:6]}{number:02}{FIRST[8:]}"
        listing.track(one, stage=title[:40], days=number + 1)
        path = listing.write_transcript(one, title[:4000], prompt=title[:4000])
        with path.open("a") as transcript:
            transcript.write(json.dumps({"type": "custom-title", "customTitle": title}) + "\n")
    with console(listing.root, (120, 36), {"HOME": str(tmp_path)}) as screen:
        screen.wait_for("odd name of it", "xxxx")
        for _ in ODD:
            screen.send("j")
            assert_framed(screen)
        screen.send("q")
        assert screen.process.wait(60) == 0


def assert_framed(screen: Terminal) -> None:
    """Wait until every row of the body has its four sides; a frame may be half drawn."""
    until = time.monotonic() + 60
    sides: list[str] = []
    while time.monotonic() < until:
        between = screen.text.split("\n")[1].find("┐┌")
        columns = (0, between, between + 1, 119)
        sides = [screen.cells(column)[1:34].translate(_SIDES) for column in columns]
        if all(side == "|" * 33 for side in sides):
            return
        time.sleep(0.05)
    raise AssertionError(f"{sides}\n{screen.text}")


_SIDES = str.maketrans(dict.fromkeys("│┌┐└┘├┤", "|"))
