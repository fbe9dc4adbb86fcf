"""The verbs ack, snooze, tag and note: what they print, and where what they wrote is shown."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, run_cli


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    """A ghost, which needs attention, and a session that needs none."""
    listing = SampleListing(tmp_path / "outputs")
    listing.track(FIRST)
    listing.add(SECOND)
    return listing


def test_ack_settles_what_needs_somebody(listing: SampleListing) -> None:
    done = run_cli(listing.root, "ack", "9f2c", "--operator", "anna")
    assert (done.returncode, done.stdout) == (0, "acknowledged that 9f2c0000 has no transcript\n")
    done = run_cli(listing.root, "ack", "hollis_park/9f2c", "--json")
    facts = json.loads(done.stdout)
    assert facts["words"].startswith("anna already acknowledged")
    assert (facts["session_id"], facts["listing"]) == (FIRST, "hollis_park")


def test_ack_refuses_what_needs_nobody(listing: SampleListing) -> None:
    done = run_cli(listing.root, "ack", "9f2d")
    assert (done.returncode, done.stdout) == (4, "")
    assert "needs no attention" in done.stderr
    assert run_cli(listing.root, "ack", "9f2c", "--read-only").returncode == 4
    assert run_cli(listing.root, "ack", "missing").returncode == 3
    assert run_cli(listing.root, "ack", "9f2").returncode == 2


def test_a_listing_that_vanished_is_forgotten_once_it_is_acknowledged(
    listing: SampleListing,
) -> None:
    other = SampleListing(listing.root, "dunwell")
    other.add(FIRST)
    run_cli(listing.root, "ls")
    shutil.rmtree(other.folder)
    shown = run_cli(listing.root, "ls")
    assert "dunwell" in shown.stdout + shown.stderr
    done = run_cli(listing.root, "ack", "dunwell")
    assert (done.returncode, done.stderr) == (0, "")
    assert "forgotten" in done.stdout
    shown = run_cli(listing.root, "ls")
    assert "dunwell" not in shown.stdout + shown.stderr
    assert run_cli(listing.root, "ack", "hollis_park").returncode == 3


def done(listing: SampleListing, *words: str) -> str:
    said = run_cli(listing.root, *words, "--operator", "anna")
    assert (said.returncode, said.stderr) == (0, "")
    return said.stdout


def ids(listing: SampleListing, wanted: str) -> list[str]:
    return [
        one["session_id"] for one in json.loads(done(listing, "ls", "--filter", wanted, "--json"))
    ]


def test_tags_and_a_note_are_found_shown_and_printed(listing: SampleListing) -> None:
    done(listing, "tag", "9f2d", "urgent", "dach")
    assert "it was" not in done(listing, "note", "9f2d", "call", "them")
    assert (ids(listing, "tag:urgent"), ids(listing, "call")) == ([SECOND], [SECOND])
    facts = json.loads(done(listing, "show", "9f2d", "--json"))
    assert (facts["tags"], facts["note"]) == (["dach", "urgent"], "call them")
    assert [(one["tag"], one["by"]) for one in facts["tagged"]] == [
        ("dach", "anna"),
        ("urgent", "anna"),
    ]
    assert facts["noted"]["by"] == "anna"
    shown = done(listing, "show", "9f2d")
    assert "urgent (anna, " in shown
    assert "call them (anna, " in shown
    log = run_cli(listing.root, "log").stdout
    assert "+dach +urgent" in log
    assert "call them" in log


def test_they_are_removed_and_cleared(listing: SampleListing) -> None:
    done(listing, "tag", "9f2d", "urgent", "dach")
    assert done(listing, "tag", "9f2d", "--remove", "dach", "--remove", "urgent").startswith(
        "removed dach urgent from 9f2d0000"
    )
    done(listing, "note", "9f2d", "call them")
    assert done(listing, "note", "9f2d", "") == 'cleared the note of 9f2d0000; it was "call them"\n'
    facts = json.loads(done(listing, "show", "9f2d", "--json"))
    assert (facts["tags"], facts["note"], facts["noted"]) == ([], None, None)


def test_what_is_snoozed_is_out_of_attention_until_it_is_woken(listing: SampleListing) -> None:
    assert "ghost" in run_cli(listing.root, "check").stdout
    assert done(listing, "snooze", "9f2c", "4h").startswith("snoozed 9f2c0000 until ")
    assert "ghost" not in run_cli(listing.root, "check").stdout
    assert ids(listing, "snoozed") == [FIRST]
    assert "until " in done(listing, "show", "9f2c").partition("snoozed")[2]
    facts = json.loads(done(listing, "show", "9f2c", "--json"))
    assert facts["snoozed_until"] == facts["acknowledged"]["until"] is not None
    done(listing, "snooze", "9f2c", "off")
    assert ids(listing, "snoozed") == []
    assert "ghost" in run_cli(listing.root, "check").stdout


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("tag", "9f2d"), 2),
        (("tag", "9f2d", "two words"), 2),
        (("tag", "9f2d", "x" * 33), 2),
        (("note", "9f2d", "x" * 501), 2),
        (("note", "9f2d"), 2),
        (("snooze", "9f2d", "4h"), 4),
        (("snooze", "9f2c", "a while"), 2),
    ],
)
def test_what_cannot_be_written_is_refused(
    listing: SampleListing, words: tuple[str, ...], code: int
) -> None:
    said = run_cli(listing.root, *words)
    assert (said.returncode, said.stdout) == (code, "")
    assert not (listing.folder / ".session_console" / "annotations.json").exists()
