"""What sub-agents say is shown under their calls: background, nested, of any CLI version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.listings.sample_listing import FIRST, SampleListing
from tests.support.listings.subagent_files import (
    BOOKKEEPING,
    add_agent,
    call,
    launched,
    notified,
    prompt,
    result,
    text,
    write,
)
from tui.claude.transcript_files.transcript_tail import Growth, Tail
from tui.core.models.entry import Entry, EntryKind
from tui.operations.stream.follow import StreamFollower, StreamUpdate
from tui.operations.stream.last_entries import last_entries
from tui.operations.transcripts import subagent_tails as module
from tui.operations.transcripts.subagent_tails import SubagentTails


@pytest.fixture(autouse=True)
def looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOOK_S", 0.0)


def tell(listing: SampleListing, *lines: Mapping[str, Any]) -> Path:
    """Write the session's own transcript, and return its folder."""
    return write(listing.transcript_path(FIRST), *lines).with_suffix("")


def said(update: StreamUpdate) -> dict[str, list[str]]:
    return {call: [one.text for one in told] for call, told in update.asides.items()}


def all_said(listing: SampleListing) -> dict[str, list[str]]:
    last = last_entries(listing.session(FIRST), 10_000)
    return {call: [one.text for one in told] for call, told in last.asides.items()}


def test_a_folder_in_place_of_a_sub_agent_s_file_ends_only_that_one(tmp_path: Path) -> None:
    lost = add_agent(tmp_path, "1", prompt("go"), toolUseId="t1")
    kept = add_agent(tmp_path, "2", prompt("go"), toolUseId="t2")
    asides = SubagentTails(tmp_path)
    asides.note(Entry(EntryKind.TOOL, "Agent", tool_id=name) for name in ("t1", "t2"))
    assert set(asides.poll().entries) == {"t1", "t2"}
    lost.unlink()
    lost.mkdir()
    write(kept, prompt("on"))
    said = asides.poll()
    assert {name: [one.text for one in told] for name, told in said.entries.items()} == {
        "t1": ["the transcript cannot be read: agent-1.jsonl is not a file"],
        "t2": ["on"],
    }


def test_one_in_the_background_is_heard_after_its_result_until_it_ends(
    listing: SampleListing,
) -> None:
    """Its result comes at its launch, which is not its end."""
    folder = tell(listing, call("t1"), launched("t1", "a1", 0.1))
    agent = add_agent(folder, "a1", prompt("go", 0.1), toolUseId="t1")
    session = listing.session(FIRST)
    follow = StreamFollower(session)
    assert said(follow.poll(session)) == {"t1": ["go"]}
    write(agent, text("A first step.", 5))
    assert said(follow.poll(session)) == {"t1": ["A first step."]}
    tell(listing, text("I go on meanwhile.", 6), notified("t1", 9))
    write(agent, text("My last words.", 8))
    update = follow.poll(session)
    assert said(update) == {"t1": ["My last words."]}
    end = update.entries[-1]
    assert (end.tool_id, end.task) == ("t1", "completed")
    write(agent, text("Woken by a message.", 20))
    assert said(follow.poll(session)) == {"t1": ["Woken by a message."]}


def test_the_sub_agents_of_sub_agents_are_heard_at_any_depth(listing: SampleListing) -> None:
    """Only the outer one's transcript names the inner one's call."""
    folder = tell(listing, call("t1"))
    add_agent(folder, "a1", prompt("go 1"), call("t2"), toolUseId="t1", spawnDepth=1)
    add_agent(folder, "a2", prompt("go 2"), call("t3"), toolUseId="t2", spawnDepth=2)
    add_agent(folder, "a3", prompt("go 3"), toolUseId="t3", spawnDepth=3)
    told = all_said(listing)
    assert {call: words[0] for call, words in told.items()} == {
        "t1": "go 1",
        "t2": "go 2",
        "t3": "go 3",
    }


def test_the_sub_agents_of_a_workflow_are_those_of_its_run(listing: SampleListing) -> None:
    """Their metadata names no call: the run in the call's result leads to them."""
    outcome = {"status": "async_launched", "runId": "wf_1-a", "transcriptDir": "/etc"}
    begun = result("t1", "Workflow launched in background.", 0.1, outcome)
    folder = tell(listing, call("t1", name="Workflow"), begun)
    add_agent(folder, "a1", text("Look a."), run="wf_1-a", agentType="workflow-subagent")
    add_agent(folder, "a2", text("Look b."), run="wf_1-a", agentType="workflow-subagent")
    add_agent(folder, "a3", text("Another's."), run="wf_2-b", agentType="workflow-subagent")
    write(folder / "subagents" / "workflows" / "wf_1-a" / "journal.jsonl", {"type": "launched"})
    assert all_said(listing) == {"t1": ["Look a.", "Look b."], "of:wf_2-b": ["Another's."]}


@pytest.mark.parametrize("run", ["../../../../outside", "/etc", "..", ".", "wf/../..", "\0", ""])
def test_a_run_that_a_transcript_names_leads_nowhere_else(listing: SampleListing, run: str) -> None:
    outcome = {"status": "async_launched", "runId": run, "transcriptDir": str(listing.root)}
    folder = tell(listing, call("t1", name="Workflow"), result("t1", "Begun.", 0.1, outcome))
    add_agent(folder, "a1", text("Of another run."), run="wf_1-a", agentType="w")
    add_agent(listing.root / "outside", "a2", text("Secret."), toolUseId="t1")
    assert all_said(listing) == {"of:wf_1-a": ["Of another run."]}


@pytest.mark.parametrize("meta", [{}, {"agentType": "Explore"}])
def test_older_ones_are_found_by_the_agent_that_the_result_names(
    listing: SampleListing, meta: dict[str, Any]
) -> None:
    """CLIs up to 2.1.119 wrote no metadata beside the transcript, or none with the call."""
    outcome = {"status": "completed", "agentId": "ab12"}
    folder = tell(listing, call("t1", name="Task"), result("t1", "Done.", 9, outcome))
    add_agent(folder, "ab12", prompt("go"), text("Found."), **meta)
    add_agent(folder, "ffff", text("Nobody's."), **meta)
    found = {"t1": ["go", "Found."], "of:agent-ffff.jsonl": ["Nobody's."]}
    assert all_said(listing) == found


def test_a_finished_one_that_is_opened_later_tells_its_whole_way(listing: SampleListing) -> None:
    """Nearly all of its bytes are bookkeeping: its last bytes contain only its last line."""
    folder = tell(listing, call("t1"), result("t1", "Done.", 9))
    steps = [line for step in range(12) for line in (text(f"Step {step}"), BOOKKEEPING)]
    agent = add_agent(folder, "a1", *steps, BOOKKEEPING, BOOKKEEPING, toolUseId="t1")
    assert agent.stat().st_size > 100_000
    assert all_said(listing) == {"t1": [f"Step {step}" for step in range(12)]}


def test_one_that_is_very_long_says_that_its_beginning_is_left_out(
    listing: SampleListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LAST_BYTES", 10_000)
    folder = tell(listing, call("t1"))
    add_agent(folder, "a1", *(text(f"Step {step}") for step in range(500)), toolUseId="t1")
    told = all_said(listing)["t1"]
    assert "export" in told[0]
    assert told[-1] == "Step 499"


def test_those_that_call_each_other_are_heard_once_and_end(listing: SampleListing) -> None:
    folder = tell(listing, call("t1"))
    add_agent(folder, "a1", text("One."), call("t2"), call("t1"), toolUseId="t1")
    add_agent(folder, "a2", text("Two."), call("t1"), call("t2"), toolUseId="t2")
    told = all_said(listing)
    assert (told["t1"][0], told["t2"][0]) == ("One.", "Two.")
    assert [words.count("One.") for words in told.values()] == [1, 0]


def test_one_that_ended_without_a_word_in_the_transcript_is_told(listing: SampleListing) -> None:
    folder = tell(listing, call("t1"), launched("t1", "a1"), call("t2"), launched("t2", "a2"))
    add_agent(folder, "a1", text("Done.", 7), toolUseId="t1", finished=True)
    add_agent(folder, "a2", text("Broke off.", 8), toolUseId="t2")
    ended = last_entries(listing.session(FIRST), 10).ended
    assert {(one.tool_id, one.task) for one in ended} == {("t1", "completed"), ("t2", "ended")}


def test_nothing_is_read_anew_while_nothing_changed(
    listing: SampleListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thousands of finished ones must not be opened at each look."""
    folder = tell(listing, call("t1"), result("t1", "Done."))
    agent = add_agent(folder, "a1", text("Done."), toolUseId="t1", finished=True)
    asides = SubagentTails(folder)
    asides.note([Entry(EntryKind.TOOL, "Agent", tool_id="t1")])
    monkeypatch.setattr(module, "is_settled", lambda versions: True)
    assert set(asides.poll().entries) == {"t1"}
    opened: list[Path] = []
    read = Tail.read

    def counted(tail: Tail, *, limit: int) -> Growth:
        opened.append(tail.path)
        return read(tail, limit=limit)

    monkeypatch.setattr(Tail, "read", counted)
    assert asides.poll().entries == {}
    assert opened == []
    agent.write_text(agent.read_text() + json.dumps(text("More.")) + "\n")
    assert [one.text for one in asides.poll().entries["t1"]] == ["More."]


@pytest.mark.parametrize("run", ["", "wf_1-a"])
def test_what_was_started_again_is_told_under_its_first_call_and_ends_for_both(
    listing: SampleListing, run: str
) -> None:
    """An export shows it there too; the later call does not stay in the background for ever."""
    outcome = {"status": "async_launched"} | ({"runId": run} if run else {"agentId": "a1"})
    lines = [
        line
        for tool_id in ("t1", "t2")
        for line in (call(tool_id), result(tool_id, "launched in background", 0.1, outcome))
    ]
    folder = tell(listing, *lines)
    add_agent(folder, "a1", text("Work."), run=run)
    last = last_entries(listing.session(FIRST), 100)
    assert {name: [one.text for one in told] for name, told in last.asides.items()} == {
        "t1": ["Work."]
    }
    assert {one.tool_id for one in last.ended} == {"t1", "t2"}
