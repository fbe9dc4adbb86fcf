"""Over a link that stalls nothing counts as shown that the terminal has not taken."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.terminal.test_link import fill
from tests.operations.running.test_steer import add_run
from tests.support.hostile.planted_request import plant_request
from tests.support.listings.sample_listing import FIRST, SampleListing
from tests.support.processes.runs_site import wait
from tests.support.processes.terminal import Terminal
from tui.storage.session_locks import SessionLock

REFUSED = ("has not been shown yet", "came before the question was on the screen")
CONTENT = "\n".join(f"LINE{number:05} {'.' * 60}" for number in range(350))


IMPATIENT = """
from tui.ui.terminal import delivery
delivery.ANSWERS_WITHIN_S = 3.0
from tui.__main__ import main
main()
"""


@contextmanager
def shown(
    listing: SampleListing, *, answers: bool, is_impatient: bool = False
) -> Iterator[Terminal]:
    program = ("-c", IMPATIENT) if is_impatient else ("-m", "tui")
    command = (sys.executable, *program, "--root", str(listing.root))
    with Terminal(command, owns=False, answers=answers) as screen:
        screen.wait_for("hollis_park", FIRST[:4])
        yield screen


def press_blindly(screen: Terminal, keys: str) -> None:
    """Press keys one by one, each as a hand does, whatever is on the screen."""
    for key in keys:
        screen.send(key)
        time.sleep(0.1)


def is_on(screen: Terminal, words: str) -> bool:
    return words in screen.text


def press_until(screen: Terminal, key: str, is_so: Callable[[], Any]) -> int:
    """Press a key each second until it is so, and return how often: it may be told that it is
    too early as long as the terminal may still answer."""
    until = time.monotonic() + 60
    for number in count(1):
        screen.send(key)
        again = time.monotonic() + 1
        while time.monotonic() < again:
            if is_so():
                return number
            time.sleep(0.03)
        assert time.monotonic() < until, screen.text
    raise AssertionError


@pytest.mark.parametrize("answers", [True, False], ids=["it answers", "it answers nothing"])
def test_pages_that_a_stalled_link_never_carried_are_not_seen(
    tmp_path: Path, answers: bool
) -> None:
    """The pages differ so little that all of them fit into what the kernel keeps of a terminal.

    If what was painted counted, or what the kernel took, `y` would grant what nobody has seen.
    """
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST)
    folder = add_run(listing)
    given = {"file_path": "a", "content": CONTENT}
    plant_request(folder, datetime.now(UTC), "Write", given)
    inbox = folder / "inbox"
    with SessionLock.take(listing.folder, FIRST), shown(listing, answers=answers) as screen:
        screen.send("a")
        screen.wait_for("page 1 of ", "LINE00001")
        pages = int(screen.text.split("page 1 of ")[1].split()[0])
        screen.pace = 0
        press_blindly(screen, "l" * (pages + 5) + "y")
        screen.pace = None
        screen.wait_for(f"page {pages} of {pages}")
        wait(lambda: any(why in " ".join(screen.text.split()) for why in REFUSED))
        assert not list(inbox.glob("*"))
        press_blindly(screen, "b" * (pages + 1))
        for page in range(2, pages + 1):
            wait(partial(is_on, screen, f"page {page - 1} of "))
            screen.send("l")
        screen.wait_for(f"page {pages} of {pages}", "shown in full")
        press_until(screen, "y", lambda: list(inbox.glob("*")))
        said = json.loads(next(iter(inbox.glob("*"))).read_text())
        assert said["decision"] == "allow"


@pytest.mark.parametrize("answers", [True, False], ids=["it answers", "it answers nothing"])
def test_a_question_that_was_never_shown_is_answered_by_no_key(
    tmp_path: Path, answers: bool
) -> None:
    """Without the count `d` and `y` into a dead link delete a session."""
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST)
    with shown(listing, answers=answers) as screen:
        fill(screen, 2)
        press_blindly(screen, "dy")
        screen.pace = None
        screen.wait_for("came before the question was on the screen")
        assert listing.transcript_path(FIRST).exists()
        press_until(screen, "y", lambda: not listing.transcript_path(FIRST).exists())
