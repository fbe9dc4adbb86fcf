"""A terminal that answers late, not at all, or no more: nothing unseen acts, nothing locks up."""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.e2e.permissions.test_shown import press_until, shown
from tests.operations.running.test_steer import add_run
from tests.support.hostile.planted_request import plant_request
from tests.support.listings.sample_listing import FIRST, SampleListing
from tests.support.place import REPOSITORY
from tests.support.processes.runs_site import wait
from tests.support.processes.terminal import Terminal
from tui.storage.session_locks import SessionLock

TOO_EARLY = "came before the question was on the screen"
TWO_PAGES = "\n".join(f"echo LINE{number}" for number in range(28))


class Late(Terminal):
    """A terminal far away: it answers `late_s` later, and so often."""

    late_s, times, is_asked = 1.5, 1, 0
    answered = 0

    def _answer(self, said: bytes) -> None:
        if said:
            self.is_asked += 1
            threading.Timer(self.late_s, self._say, (said,)).start()

    def _say(self, said: bytes) -> None:
        with suppress(OSError):
            os.write(self._master, said * self.times)
        self.answered += 1


def waiting(tmp_path: Path) -> tuple[SampleListing, Path]:
    """Plant a session with a request of two pages; return its inbox, too."""
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST)
    folder = add_run(listing)
    plant_request(folder, datetime.now(UTC), "Bash", {"command": TWO_PAGES})
    return listing, folder / "inbox"


def test_an_answer_that_comes_twice_shows_no_page_that_the_link_holds_back(tmp_path: Path) -> None:
    """Were they counted, the second answer to page 1 would stand for page 2."""
    listing, inbox = waiting(tmp_path)
    command = (sys.executable, "-m", "tui", "--root", str(listing.root))
    with SessionLock.take(listing.folder, FIRST), Late(command, owns=False) as screen:
        screen.times = 2
        screen.wait_for("hollis_park", FIRST[:4])
        screen.send("a")
        screen.wait_for("page 1 of 2")
        wait(lambda: screen.answered == screen.is_asked > 1)
        screen.pace = 0
        screen.send("l")
        wait(lambda: screen.answered == screen.is_asked)
        screen.send("y")
        screen.pace = None
        wait(
            lambda: any(one in screen.text for one in ("page 2 has not been shown yet", TOO_EARLY))
        )
        assert not list(inbox.glob("*"))
        press_until(screen, "y", lambda: list(inbox.glob("*")))


@pytest.mark.parametrize(("key", "typed"), [("e", "12h"), ("r", "go on"), (":", "ack")])
def test_enter_does_nothing_at_a_line_that_a_stalled_link_never_carried(
    tmp_path: Path, key: str, typed: str
) -> None:
    """What was typed is kept; only Enter waits."""
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST)
    runs = listing.folder / ".session_console" / "runs"
    with shown(listing, answers=True) as screen:
        screen.pace = 0
        for one in (key, *typed, "\r"):
            screen.send(one)
        screen.taken()
        screen.pace = None
        screen.wait_for(TOO_EARLY, f"> {typed}")
        assert not list(runs.glob("*"))


def test_a_question_at_the_very_start_waits_for_the_first_answer(tmp_path: Path) -> None:
    """Judged by what the kernel takes of so little, `d` and `y` would delete unseen."""
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST)
    with shown(listing, answers=False) as screen:
        screen.pace = 0
        for key in "dy":
            screen.send(key)
        screen.taken()
        screen.pace = None
        screen.wait_for(TOO_EARLY)
        assert listing.transcript_path(FIRST).exists()


def test_a_terminal_that_answers_no_more_locks_nothing(tmp_path: Path) -> None:
    """It did for ever; and a debt of answers took as many presses, when they came again."""
    listing, inbox = waiting(tmp_path)
    with (
        SessionLock.take(listing.folder, FIRST),
        shown(listing, answers=True, is_impatient=True) as screen,
    ):
        screen.send("\x0c")
        wait(lambda: b"\x1b[6n" in screen.raw)
        screen.set_answers(False)
        screen.send("a")
        screen.wait_for("page 1 of 2")
        before = screen.raw.count(b"\x1b[6n")
        screen.send("l")
        screen.wait_for("page 2 of 2")
        screen.send("\x0c")  # begins anew, over an open question too
        wait(lambda: screen.raw.count(b"\x1b[6n") > before)
        press_until(screen, "y", lambda: list(inbox.glob("*")))
        screen.wait_for("this terminal does not confirm")
        assert screen.raw.count(b"\x1b[6n") - before < 20


@pytest.mark.parametrize("key", ["q", "\x1a"], ids=["quitting", "suspending"])
def test_an_answer_that_is_late_is_typed_into_no_shell(tmp_path: Path, key: str) -> None:
    listing, _ = waiting(tmp_path)
    command = ("bash", "--norc", "--noprofile", "-i")
    environment = {"PS1": "$ ", "XDG_STATE_HOME": str(tmp_path / "state"), "HISTFILE": ""}
    place = REPOSITORY
    with (
        SessionLock.take(listing.folder, FIRST),
        Late(command, environment=environment, cwd=place) as screen,
    ):
        screen.wait_for("$")
        screen.write(f"{sys.executable} -m tui --root {listing.root}\r".encode())
        screen.wait_for(FIRST[:4], "waiting")
        wait(lambda: screen.is_asked and screen.answered == screen.is_asked)
        screen.late_s = 4
        screen.send("a")
        asked = screen.is_asked
        wait(lambda: screen.is_asked > asked)
        screen.send("\x1b")
        screen.wait_for("a answer")
        time.sleep(2.1)  # sooner `q` would be meant for what has just closed
        screen.send(key)
        screen.wait_for("Stopped" if key != "q" else "lists them")
        wait(lambda: screen.answered == screen.is_asked)
        screen.write(b"echo so $((40+2))\r")
        screen.wait_for("so 42")
        assert "$ echo so" in screen.text
