"""`LISTING/`: a verb on every session of a listing, asked before, and never on what is unknown."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import console
from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, run_cli
from tui.cli.declarations.table import VERBS
from tui.cli.verb_info import verb_infos

MANY = {"extend", "delete", "resume", "send", "interrupt", "stop", "model", "mode"}


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST, days=9)
    listing.add(SECOND, days=2)
    other = SampleListing(tmp_path / "outputs", "moss_end")
    other.add("aaaa0000-1111-4222-8333-444455556666", days=2)
    return listing


def say(listing: SampleListing, *words: str) -> tuple[int, str, str]:
    done = run_cli(listing.root, "--operator", "anna", *words)
    return done.returncode, done.stdout, done.stderr


def ends(listing: SampleListing) -> dict[str, datetime]:
    found = json.loads(run_cli(listing.root, "ls", "--json").stdout)
    return {one["session_id"]: datetime.fromisoformat(one["expires_at"]) for one in found}


def test_all_sessions_of_a_listing_are_extended_after_a_yes(listing: SampleListing) -> None:
    before = ends(listing)
    code, stdout, stderr = say(listing, "extend", "hollis_park/", "30d")
    assert (code, stdout) == (5, "")
    assert "would extend 2 sessions of hollis_park: add --yes to do it" in stderr
    assert ends(listing) == before
    code, stdout, stderr = say(listing, "extend", "hollis_park/", "30d", "--yes")
    assert code == 0, stderr
    assert "2 of 2 done" in stderr
    after = ends(listing)
    assert {one for one in before if after[one] > before[one]} == {FIRST, SECOND}


def test_one_undo_takes_all_of_it_back(listing: SampleListing) -> None:
    before = ends(listing)
    assert say(listing, "delete", "hollis_park/", "--yes")[0] == 0
    places = [listing.transcript_path(one) for one in (FIRST, SECOND)]
    assert not any(place.exists() for place in places)
    assert say(listing, "undo")[0] == 0
    assert all(place.exists() for place in places)
    assert ends(listing) == before


def test_nothing_is_resumed_before_a_yes(listing: SampleListing) -> None:
    code, stdout, stderr = say(listing, "resume", "hollis_park/", "Go on")
    assert (code, stdout) == (5, "")
    assert "would resume 2 sessions of hollis_park: add --yes to do it" in stderr
    assert run_cli(listing.root, "ls", "--live", "--json").stdout.strip() == "[]"


def test_a_listing_stands_beside_ids_and_names_each_session_once(listing: SampleListing) -> None:
    words = ("extend", "hollis_park/", f"hollis_park/{FIRST}", "aaaa", "30d", "--yes", "--json")
    done = run_cli(listing.root, *words)
    assert done.returncode == 0
    assert len(json.loads(done.stdout)) == 3


@pytest.mark.parametrize("verb", ["stop", "interrupt", "send", "model", "mode"])
def test_what_has_nothing_to_do_says_what_it_left_out(listing: SampleListing, verb: str) -> None:
    rest = {"send": ("Go",), "model": ("opus",), "mode": ("plan",)}.get(verb, ())
    for yes in ((), ("--yes",)):
        code, stdout, stderr = say(listing, verb, "hollis_park/", *rest, *yes)
        assert (code, stdout) == (4, "")
        assert f"no session of hollis_park to {verb}: 2 left out" in stderr


@pytest.mark.parametrize("verb", ["extend", "delete"])
def test_nothing_is_done_to_a_listing_that_is_not_known_whole(
    listing: SampleListing, verb: str
) -> None:
    listing.db_path.write_bytes(b"no database" * 999)
    rest = ("9d",) if verb == "extend" else ()
    code, stdout, stderr = say(listing, verb, "hollis_park/", *rest, "--yes")
    assert (code, stdout) == (1, "")
    assert "not all its sessions are known" in stderr
    assert listing.transcript_path(FIRST).exists()


@pytest.mark.parametrize("word", ["nowhere/", "../", "/", "hollis_park//", "-/", "a\x1b[31m/"])
def test_what_is_no_listing_is_an_unknown_id(listing: SampleListing, word: str) -> None:
    code, stdout, stderr = say(listing, "extend", "--yes", "--", word, "9d")
    assert (code, stdout) == (3, "")
    assert "\x1b" not in stderr


def test_no_other_verb_takes_a_listing_for_its_sessions(listing: SampleListing) -> None:
    assert {one.name for one in VERBS if one.takes_listing} == MANY
    assert {one.name for one in verb_infos() if one.takes_listing} == MANY
    for verb in ("show", "purge", "fail", "tail", "export"):
        assert say(listing, verb, "hollis_park/")[0] == 3


async def test_the_line_asks_as_for_marks_with_the_count_typed() -> None:
    async with console() as at:
        there = [one for one in at.engine.catalog.sessions if one.listing == "hollis_park"]
        await at.press("colon", *"delete hollis_park/", "enter")
        await at.until(lambda: "delete" in at.text("bottom") and "?" in at.text("bottom"))
        assert f"{len(there)} " in at.text("bottom")
        await at.press("escape")
        await at.answered()
        assert at.engine.asked == []


async def test_the_line_extends_all_of_a_listing() -> None:
    engine = FixedEngine()
    async with console(engine) as at:
        await at.press("colon", *"extend hollis_park/ 9d", "enter")
        await at.asked()
        await at.press("enter")
        await at.answered()
        extended = {asked[1] for asked in engine.asked if asked[0] == "extend"}
        assert extended == {
            one.session_id
            for one in engine.catalog.sessions
            if one.listing == "hollis_park" and one.row is not None
        }
