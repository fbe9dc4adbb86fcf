"""A long transcript is shown before its branches are read; the picture is corrected by them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.claude.transcript.test_branches import LEFT, RIGHT, ROOT, leaf, says, user
from tests.support.listings.read_out import read_out
from tests.support.listings.sample_listing import FIRST, SampleListing, run_cli
from tests.support.listings.subagent_files import add_agent, prompt, text
from tui.claude.transcript import branches as tracker
from tui.core.limits import BRANCHES_AT_ONCE, BRANCHES_BYTES, PAGE
from tui.core.models.entry import EntryKind
from tui.operations.stream.follow import StreamFollower
from tui.operations.stream.stream_update import StreamUpdate
from tui.operations.transcripts import branches as reader
from tui.operations.transcripts.branches import NOT_KNOWN
from tui.operations.transcripts.late_branches import LateBranches

Record = dict[str, Any]

FAR: Record = {"type": "tag", "x": "y" * 100_000}
LONG = (FAR,) * (3 * BRANCHES_AT_ONCE // 100_000)
NEAR = (FAR,) * 3
MARK = "a branch: this goes on from “said a0”, not from what stands above"
NEXT = "the next resume goes on from “said a2” and knows nothing of the branch “say q1”"


def write(listing: SampleListing, *records: Record) -> Path:
    path = listing.transcript_path(FIRST)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.writelines(f"{json.dumps(one)}\n" for one in records)
    return path


def texts(update: StreamUpdate) -> list[str]:
    return [one.text for one in update.entries if one.text]


def test_the_last_lines_come_before_the_branches_are_read(
    listing: SampleListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up to 64 MB used to be read, parsed and joined first, for over half a second."""
    path = write(listing, *ROOT, *LEFT, *LONG, *RIGHT)
    session, size, taken = listing.session(FIRST), path.stat().st_size, list[int]()
    pread, preadv = os.pread, os.preadv

    def counted(fd: int, most: int, at: int) -> bytes:
        taken.append(len(found := pread(fd, most, at)))
        return found

    def counted_into(fd: int, buffers: Sequence[bytearray], at: int) -> int:
        taken.append(found := preadv(fd, buffers, at))
        return found

    monkeypatch.setattr(os, "pread", counted)
    monkeypatch.setattr(os, "preadv", counted_into)
    follow = StreamFollower(session)
    update = follow.poll(session)
    assert texts(update) == ["say q2", "said a2"]
    assert (update.branches_from, update.branches, update.has_more) == (None, "", True)
    assert sum(taken) <= 2 * PAGE + 4096  # the last line's start, the lines, and their print
    taken.clear()
    assert follow.poll(session).branches_from is None
    assert BRANCHES_AT_ONCE <= sum(taken) < size + PAGE  # a part of it
    assert texts(read_out(follow, session)) == [MARK, "say q2", "said a2"]


SHAPES: dict[str, tuple[Record, ...]] = {
    "straight": (*ROOT, *LONG, *LEFT),
    "a branch that goes on from far above": (*ROOT, *LEFT, *LONG, *RIGHT),
    "a branch far above": (*ROOT, *LEFT, *RIGHT, *LONG, user("q3", "a2")),
    "copies of lines far above": (*ROOT, *LEFT, *LONG, *ROOT, *LEFT, user("q3", "a1")),
    "a last prompt that leads far up": (*ROOT, *LEFT, *LONG, *RIGHT, leaf("a1")),
    "short, with a branch": (*ROOT, *LEFT, FAR, *RIGHT),
}


@pytest.mark.parametrize("records", SHAPES.values(), ids=SHAPES.keys())
def test_what_stands_in_the_end_is_what_waiting_would_have_shown(
    listing: SampleListing, records: tuple[Record, ...]
) -> None:
    write(listing, *records)
    session = listing.session(FIRST)
    waited = StreamFollower(session, waits=True).poll(session)
    late = read_out(StreamFollower(session), session)
    assert texts(late) == texts(waited)
    assert (late.branches, late.branches_from) == (waited.branches, 0)
    assert (late.start, late.end, late.spent) == (waited.start, waited.end, waited.spent)


@pytest.mark.parametrize("has_stray", [False, True])
@pytest.mark.parametrize("shape", ["straight", "a branch far above"])
def test_only_what_changes_is_shown_again_and_once(
    listing: SampleListing, shape: str, has_stray: bool
) -> None:
    path, times = write(listing, *SHAPES[shape]), int(has_stray or shape != "straight")
    if has_stray:
        add_agent(path.with_suffix(""), "b1", text("Lost.", 50), toolUseId="t9")
    session = listing.session(FIRST)
    follow, updates = StreamFollower(session), list[StreamUpdate]()
    while not updates or updates[-1].has_more:
        updates.append(follow.poll(session))
    assert sum(one.is_restated for one in updates) == times
    assert not any(one.was_reset for one in updates)
    assert [one.branches_from for one in updates][:2] == [None, None]
    assert (updates[-1].branches_from, follow.poll(session).is_restated) == (0, False)


def test_a_line_that_is_written_meanwhile_is_there_once(listing: SampleListing) -> None:
    write(listing, *ROOT, *LEFT, *LONG, *RIGHT[:2])
    session = listing.session(FIRST)
    follow = StreamFollower(session)
    assert texts(follow.poll(session)) == ["say q2"]
    write(listing, RIGHT[2])
    assert texts(follow.poll(session)) == ["said a2"]
    with listing.transcript_path(FIRST).open("a") as file:
        file.write(json.dumps(user("q3", "a2")))  # and no newline: nobody writes any more
    assert texts(read_out(follow, session))[-4:] == [MARK, "say q2", "said a2", "say q3"]
    write(listing, {"type": "tag"}, says("a3", "q3"))
    assert texts(read_out(follow, session)) == ["said a3"]


def test_a_transcript_that_is_replaced_meanwhile_is_read_anew(listing: SampleListing) -> None:
    path = write(listing, *ROOT, *LEFT, *LONG, *RIGHT)
    session = listing.session(FIRST)
    follow = StreamFollower(session)
    follow.poll(session)
    assert follow.poll(session).branches_from is None
    path.rename(path.with_name("aside"))
    write(listing, *ROOT, *LONG, *LEFT)
    update = read_out(follow, session)
    assert texts(update) == ["say q1", "said a1"]
    assert (update.branches, update.branches_from) == ("", 0)


def test_lines_of_another_file_are_not_marked_with_branches_of_the_one_before(
    listing: SampleListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor are they told as new without that it was replaced."""
    path = write(listing, *ROOT, *LEFT, *LONG, *RIGHT)
    session = listing.session(FIRST)
    follow = StreamFollower(session)
    follow.poll(session)
    read_on = LateBranches.read_on

    def replaced(late: LateBranches, size: int) -> bool:
        while not late.are_known:
            read_on(late, size)
        path.rename(path.with_name("aside"))
        write(listing, *ROOT, *LONG, *LEFT)
        return True

    with monkeypatch.context() as patch:
        patch.setattr(LateBranches, "read_on", replaced)
        assert texts(follow.poll(session)) == []
    update = follow.poll(session)
    assert (update.was_reset, texts(update)) == (True, ["say q1", "said a1"])


@pytest.mark.parametrize("to", [0, 500, 700_000])
def test_a_transcript_that_is_truncated_meanwhile_is_read_anew(
    listing: SampleListing, to: int
) -> None:
    path = write(listing, *ROOT, *LEFT, *LONG, *RIGHT)
    session = listing.session(FIRST)
    follow = StreamFollower(session)
    follow.poll(session)
    assert follow.poll(session).branches_from is None
    os.truncate(path, to)
    afresh = read_out(StreamFollower(session), session)
    assert texts(read_out(follow, session)) == texts(afresh)


def test_what_cannot_be_read_behind_is_told_and_tried_again(
    listing: SampleListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the guard, a poll follows the other at once for as long as the disk fails."""
    path = write(listing, *ROOT, *LEFT, *LONG, *RIGHT)
    session = listing.session(FIRST)
    follow = StreamFollower(session)
    assert follow.poll(session).has_more

    def failing(*_: object, **__: object) -> Any:
        raise OSError("no")

    with monkeypatch.context() as patch:
        patch.setattr(reader, "read_lines", failing)
        update = follow.poll(session)
    assert (update.has_more, update.branches_from) == (False, path.stat().st_size)
    assert texts(read_out(follow, session)) == [MARK, "say q2", "said a2"]


def test_sub_agents_are_shown_once_it_is_known_what_is_new_in_them(
    listing: SampleListing,
) -> None:
    """One without a call is told at its time, and lines that the session has are not repeated."""
    side = says("side", "q0") | {"isSidechain": True}
    call = {"type": "tool_use", "id": "t1", "name": "Agent", "input": {"description": "dig"}}
    asked = says("a5", "q5") | {"message": {"id": "m5", "content": [call]}}
    path = write(listing, *ROOT, side, *LONG, prompt("Begin.", 0), asked, prompt("Go on.", 100))
    add_agent(path.with_suffix(""), "a1", side, says("dug", "side"), toolUseId="t1")
    add_agent(path.with_suffix(""), "b1", text("Lost.", 50), toolUseId="t9", agentType="Stray")
    session = listing.session(FIRST)
    follow = StreamFollower(session)
    first = follow.poll(session)
    assert (dict(first.asides), [one for one in texts(first) if "Stray" in one]) == ({}, [])
    update = read_out(follow, session)
    assert [one.text for one in update.asides["t1"] if one.text] == ["said dug"]
    kinds = (EntryKind.PROMPT, EntryKind.TOOL)
    told = [one.tool_id or one.text for one in update.entries if one.kind in kinds]
    assert told == ["Begin.", "t1", "t9", "Go on."]


def test_of_a_huge_one_it_is_said_where_lines_may_be_of_another_branch(
    listing: SampleListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "BRANCHES_BYTES", 700_000)
    path = write(listing, *ROOT, *LEFT, *LONG, user("q3", "a1"), says("a3", "q3"))
    assert -800_000 < known(listing) - path.stat().st_size <= -700_000
    write(listing, *NEAR, user("q4", "a0"), says("a4", "q4"))  # from before what was read
    at = path.read_bytes().index(b"say q4")
    assert path.read_bytes().rindex(b"\n", 0, at) + 1 == known(listing)
    write(listing, leaf("a4"))
    assert known(listing) < path.stat().st_size
    write(listing, leaf("a1"))
    assert known(listing) == path.stat().st_size


@pytest.mark.parametrize("verb", ["tail", "show"])
def test_a_verb_says_that_there_may_be_more(listing: SampleListing, verb: str) -> None:
    write(listing, *ROOT, *LEFT, *RIGHT, *LONG)
    assert NEXT in " ".join(run_cli(listing.root, verb, FIRST).stdout.split())
    padding = json.dumps(FAR).encode() + b"\n"
    with listing.transcript_path(FIRST).open("ab") as file:
        file.write(padding * (BRANCHES_BYTES // len(padding)))
    assert NOT_KNOWN in " ".join(run_cli(listing.root, verb, FIRST).stdout.split())


def known(listing: SampleListing) -> int:
    session = listing.session(FIRST)
    found = read_out(StreamFollower(session), session).branches_from
    assert found is not None
    return found


def slow(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reader, "BRANCHES_S", 0.0)


def crowded(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(tracker, "MOST_NODES", 4)


@pytest.mark.parametrize("bound", [slow, crowded])
def test_where_a_bound_is_reached_nothing_is_taken_for_known(
    listing: SampleListing,
    monkeypatch: pytest.MonkeyPatch,
    bound: Callable[[pytest.MonkeyPatch], None],
) -> None:
    """What was read until then used to tell of the next resume as if it were all."""
    path = write(listing, *ROOT, *LONG, *LEFT, *RIGHT)
    bound(monkeypatch)
    assert known(listing) == path.stat().st_size
