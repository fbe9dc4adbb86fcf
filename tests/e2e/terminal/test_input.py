"""What comes in besides keys, in a real terminal: none of it acts, none of it stops the console."""

from __future__ import annotations

import random
import re
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, snapshot
from tests.support.place import REPOSITORY
from tests.support.processes.runs_site import wait
from tests.support.processes.terminal import Terminal

PLACE = REPOSITORY


@pytest.fixture
def screen(request: pytest.FixtureRequest) -> Iterator[Terminal]:
    command = (sys.executable, "-m", "tests.support.console.fixed_console", "--ssh")
    given = {"NO_COLOR": "", **getattr(request, "param", {})}
    with Terminal(command, environment=given, cwd=PLACE) as screen:
        screen.wait_for("cranbury", "? help", "sort -u candidates.csv")
        yield screen


def selected(screen: Terminal) -> int:
    """Return the row the selection is on."""
    return screen.cells(0).index(">")


def in_sight(screen: Terminal) -> str:
    """Return the frame of Live, which names the session that is selected."""
    return next(line for line in screen.text.splitlines() if "4 " in line and "─" in line)


def moved(screen: Terminal, before: str) -> bool:
    return in_sight(screen) != before


def left(screen: Terminal) -> str:
    """Leave the console as a person does and return what it was asked to do."""
    screen.send("q")
    assert screen.end() == 0
    return screen.wait_for("asked").rpartition("asked ")[2]


def slowly(screen: Terminal, data: bytes, gaps: tuple[float, ...]) -> None:
    for number, byte in enumerate(data):
        screen.write(bytes([byte]))
        time.sleep(gaps[number % len(gaps)])


@pytest.mark.parametrize("screen", [{"ESCDELAY": "5000"}], indirect=True, ids=["patient"])
def test_keys_in_pieces_do_what_the_key_does_or_nothing(screen: Terminal) -> None:
    """A gap after Esc is covered by `ESCDELAY`, a longer one in a begun key by our keyboard alone.

    Without either the arrow is an Esc and two letters, and the selection stays.
    """
    row = selected(screen)
    slowly(screen, b"\x1b[B", (0.15, 0.6))
    wait(lambda: selected(screen) == row + 1)
    slowly(screen, b"\x1b[1;5C", (0.02, 0.12))
    slowly(screen, b"\x1b[200~", (0.1, 0.02))
    slowly(screen, b"\x1b[201~", (0.02, 0.05))
    screen.wait_for("pasted text is ignored here")
    assert selected(screen) == row + 1
    assert left(screen).startswith("[]")


def timeless(screen: Terminal) -> str:
    """Return what is on the screen but for durations, which go on meanwhile."""
    return re.sub(r"\d+[smhd]\b[ ]*", "", screen.text)


UNASKED = (
    b"\x1b[M !!", b"\x1b[M\xff\xfe\x80", b"\x1b[M\x00\x03\x04", b"\x1b[<0;3;3M\x1b[<0;3;3m",
    b"\x1b[I", b"\x1b[O", b"\x1b[?62;22c", b"\x1b[24;80R", b"\x1b]11;rgb:dddd/uuuu/qqqq\x1b\\",
    b"\x1b]10;rgb:1/2/3\x07", b"\x1b[?2048;1$y", b"\x1b[48;9;9;9;9t", b"\x1b[?31u",
    b"\x1b[99999999999u", b"\x1b[97;1:3u", b"\xff\xfe\xc0", b"\x00\x00", b"\x1bd", b"\x1bq",
)  # fmt: skip


def test_what_nobody_typed_does_nothing_and_ends_nothing(screen: Terminal) -> None:
    row, picture = selected(screen), timeless(screen)
    for data in UNASKED:
        screen.write(data)
        screen.taken()
    screen.send("j")
    wait(lambda: selected(screen) == row + 1)
    screen.send("k")
    wait(lambda: timeless(screen) == picture)
    screen.send("jr")
    screen.wait_for("mode default")
    for data in UNASKED[:5]:
        screen.write(data)
    screen.send("still typed")
    screen.wait_for("> still typed")
    screen.send("\x1b")
    screen.wait_for("? help")
    assert left(screen).startswith("[]")


def test_a_paste_is_text_in_a_prompt_and_nothing_anywhere_else(screen: Terminal) -> None:
    screen.write(b"\x1b[200~du\ry\x03q\x1b\r\n:quit\r\x1b[201~")
    screen.wait_for("pasted text is ignored here")
    screen.write(b"jdy\r" * 9 + b"q" * 300)  # a terminal that does not say what is pasted
    screen.taken()
    time.sleep(0.3)  # a paste ends by silence
    screen.send("jr")
    screen.wait_for("mode default")
    screen.write(b"\x1b[200~first\x07\x1b]0;owned\x07 line\r\nsecond\x1b[31m\tline\r\x1b[201~")
    screen.wait_for("> first line", "second line", "3 lines")
    screen.write(b"\x1b[200~" + b"y" * 200_000 + b"\x1b[201~")
    screen.wait_for("yyyyyyyyyyyyyyyy")
    screen.send("\x1b[A\x1b[A\x01Z")
    screen.wait_for("> Zfirst line")
    screen.write(b"\x1b[200~" + b"z" * 60_000 + b"\x1b[201~")
    screen.wait_for("not pasted: 60,000 characters, a line takes at most 250,000")
    screen.send("\r")
    screen.wait_for("? help")
    asked = left(screen)
    assert asked.startswith("[('start',")


def test_alt_enter_begins_a_line_of_a_prompt_and_is_no_key_anywhere_else(screen: Terminal) -> None:
    screen.write(b"\x1b\r")
    screen.send("jr")
    screen.wait_for("mode default")
    screen.send("one")
    screen.write(b"\x1b\r")
    screen.send("two")
    screen.wait_for("> one", "two", "2 lines")
    screen.write(b"\x1b[13;3u")
    screen.send("three")
    screen.wait_for("three", "3 lines")
    screen.send("\r")
    screen.wait_for("? help")
    assert "one\\ntwo\\nthree" in "".join(left(screen).split("\n")).replace(" ", "")


def test_a_paste_that_nothing_announces_deletes_nothing(screen: Terminal) -> None:
    for data in (
        b"z" * 4096 + b"dy",
        b"lorem ipsum " * 700 + b"\rdy\r",
        b"d every body",
        b"d\ry it all",
    ):
        screen.write(data)
        screen.wait_for("pasted text is ignored here")
        time.sleep(0.3)  # a paste ends by silence
        screen.send("j")
        screen.wait_for("? help")
    screen.write(b":typed ahead")
    screen.wait_for("> typed ahead")
    screen.send("\x1b")
    screen.wait_for("? help")
    assert left(screen).startswith("[]")


NOT_TAKEN = "pasted or typed ahead: Enter takes it"


def to_resume(screen: Terminal) -> None:
    """Go to a session that can be resumed, by keys that come one by one, and ask for a prompt."""
    for _ in range(20):
        if "stage 5  ed6e" in in_sight(screen):
            break
        before = in_sight(screen)
        screen.send("j")
        wait(partial(moved, screen, before))
    screen.send("r")
    screen.wait_for("mode default")


@pytest.mark.parametrize("ending", [b"\r", b"\r\n", b"\x1b[13u"])
def test_a_line_pasted_with_its_enter_is_sent_only_by_an_enter_that_was_typed(
    screen: Terminal, ending: bytes
) -> None:
    """A prompt cannot be taken back, and nobody has read this one."""
    to_resume(screen)
    screen.write(b"typed ahead of \x1b[D\x1b[Dits Enter" + ending)
    screen.wait_for(NOT_TAKEN, "> typed ahead oits Enterf")
    screen.wait_until_seen()
    screen.send("!")
    screen.wait_for("oits Enter!f")
    assert NOT_TAKEN not in screen.text
    screen.send("\r")
    screen.wait_for("? help")
    asked = left(screen)
    assert asked.count("'start'") == 1
    assert "typedaheadoitsEnter!f'" in asked.replace(" ", "").replace("\n", "")


def test_an_enter_behind_a_paste_that_a_stalled_link_has_not_shown_sends_nothing(
    screen: Terminal,
) -> None:
    to_resume(screen)
    screen.pace = 0
    screen.write(b"one line of a paste")
    screen.taken()
    screen.send("\r")
    screen.taken()
    screen.pace = None
    screen.wait_for(NOT_TAKEN, "> one line of a paste")
    screen.wait_until_seen()
    screen.send("\r")
    screen.wait_for("? help")
    assert left(screen).count("'start'") == 1


def test_a_verb_pasted_with_its_enter_does_nothing_that_cannot_be_taken_back(
    screen: Terminal,
) -> None:
    """One that only looks is done: typing ahead over a slow link stays of use."""
    screen.send(":")
    screen.wait_for("verb")
    screen.write(b"resume ed6e --fork go and do it\r")
    screen.wait_for(NOT_TAKEN, "> resume ed6e")
    screen.send("\x1b")
    screen.wait_for("? help")
    screen.send(":")
    screen.wait_for("verb")
    screen.write(b"messages\r")
    screen.wait_for("Esc back")
    screen.send("\x1b")
    screen.wait_for("? help")
    screen.send("j")  # `q` just after a page has closed only says so
    assert left(screen).startswith("[]")


def test_few_keys_that_a_slow_link_delivers_at_once_are_typed_their_enter_too(
    screen: Terminal,
) -> None:
    to_resume(screen)
    screen.write(b"go on\r")
    screen.wait_for("? help")
    asked = left(screen)
    assert "'go on'" in asked


HARMLESS = bytes(byte for byte in range(256) if byte not in b"\r\nyqQ\x1a\x03")


def test_a_hundred_thousand_random_bytes_harm_nothing(tmp_path: Path) -> None:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST, days=9)
    listing.add(SECOND, days=8)
    chance = random.Random(8)  # noqa: S311 (the same bytes each time)
    command = (sys.executable, "-m", "tui", "--root", str(listing.root), "--ssh")
    before = snapshot(listing.root)
    with Terminal(command) as screen:
        screen.wait_for("Strategic buyers", "? help")
        for _ in range(60):
            screen.write(bytes(chance.choices(HARMLESS, k=80)))
            screen.taken()
        for _ in range(25):
            screen.write(bytes(chance.choices(HARMLESS, k=4000)))
            screen.taken()
        time.sleep(1.1)  # what is begun is given up by silence, and so is an Esc
        for keys in ("\x03", "\x03", "\x1b", "\x1b", "\x1b"):
            screen.send(keys)
            time.sleep(0.6)
        screen.send("2")
        screen.wait_for("Strategic buyers", "? help")
        screen.send("q")
        assert screen.process.wait(60) == 0
    assert snapshot(listing.root) == before


def off_ssh(*words: str) -> Terminal:
    program = (sys.executable, "-m", "tests.support.console.fixed_console", *words)
    return Terminal(program, size=(120, 36), environment={"SSH_CONNECTION": ""}, cwd=PLACE)


def click_on(screen: Terminal, word: str, *, row: int = -1) -> None:
    """Press and release the left button where a word begins on the screen."""
    lines = screen.text.split("\n")
    y = next(at for at, line in enumerate(lines) if word in line) if row < 0 else row
    place = f"{lines[y].index(word) + 1};{y + 1}"
    screen.write(f"\x1b[<0;{place}M\x1b[<0;{place}m".encode())


def test_the_mouse_clicks_heads_rows_and_hints_and_its_wheel_scrolls() -> None:
    with off_ssh() as screen:
        screen.wait_for("QUIET", "1-4 panes", "Tier-1 suppliers")
        click_on(screen, "QUIET")
        screen.wait_for("▲QUIET", "sorted by quiet")
        screen.write(b"\x1b[<65;60;8M" * 3)
        screen.wait_for("↑1 waiting")
        click_on(screen, "hollis_park")
        screen.wait_for("▸1 Listings")
        click_on(screen, "? help")
        screen.wait_for("Keys and verbs")
        screen.send("q")
        screen.wait_for("1-4 panes")
        screen.send("qq")
        assert screen.process.wait(60) == 0


def test_over_ssh_the_terminal_keeps_its_mouse() -> None:
    with off_ssh("--ssh") as screen:
        screen.wait_for("QUIET", "1-4 panes", "Tier-1 suppliers")
        click_on(screen, "QUIET")
        screen.send("j")
        screen.send("j")
        screen.wait_for("4 sessions failed this way")
        assert "▲QUIET" not in screen.text
        screen.send("q")
        assert screen.process.wait(60) == 0
        for mode in (b"1000h", b"1002h", b"1003h"):
            assert b"\x1b[?" + mode not in screen.raw
