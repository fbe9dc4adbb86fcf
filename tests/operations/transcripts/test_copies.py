"""A record that is written again is shown once, and so is everything around it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.claude.transcript.test_branches import result, says, user
from tests.support.listings.read_out import read_out
from tests.support.listings.sample_listing import FIRST, SampleListing
from tui.core.models.entry import EntryKind
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.search.grep import search
from tui.operations.search.transcript_search import seek
from tui.operations.stream.export import markdown
from tui.operations.stream.follow import StreamFollower
from tui.operations.stream.last_entries import last_entries


def written(listing: SampleListing, *lines: str) -> Path:
    path = listing.transcript_path(FIRST)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def found(listing: SampleListing, words: str) -> list[str]:
    hits = search(CatalogScanner(listing.context()).look().sessions, words)
    return [hit.text for hit in hits]


def ended_early(word: str, parent: str, reason: str) -> dict[str, Any]:
    line = says(word, parent)
    line["message"]["stop_reason"] = reason
    return line


@pytest.mark.parametrize("reason", ["max_tokens", "refusal"])
def test_the_line_after_an_answer_that_ended_early_is_found(
    listing: SampleListing, reason: str
) -> None:
    lines = (user("q0", ""), ended_early("a0", "q0", reason), user("q1", "a0"), says("a1", "q1"))
    path = written(listing, *map(json.dumps, lines))
    assert found(listing, "say q1") == ["say q1"]
    assert found(listing, "[q]1") == ["say q1"]
    made = "cut off" if reason == "max_tokens" else "refused"
    assert [one.partition(":")[0] for one in found(listing, made)] == [made]
    assert len(seek(path, made, path.stat().st_size).places) == 1
    assert len(seek(path, "say q1", path.stat().st_size).places) == 1


def test_a_fresh_record_behind_a_copy_in_one_line_is_told_everywhere(
    listing: SampleListing,
) -> None:
    first, copied, fresh = user("q0", ""), says("a0", "q0"), says("a1", "a0")
    spliced = f"{json.dumps(copied)}{json.dumps(fresh)}"
    path = written(
        listing, *map(json.dumps, (first, copied)), spliced, json.dumps(user("q1", "a1"))
    )
    session, shown = listing.session(FIRST), ["say q0", "said a0", "said a1", "say q1"]
    follow = StreamFollower(session)
    update = follow.poll(session)
    assert [one.text for one in update.entries] == shown
    page = follow.before(update.end, None)
    assert [one.text for one in page.entries if one.kind is not EntryKind.NOTICE] == shown
    text = "\n".join(markdown(listing.context(), session))
    assert all(text.count(one) >= 1 for one in shown)
    assert text.count("> said a0") == text.count("> said a1") == 1
    assert found(listing, "said a1") == ["said a1"]
    assert found(listing, "said a0") == ["said a0"]
    assert len(seek(path, "said a1", path.stat().st_size).places) == 1


def test_what_a_sub_agent_said_is_told_once_wherever_it_was_copied(listing: SampleListing) -> None:
    """Old CLIs wrote it into the session's own transcript, later ones into one of its own."""
    side = says("side", "q0") | {"isSidechain": True}
    path = written(listing, *map(json.dumps, (user("q0", ""), side, side, says("a0", "q0"))))
    inner = says("inner", "", "m1") | {"isSidechain": True}
    agents = path.with_suffix("") / "subagents"
    agents.mkdir(parents=True)
    (agents / "agent-a1.jsonl").write_text(f"{json.dumps(inner)}\n" * 2)
    session = listing.session(FIRST)
    last = last_entries(session, 100)
    told = [*last.entries, *(one for said in last.asides.values() for one in said)]
    text = "\n".join(markdown(listing.context(), session))
    for words in ("said side", "said inner"):
        assert [one.text for one in told].count(words) == text.count(words) == 1
        assert found(listing, words) == [words]


def test_a_sub_agent_s_answer_that_was_cut_off_says_so_in_the_stream(
    listing: SampleListing,
) -> None:
    path = written(listing, json.dumps(user("q0", "")))
    inner = ended_early("inner", "", "max_tokens") | {"isSidechain": True}
    agents = path.with_suffix("") / "subagents"
    agents.mkdir(parents=True)
    (agents / "agent-a1.jsonl").write_text(f"{json.dumps(inner)}\n")
    told = last_entries(listing.session(FIRST), 100).asides.values()
    assert [one.text.partition(":")[0] for said in told for one in said] == [
        "said inner", "cut off"
    ]  # fmt: skip


@pytest.mark.parametrize("begins", ["a copy", "half a record", "a fresh one"])
def test_every_record_of_a_long_spliced_line_is_told(listing: SampleListing, begins: str) -> None:
    """Only the ends of a line over 4 MB are read, not a record that begins in its middle."""
    copied = says("a0", "q0")
    long = json.dumps(result("r0", "a0") | {"padding": "x" * 5_000_000})
    first = {
        "a copy": json.dumps(copied),
        "half a record": json.dumps(says("half", "q0"))[:60],
        "a fresh one": json.dumps(user("q1", "a0")),
    }[begins]
    spliced = f"{first}{long}{json.dumps(says('fresh', 'a0'))}"
    written(listing, *map(json.dumps, (user("q0", ""), copied)), spliced)
    session = listing.session(FIRST)
    follow = StreamFollower(session)
    update = read_out(follow, session)
    assert update.entries[-1].text == "said fresh"
    before = follow.before(update.start, None).entries
    assert [one.text for one in (*before, *update.entries)].count("said a0") == 1
    page = follow.before(update.end, None)
    assert [one.text for one in page.entries if one.text][-1] == "said fresh"
