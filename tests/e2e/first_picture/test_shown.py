"""Which picture a console begins with, and which it must not show."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.console.pictures import (
    LABEL,
    TITLE,
    body,
    console,
    files,
    go_on,
    hold,
    leave_picture,
    live_at_once,
    places,
    run,
)
from tests.support.hostile.hung_disk import hung_disk
from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing
from tests.support.processes.runs_site import wait


def test_the_last_picture_is_shown_before_textual_is_imported_and_only_what_differs_after_it(
    root: Path,
) -> None:
    """Its cells have their colours; the live picture clears nothing, and sends no title again."""
    left = leave_picture(root)
    with console(root, at="textual") as screen:
        screen.wait_for("reading...", "Let me look.", "? help")
        assert LABEL.fullmatch(screen.text.split("\n")[0].rstrip())
        assert body(screen.picture) == body(left)
        before = len(screen.raw)
        go_on(root)
        screen.wait_for("0 live", "Let me look.")
        after = bytes(screen.raw[before:])
        assert LABEL.search(screen.text) is None
        assert body(screen.picture) == body(left)
    assert TITLE not in after
    assert b"\x1b[?1049h" not in after
    assert b"\x1b[2J" not in after


def test_a_purge_by_anybody_leaves_no_picture_to_show(root: Path) -> None:
    """Those of the purging login are gone at once, another's when its console starts again."""
    leave_picture(root)
    leave_picture(root, login="bert")
    assert files(root)
    run(root, "bert", "purge", FIRST, "--yes")
    assert files(root, "bert") == []
    with live_at_once(root):
        assert files(root) == []


def test_a_console_that_sees_a_purge_keeps_no_picture_from_before_it(root: Path) -> None:
    """Neither the file from before nor the picture that it would leave."""
    leave_picture(root)
    leave_picture(root, login="bert")
    with console(root) as screen:
        screen.wait_for("0 live", "Let me look.")
        screen.send(":")
        screen.wait_for(">")
        run(root, "bert", "purge", FIRST, "--yes")
        wait(lambda: files(root) == [])
        screen.process.send_signal(signal.SIGTERM)
        screen.process.wait(60)
    assert files(root) == []


def test_a_listing_that_does_not_answer_after_a_purge_leaves_no_picture_of_it(root: Path) -> None:
    """The root's mark is read, but what is shown of the listing is from before."""
    with console(root, at="listings") as screen:
        go_on(root)
        screen.wait_for("0 live", "Let me look.")
        hold(root)
        screen.wait_for("stale")
        run(root, "bert", "purge", FIRST, "--yes")
        for key in "jkj":  # each is painted, the last after a picture would be taken
            time.sleep(1.5)
            screen.send(key)
        time.sleep(0.5)
        screen.send("q")
        assert screen.process.wait(60) == 0
    assert files(root) == []


def test_a_listing_that_cannot_be_read_is_in_no_picture(root: Path) -> None:
    (database,) = root.glob("*/*.db")
    with closing(sqlite3.connect(database, isolation_level=None)) as pipeline:
        pipeline.execute("BEGIN EXCLUSIVE")
        with console(root) as screen:
            screen.wait_for("unreadable", "Let me look.")
            screen.send("q")
            assert screen.process.wait(60) == 0
    assert files(root) == []


def test_a_picture_is_for_one_operator_one_root_and_one_size(root: Path, tmp_path: Path) -> None:
    leave_picture(root)
    with live_at_once(root, size=(100, 30)):
        pass
    with live_at_once(root, "--operator", "bert"):
        pass
    other = tmp_path / "elsewhere"
    SampleListing(other).add(FIRST)
    with live_at_once(other):
        pass
    with console(root, at="look") as screen:  # while it is there for these
        screen.wait_for("reading...", "Let me look.")


def test_a_root_in_the_place_of_another_has_no_picture(root: Path) -> None:
    leave_picture(root)
    root.rename(root.with_name("former"))
    SampleListing(root).add(SECOND)
    with live_at_once(root):
        pass


def test_a_root_that_is_gone_has_no_picture(root: Path) -> None:
    leave_picture(root)
    root.rename(root.with_name("former"))
    with console(root) as screen:
        screen.wait_for("there is no folder")
        assert TITLE not in screen.raw


def test_a_root_whose_mark_hangs_has_no_picture_and_the_console_starts(root: Path) -> None:
    leave_picture(root)
    ours = root / ".session_console"
    ours.mkdir(exist_ok=True)
    with hung_disk(ours), console(root) as screen:
        screen.wait_for("does not answer")
        assert TITLE not in screen.raw
        screen.send("q")
        assert screen.process.wait(60) == 0


def test_a_console_starts_on_a_root_that_hangs_says_so_and_can_be_left(root: Path) -> None:
    with hung_disk(root), console(root) as screen:
        screen.wait_for("does not answer: its disk")
        screen.send("q")
        assert screen.process.wait(60) == 0


@pytest.mark.parametrize("words", [("ls",), ("show", FIRST), ("check",), ("extend", FIRST, "3")])
def test_a_verb_over_a_root_that_hangs_says_so_and_ends(root: Path, words: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "tui", "--root", str(root), *words]
    environment = {**os.environ, **places(root)}
    with hung_disk(root):
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == 1
    assert "outputs does not answer: its disk or its database is slow" in done.stderr


def test_a_picture_is_drawn_for_these_colours_and_without_any_it_has_none(root: Path) -> None:
    leave_picture(root)
    with live_at_once(root, NO_COLOR="1"):
        pass
    leave_picture(root, NO_COLOR="1")
    with console(root, at="textual", NO_COLOR="1") as screen:
        screen.wait_for("reading...", "Let me look.")
        assert re.search(rb"\x1b\[[\d;]*[34][0-9][\d;]*m", screen.raw) is None


def test_nothing_is_drawn_where_no_console_would_be(root: Path) -> None:
    leave_picture(root, NO_COLOR="1")
    with console(root, TERM="dumb", NO_COLOR="1") as screen:
        assert screen.process.wait(60) == 2
        screen.wait_for("cannot draw")
        assert b"\x1b" not in screen.raw
    words = [sys.executable, "-m", "tui", "--root", str(root), "--operator", "anna"]
    done = subprocess.run(
        words, env={**os.environ, **places(root)}, capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"\x1b" not in done.stderr


def test_read_only_and_restricted_consoles_have_pictures_of_their_own(root: Path) -> None:
    leave_picture(root)
    leave_picture(root, "--read-only")
    with console(root, "--read-only", at="textual") as screen:
        screen.wait_for("[RO] as of", "reading...", "Let me look.")
    with live_at_once(root, "--restricted"):
        pass


def test_the_setting_turns_it_off(root: Path) -> None:
    leave_picture(root)
    with live_at_once(root, SESSION_CONSOLE_FIRST_PICTURE="no"):
        pass
    with live_at_once(root, SESSION_CONSOLE_CELL_DIFF="no"):
        pass


def test_a_picture_that_was_tampered_with_is_not_shown(root: Path) -> None:
    leave_picture(root)
    (file,) = files(root)
    file.write_text(file.read_text().replace("Strategic", "\\u001b]0;ab\\u0007"))
    with live_at_once(root):
        pass
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("later", [2 * 86_400, 253_402_300_799])
def test_a_picture_of_the_future_is_not_shown_and_the_console_starts(
    root: Path, later: int
) -> None:
    """No zone can move the last moment that there is: a console that tried would never start."""
    leave_picture(root)
    (file,) = files(root)
    at = min(253_402_300_799, int(time.time()) + later)
    file.write_text(json.dumps(json.loads(file.read_text()) | {"at": at}))
    with live_at_once(root, SESSION_CONSOLE_TIME_ZONE="Asia/Tokyo"):
        pass


def test_what_covers_the_panes_is_in_no_picture(root: Path) -> None:
    """The next console begins with the panes: so does its picture."""
    with console(root) as screen:
        screen.wait_for("0 live", "Let me look.")
        screen.send("?")
        screen.wait_for("Esc back")
        screen.process.send_signal(signal.SIGTERM)
        screen.process.wait(60)
    with console(root, at="textual") as screen:
        screen.wait_for("reading...", "Let me look.")
        assert "Esc back" not in screen.text
