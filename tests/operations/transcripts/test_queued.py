"""What became of a queued prompt, even if that is recorded many pages later."""

from __future__ import annotations

from typing import Any

import pytest

from tests.claude.transcript.test_line_reader import queue, says, user
from tests.operations.stream.test_follow import append, listing
from tests.support.listings.sample_listing import FIRST, SampleListing
from tests.support.listings.transcript_lines import result
from tui.operations.stream.follow import StreamFollower
from tui.operations.transcripts import page_context as module

__all__ = ["listing"]
WORDS = "please hurry"
FAR = [result("o" * 10_000, f"t{number}") for number in range(100)]


def paged(listing: SampleListing, *lines: dict[str, Any]) -> list[str]:
    """Return all entries about the prompt, read page by page from the end."""
    listing.write_transcript(FIRST)
    append(listing, *lines)
    session = listing.session(FIRST)
    follow = StreamFollower(session)
    update = follow.poll(session)
    entries, place = update.entries, update.start
    assert place > 0
    while place > 0:
        page = follow.before(place, None)
        entries, place = (*page.entries, *entries), page.start
    return [f"{one.kind} {one.text}" for one in entries if WORDS in one.text]


@pytest.mark.parametrize(
    ("ends", "told"),
    [
        ([queue("dequeue"), user(WORDS), says("ok")], f"prompt {WORDS}"),
        ([queue("remove", WORDS), says("ok")], f"notice said while it worked: {WORDS}"),
        ([queue("remove"), says("ok")], f"notice said while it worked: {WORDS}"),
        ([queue("popAll", WORDS)], f"notice taken back from the queue: {WORDS}"),
        ([queue("dequeue"), says("ok")], f"notice queued and not taken up: {WORDS}"),
    ],
)
def test_what_became_of_it_is_told_once(
    listing: SampleListing, ends: list[dict[str, Any]], told: str
) -> None:
    assert paged(listing, queue("enqueue", WORDS), *FAR, *ends) == [told]


def test_where_its_end_is_too_far_away_it_was_queued(
    listing: SampleListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_AHEAD", 100_000)
    told = paged(listing, queue("enqueue", WORDS), *FAR, queue("dequeue"), user(WORDS), says("ok"))
    assert told == [f"notice queued: {WORDS}", f"prompt {WORDS}"]
