"""A search in Live finds what Live shows of sub-agents, at the calls that they are under."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.claude.transcript.test_branches import LEFT, RIGHT, ROOT
from tests.support.listings.sample_listing import FIRST, SampleListing
from tests.support.listings.subagent_files import (
    add_agent,
    call,
    launched,
    prompt,
    result,
    text,
    write,
)
from tui.core.models.session import Session
from tui.operations.search.grep import search
from tui.operations.search.transcript_search import SearchHits
from tui.operations.stream.follow import StreamFollower
from tui.operations.stream.last_entries import last_entries

PARTS = (
    prompt("Begin.", 0),
    call("t1", 1),
    launched("t1", "a1", 1.5),
    call("t2", 2, name="Workflow"),
    result("t2", "Workflow launched in background.", 3, {"runId": "wf_1"}),
    call("t3", 4, name="Task"),
    result("t3", "Done.", 5, {"status": "completed", "agentId": "old1"}),
    prompt("Go on.", 100),
    text("Over.", 101),
)
BEGIN, T1, _, T2, _, T3, DONE, _, _ = range(9)


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    listing.track(FIRST)
    return listing


@pytest.fixture
def folder(listing: SampleListing) -> Path:
    folder = write(listing.transcript_path(FIRST), *PARTS).with_suffix("")
    add_agent(folder, "a1", text("Outer pumps."), call("n1"), toolUseId="t1")
    add_agent(folder, "a2", text("Nested valves."), toolUseId="n1", parentAgentId="a1")
    add_agent(folder, "w1", text("Flow gaskets."), run="wf_1", agentType="w")
    add_agent(folder, "old1", text("Old seals."))
    add_agent(folder, "b1", text("Lost bolts.", 50), call("n9", 51), toolUseId="t9")
    add_agent(folder, "b2", text("Lost below, nuts.", 52), toolUseId="n9", parentAgentId="b1")
    return folder


def sought(follow: StreamFollower, words: str, known: SearchHits | None = None) -> SearchHits:
    return follow.seek(words, lambda _: None, lambda: False, known)


def begun(session: Session) -> StreamFollower:
    follow = StreamFollower(session)
    while follow.poll(session).has_more:
        pass
    return follow


def places(lines: Sequence[object] = PARTS) -> list[int]:
    sizes = [len(json.dumps(one)) + 1 for one in lines]
    return [sum(sizes[:number]) for number in range(len(sizes))]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("outer PUMPS", T1),
        ("nested valves", T1),
        ("flow gaskets", T2),
        ("old seals", T3),
        ("lost bolts", DONE),
        ("below, nuts", DONE),
        ("Begin", BEGIN),
    ],
)
def test_each_is_found_at_its_call_or_where_time_puts_it(
    listing: SampleListing, folder: Path, words: str, line: int
) -> None:
    follow = begun(listing.session(FIRST))
    assert list(sought(follow, words).places) == [places()[line]]


def test_what_is_said_later_is_found_later_and_nothing_twice(
    listing: SampleListing, folder: Path
) -> None:
    follow = begun(listing.session(FIRST))
    known = sought(follow, "gears")
    assert list(known.places) == []
    write(folder / "subagents" / "agent-a1.jsonl", text("Now gears."), text("Gears again."))
    known = sought(follow, "gears", known)
    assert list(known.places) == [places()[T1]]
    assert sought(follow, "gears", known) == known


def test_a_search_that_is_stopped_says_so(listing: SampleListing, folder: Path) -> None:
    follow = begun(listing.session(FIRST))
    assert not follow.seek("nowhere", lambda _: None, lambda: True, None).is_whole


def test_without_a_transcript_it_is_found_at_what_stands_for_the_calls(
    listing: SampleListing, folder: Path
) -> None:
    listing.transcript_path(FIRST).unlink()
    session = listing.session(FIRST)
    follow = StreamFollower(session)
    update = follow.poll(session)
    shown = {one.place: one.tool_id for one in update.entries if one.tool_id}
    for words, call_id in (("outer pumps", "t1"), ("nested valves", "t1"), ("bolts", "t9")):
        (place,) = sought(follow, words).places
        assert shown[place] == call_id
        assert place < update.end


def test_what_stands_in_no_line_is_found_where_it_stands(
    listing: SampleListing, folder: Path
) -> None:
    follow = begun(listing.session(FIRST))
    known = sought(follow, "no call names it")
    assert list(known.places) == [places()[DONE]]
    assert sought(follow, "no call names it", known) == known


def test_a_branch_is_found_at_the_line_that_begins_it(listing: SampleListing) -> None:
    lines = (*ROOT, *LEFT, *RIGHT)
    write(listing.transcript_path(FIRST), *lines)
    follow = begun(listing.session(FIRST))
    assert list(sought(follow, "a branch: this goes on").places) == [places(lines)[len(ROOT) * 2]]


@pytest.mark.parametrize("how", ["said while it worked", "taken back from the queue"])
def test_what_became_of_a_prompt_is_found_by_those_words(listing: SampleListing, how: str) -> None:
    """By the queue alone, another prompt would seem to be the one that was removed."""
    kind = "remove" if how.startswith("said") else "popAll"
    queue = [
        {"type": "queue-operation", "operation": operation, "content": words}
        for operation, words in (("enqueue", "Same."), ("enqueue", "Lost."), ("dequeue", ""))
    ]
    removed = {"type": "queue-operation", "operation": kind}
    lines = (prompt("Begin."), *queue, prompt("Same."), removed, text("Over.", 9))
    write(listing.transcript_path(FIRST), *lines)
    session = listing.session(FIRST)
    told = [one.text for one in last_entries(session, 99).entries if "Lost" in one.text]
    assert told == [f"{how}: Lost."]
    assert [hit.text for hit in search([session], how)] == told
    assert len(sought(begun(session), f"{how}: lost").places) == 1
