"""The verb tail: an arrow once, a day where it begins."""

from __future__ import annotations

from pathlib import Path

from tests.said import answer, prompt, result, text, write_lines
from tests.sample_listing import FIRST, SampleListing, run_cli


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
        "2026-11-20",
        "12:00 > Find pumps",
        "12:00 → done so",
        "2026-11-21",
        "12:00 Yes.",
        "12:00 > Thanks",
    ]
