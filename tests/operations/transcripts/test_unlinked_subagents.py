"""Sub-agents that no call names are shown at their time, each once and marked, everywhere."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SampleListing, run_cli
from tests.support.listings.subagent_files import (
    BOOKKEEPING,
    add_agent,
    call,
    prompt,
    result,
    text,
    write,
)
from tui.core.models.entry import Entry, EntryKind
from tui.core.models.session import Liveness
from tui.operations.search.grep import search
from tui.operations.stream.export import markdown
from tui.operations.stream.follow import StreamFollower
from tui.operations.stream.last_entries import last_entries
from tui.operations.transcripts import branches, unlinked_subagents
from tui.operations.transcripts.unlinked_subagents import NO_CALL, NOT_KNOWN


@pytest.fixture
def folder(listing: SampleListing) -> Path:
    """A session folder: one called sub-agent, one uncalled that has another, and a cycle."""
    path = write(
        listing.transcript_path(FIRST),
        prompt("Begin.", 0),
        call("t1", 1),
        result("t1", "Done.", 2),
        prompt("Go on.", 100),
        text("Over.", 101),
    )
    folder = path.with_suffix("")
    add_agent(folder, "a1", text("Called.", 1.5), toolUseId="t1")
    add_agent(folder, "b1", text("Lost.", 50), call("t8", 51), toolUseId="t9", agentType="Stray")
    add_agent(folder, "b2", text("Below it.", 52), toolUseId="t8", parentAgentId="b1")
    add_agent(folder, "c1", text("Round one.", 60), call("r1", 61), toolUseId="r2")
    add_agent(folder, "c2", text("Round two.", 62), call("r2", 63), toolUseId="r1")
    return folder


WORDS = ("Called.", "Lost.", "Below it.", "Round one.", "Round two.")


def calls_of(entries: tuple[Entry, ...]) -> list[str]:
    kinds = (EntryKind.TOOL, EntryKind.PROMPT)
    return [one.tool_id or one.text for one in entries if one.kind in kinds]


def test_each_is_told_once_where_time_puts_it(listing: SampleListing, folder: Path) -> None:
    last = last_entries(listing.session(FIRST), 1000)
    assert calls_of(last.entries) == ["Begin.", "t1", "t9", "r2", "Go on."]
    assert sorted(one.text for told in last.asides.values() for one in told if one.text) == sorted(
        (*WORDS, "start t8", "start r1", "start r2")
    )
    marked = {one.tool_id for one in last.entries if one.text == NO_CALL}
    assert marked == {"t9", "r2"}


def test_tail_export_and_grep_have_them(listing: SampleListing, folder: Path) -> None:
    lines = run_cli(listing.root, "tail", FIRST).stdout.splitlines()
    told = [line[6:].strip("│ ") for line in lines]
    assert [told.count(one) for one in WORDS] == [1] * len(WORDS)
    at = next(number for number, line in enumerate(lines) if NO_CALL in line)
    assert lines[at].split() == [*f"12:00 Agent {NO_CALL}: Stray ended 1.0s".split()]
    assert told[at + 1] == "Lost."
    assert told.index("Lost.") < told.index("> Go on.")
    session = listing.session(FIRST)
    exported = "\n".join(markdown(listing.context(), session))
    assert [exported.count(one) for one in WORDS] == [1] * len(WORDS)
    assert f"### Sub-agent: `Stray`: {NO_CALL}" in exported
    assert exported.count(NO_CALL) == 2
    assert all([hit.text for hit in search([session], one)] == [one] for one in WORDS)


@pytest.mark.parametrize("wait", [0, 3600])
def test_while_it_runs_a_call_may_still_name_it(
    listing: SampleListing, folder: Path, wait: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older CLI names a sub-agent only at its end: until it is quiet for long, wait."""
    monkeypatch.setattr(unlinked_subagents, "_LOOK_S", 0.0)
    for path in folder.rglob("*.jsonl"):
        os.utime(path, (path.stat().st_mtime - wait,) * 2)
    running = replace(listing.session(FIRST), liveness=Liveness.BUSY)
    follow = StreamFollower(running)
    shown = ["Begin.", "t1", *(["t9", "r2"] if wait else []), "Go on."]
    assert calls_of(follow.poll(running).entries) == shown
    over = replace(running, liveness=Liveness.NONE)
    assert calls_of(follow.poll(over).entries) == ([] if wait else ["t9", "r2"])
    assert calls_of(follow.poll(over).entries) == []


def test_one_of_long_ago_comes_with_its_page(listing: SampleListing, folder: Path) -> None:
    """Only the end is read at first: a stand-in from before it does not belong there."""
    path = listing.transcript_path(FIRST)
    write(path, *[BOOKKEEPING | {"uuid": "x"}] * 40, prompt("Much later.", 900))
    session = listing.session(FIRST)
    follow = StreamFollower(session)
    update = follow.poll(session)
    assert calls_of(update.entries) == ["Much later."]
    page = follow.before(update.start, update.entries[0].at)
    assert calls_of(page.entries) == ["Begin.", "t1", "t9", "r2", "Go on."]


def test_where_not_all_is_read_nothing_is_said_to_be_uncalled(
    listing: SampleListing, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(branches, "BRANCHES_BYTES", 100)
    assert calls_of(last_entries(listing.session(FIRST), 1000).entries) == [
        "Begin.", "t1", "Go on."
    ]  # fmt: skip


def test_very_many_are_shown_within_a_bound(
    listing: SampleListing, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unlinked_subagents, "_MOST", 1)
    last = last_entries(listing.session(FIRST), 1000)
    assert len([one for one in last.entries if one.text.startswith(NO_CALL)]) == 2
    (more,) = [one.text for one in last.entries if "more" in one.text]
    assert more.startswith("1 more sub-agents that no call names: `export`")


def test_where_it_takes_too_long_it_says_that_once(
    listing: SampleListing, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unlinked_subagents, "AGENTS_S", -1.0)
    monkeypatch.setattr(unlinked_subagents, "_LOOK_S", 0.0)
    monkeypatch.setattr(unlinked_subagents, "_PAUSE_S", 0.0)
    session = listing.session(FIRST)
    follow = StreamFollower(session)
    said = [one.text for _ in range(3) for one in follow.poll(session).entries]
    assert said.count(NOT_KNOWN) == 1
    assert "t9" not in said


def test_a_long_chain_has_one_beginning(
    listing: SampleListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unlinked_subagents, "AGENTS_S", 60.0)
    folder = write(listing.transcript_path(FIRST), prompt("Begin.")).with_suffix("")
    for number in range(300):
        add_agent(folder, f"a{number}", call(f"n{number}"), toolUseId=f"n{number - 1}")
    last = last_entries(listing.session(FIRST), 1000)
    assert calls_of(last.entries) == ["Begin.", "n-1"]
