"""The stream of a session, followed; and what an agent said last."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.sample_listing import FIRST, SampleListing, text_line, user_line
from tui.operations.follow import Follow
from tui.operations.last_words import last_words

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    listing.track(FIRST)
    return listing


def append(listing: SampleListing, *lines: dict[str, object]) -> None:
    with listing.transcript_path(FIRST).open("a") as file:
        file.writelines(f"{json.dumps(line)}\n" for line in lines)


def said(text: str, message_id: str) -> dict[str, object]:
    line = text_line(text, NOW)
    line["message"]["id"] = message_id
    return line


def test_a_stream_is_followed_from_before_its_transcript_is_there(listing: SampleListing) -> None:
    follow = Follow(listing.session(FIRST))
    assert follow.poll(listing.session(FIRST)).entries == ()
    listing.write_transcript(FIRST, "Let me look.")
    session = listing.session(FIRST)
    assert [entry.text for entry in follow.poll(session).entries][-1] == "Let me look."
    append(listing, said("Found 12.", "m2"))
    assert [entry.text for entry in follow.poll(session).entries] == ["Found 12."]
    assert follow.poll(session).entries == ()


def test_a_transcript_that_became_another_voids_what_was_shown(listing: SampleListing) -> None:
    path = listing.write_transcript(FIRST, "old words")
    session = listing.session(FIRST)
    follow = Follow(session)
    follow.poll(session)
    path.unlink()
    gone = follow.poll(session)
    assert gone.was_reset
    assert "gone" in gone.notices[0]
    listing.write_transcript(FIRST, "new words")
    assert follow.poll(session).entries[-1].text == "new words"


@pytest.mark.parametrize(
    ("lines", "answer"),
    [
        ([], ""),
        ([said("One.", "m1")], "One."),
        ([said("One.", "m1"), said("Two.", "m2")], "Two."),
        ([said("One.", "m1"), said("and more.", "m1")], "One.\n\nand more."),
        ([said("One.", "m1"), user_line("Next?", NOW)], ""),
        ([said("One.", "m1"), said("aside", "m2") | {"isSidechain": True}], "One."),
        ([said("One.", "m1"), {"type": "cost-state"}], "One."),
    ],
)
def test_the_answer_is_the_last_message_of_the_last_turn(
    listing: SampleListing, lines: list[dict[str, object]], answer: str
) -> None:
    listing.write_transcript(FIRST)
    append(listing, *lines)
    assert last_words(listing.config_dir, FIRST) == answer
    assert last_words(listing.config_dir, "missing") == ""
