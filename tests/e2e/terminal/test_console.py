"""The console in a real terminal, with real keys, the real CLI and a real kill."""

from __future__ import annotations

import signal
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.processes.past_session import past
from tests.support.processes.runs_site import SCENES, Site, over, wait
from tests.support.processes.terminal import Terminal
from tui.demo.api import LoopbackApi, by_word
from tui.demo.turns import Text, say
from tui.runs.folder import protocol
from tui.runs.folder.protocol import read_owner, read_run
from tui.safe_io.processes import started

LETTER = " ".join(
    f"Buyer number {number} of the long list is worth a call." for number in range(45)
)
NOTE = LETTER.partition(" Buyer number 25 ")[0]


@pytest.fixture(scope="module")
def api() -> Iterator[LoopbackApi]:
    letter, note = say(Text(LETTER, 60)), say(Text(NOTE, 60))
    scene = by_word({"LETTER": lambda asked: letter, "NOTE": lambda asked: note}, default=SCENES)
    with LoopbackApi(scene) as server:
        yield server


def console(site: Site, *, size: tuple[int, int] = (80, 24)) -> Terminal:
    return Terminal(
        [sys.executable, "-m", "tui", "--root", str(site.listing.parent), "--operator", "anna"],
        size=size,
        environment={
            "SESSION_CONSOLE_ENV_FILE": str(site.env_file),
            "SESSION_CONSOLE_CONFIG": str(site.env_file.with_name("none.toml")),
            "SSH_CONNECTION": "",
        },
    )


def latest(site: Site) -> Path:
    return protocol.run_folders(site.listing)[-1]


def test_a_resume_by_key_streams_and_outlives_a_killed_console(site: Site) -> None:
    session_id = past(site)
    with console(site) as screen:
        screen.wait_for("hollis_park", "ECHO this is the", "· ready")
        screen.send("r")
        screen.wait_for("mode default")
        screen.words("LETTER please\r")
        screen.wait_for("running", "Buyer number 3 of the long list")
        folder = latest(site)
        assert read_run(folder).state == "busy"
        assert LETTER not in site.transcript(session_id)
        runner = read_owner(folder)
        screen.kill()
    assert started(runner["pid"]) == runner["proc_start"]
    assert read_run(folder).state == "busy"
    with console(site, size=(120, 36)) as screen:
        screen.wait_for("● running", "Buyer number")
        screen.send("r")
        screen.wait_for("it is running", ":send")
        site.hurry()
        assert over(folder).state == "done"
        screen.wait_for("· ready", "number 44 of the long list")
        screen.send("q")
        assert screen.process.wait(60) == 0
    assert LETTER in site.transcript(session_id)


def test_a_hang_up_ends_the_console_and_not_the_run(site: Site) -> None:
    past(site)
    with console(site) as screen:
        screen.wait_for("hollis_park", "· ready")
        screen.send("r")
        screen.wait_for("mode default")
        screen.words("NOTE please\r")
        screen.wait_for("Buyer number 2 of")
        folder = latest(site)
        screen.process.send_signal(signal.SIGHUP)
        assert screen.process.wait(60) is not None
    site.hurry()
    assert over(folder).state == "done"


def test_two_consoles_that_resume_at_once_start_one_agent(site: Site) -> None:
    past(site)
    with console(site) as one, console(site) as two:
        for screen in (one, two):
            screen.wait_for("hollis_park", "· ready")
            screen.send("r")
            screen.wait_for("mode default")
            screen.send("NOTE please")
        for screen in (one, two):
            screen.send("\r")
        wait(lambda: len(protocol.run_folders(site.listing)) == 2)
        wait(lambda: "is running" in one.text + two.text)
        one.wait_for("Buyer number 4 of")
        two.wait_for("Buyer number 4 of")
    assert len(protocol.run_folders(site.listing)) == 2
    site.hurry()
    assert over(latest(site)).state == "done"


def failed(site: Site, count: int) -> None:
    """Put so many sessions into a listing, each of which failed for the same reason."""
    for _ in range(count):
        past(site)
    told = '{"last_error": "API Error: 529 overloaded"}'
    with closing(sqlite3.connect(site.listing / "buyers.db")) as database, database:
        database.execute(
            "UPDATE claude_sessions SET status = 'failed', metadata = json_patch(metadata, ?)",
            (told,),
        )


def test_what_failed_and_is_queued_again_is_no_failure_any_more(site: Site) -> None:
    """Of twelve resumed at once two work; the rows of the other ten still say failed."""
    failed(site, 12)
    settings = site.env_file.with_name("none.toml")
    settings.write_text("max_runs = 2\n")
    settings.chmod(0o600)
    with console(site, size=(120, 36)) as screen:
        screen.wait_for("failed", "529 overloaded", "12")
        screen.send("\r")
        screen.wait_for("12 marked")
        screen.send("r")
        screen.wait_for("mode default")
        screen.words("LETTER please\r")
        screen.send("y")
        shown = wait(lambda: text if (text := screen.text).count("… queued") > 7 else "")
        assert "529 overloaded" not in shown
        assert "failed" not in shown.replace("0 failed", "")
