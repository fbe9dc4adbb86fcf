"""Where nobody can tell whether a session has a transcript, no verb says that it has none."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.hostile.read_errors import ERRORS, reads_fail
from tests.support.listings.sample_listing import FIRST, SampleListing
from tui.__main__ import main
from tui.operations.stream.follow import StreamFollower


def run(listing: SampleListing, *words: str) -> int:
    return main(["--root", str(listing.root), *words])


def unread(listing: SampleListing, number: int) -> Any:
    return reads_fail(listing.folder / ".claude_sessions" / "projects", number)


@ERRORS
@pytest.mark.parametrize(
    "words",
    [
        ("show", FIRST),
        ("tail", FIRST),
        ("tail", FIRST, "--json"),
        ("export", FIRST),
        ("rename", FIRST, "Other"),
        ("ls", "--status", "failed"),
    ],
    ids=" ".join,
)
def test_a_verb_says_that_nobody_can_tell_and_ends_with_1(
    listing: SampleListing, capsys: pytest.CaptureFixture[str], number: int, words: tuple[str, ...]
) -> None:
    with unread(listing, number):
        assert run(listing, *words) == 1
    said = "".join(capsys.readouterr())
    assert f"projects cannot be read: {os.strerror(number)}" in said
    assert "no transcript" not in said
    assert "(ok)" not in said
    assert words[0] != "ls" or "no session matches in what could be read" in said


@ERRORS
def test_json_names_the_reason_and_no_state(
    listing: SampleListing, capsys: pytest.CaptureFixture[str], number: int, tmp_path: Path
) -> None:
    with unread(listing, number):
        assert run(listing, "ls", "--json") == 1
        (told,) = json.loads(capsys.readouterr().out)
        assert run(listing, "show", FIRST, "--json") == 1
        shown = json.loads(capsys.readouterr().out)
        assert run(listing, "export", FIRST, "-o", str(tmp_path / "out.md"), "--json") == 1
        (why,) = json.loads(capsys.readouterr().out)["unread"]
    for one in (told, shown):
        assert (one["state"], one["transcript"]) == (None, None)
        assert os.strerror(number) in one["unread"]
    assert os.strerror(number) in why
    assert 'state: "unread"' in (tmp_path / "out.md").read_text()
    assert run(listing, "ls", "--json") == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["state"], told["unread"]) == ("ok", None)


@ERRORS
def test_what_was_deleted_may_lie_in_a_trash_that_cannot_be_read(
    listing: SampleListing, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    assert run(listing, "delete", FIRST, "--yes") == 0
    with reads_fail(listing.root / ".session_console" / "trash", number):
        assert run(listing, "export", FIRST) == 1
    assert os.strerror(number) in capsys.readouterr().err
    assert run(listing, "export", FIRST) == 0


@ERRORS
def test_who_follows_it_is_told_once_and_sees_it_once_it_can_be_read(
    listing: SampleListing, number: int
) -> None:
    with unread(listing, number):
        session = listing.session(FIRST)
        follow = StreamFollower(session)
        first, second = follow.poll(session), follow.poll(session)
    assert len(first.notices) == 1
    assert os.strerror(number) in first.notices[0]
    assert second.notices == ()
    session = listing.session(FIRST)
    assert follow.poll(session).entries


@pytest.mark.parametrize("words", [FIRST, f"hollis_park/{FIRST}", "hollis_park"])
def test_the_log_names_a_database_that_cannot_be_read_once(
    listing: SampleListing, capsys: pytest.CaptureFixture[str], words: str
) -> None:
    database = listing.folder / "buyers.db"
    database.unlink()
    database.write_text("no database " * 100)
    assert run(listing, "log", words) == 1
    (told,) = capsys.readouterr().err.splitlines()
    assert told.startswith("hollis_park: ")
