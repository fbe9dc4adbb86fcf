"""The verb tail: each arrow once, each date where its day begins."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SampleListing, run_cli
from tests.support.listings.transcript_lines import answer, prompt, result, text, write_lines


def test_a_result_without_its_call_has_one_arrow_and_each_day_is_told_once(tmp_path: Path) -> None:
    listing = SampleListing(tmp_path / "outputs")
    listing.track(FIRST)
    next_day = {"timestamp": "2026-11-21T12:00:00.000Z"}
    write_lines(
        listing.transcript_path(FIRST),
        prompt("Find pumps"),
        result("done so"),
        answer(text("Yes.")) | next_day,
        prompt("Thanks") | next_day,
    )
    done = run_cli(listing.root, "tail", FIRST, TZ="UTC")
    assert done.stdout.splitlines() == [
        "── Fri 20 Nov ──",
        "12:00 > Find pumps",
        "12:00 → done so",
        "── Sat 21 Nov ──",
        "12:00 Yes.",
        "12:00 > Thanks",
    ]


@pytest.mark.parametrize(
    ("rest", "shown", "found"),
    [
        (json.dumps(answer(text("the last word"))), "the last word", 1),
        (json.dumps(answer(text("the last word")))[:-1], "the last line is not whole yet", 0),
        (" \0", "Hello", 0),
    ],
    ids=["whole", "torn", "blank"],
)
def test_a_last_line_without_a_newline_is_told_if_it_is_whole(
    tmp_path: Path, rest: str, shown: str, found: int
) -> None:
    listing = SampleListing(tmp_path / "outputs")
    listing.track(FIRST)
    write_lines(listing.transcript_path(FIRST), prompt("Hello"), rest.encode())
    assert shown in run_cli(listing.root, "tail", FIRST, TZ="UTC").stdout.splitlines()[-1]
    assert run_cli(listing.root, "export", FIRST).stdout.count("the last word") == found
    assert run_cli(listing.root, "grep", "the last word").stdout.count("the last word") == found
