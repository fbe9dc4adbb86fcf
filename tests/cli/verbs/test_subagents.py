"""`tail`, `export` and `grep` include what sub-agents said, whichever CLI version ran them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.listings.sample_listing import FIRST, SampleListing, run_cli
from tests.support.listings.subagent_files import (
    add_agent,
    call,
    launched,
    notified,
    result,
    text,
    write,
)
from tests.support.processes.cli_turn import take_turn
from tui.demo.api import LoopbackApi, by_word
from tui.demo.api_request import ApiRequest
from tui.demo.turns import ToolUse, Turn, say
from tui.operations.search.grep import search
from tui.operations.stream.export import markdown
from tui.operations.stream.last_entries import last_entries


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    listing.track(FIRST)
    return listing


@pytest.fixture
def folder(listing: SampleListing) -> Path:
    """A session's folder: a background sub-agent with a sub-agent of its own, and a workflow."""
    outcome = {"status": "async_launched", "runId": "wf_1"}
    path = write(
        listing.transcript_path(FIRST),
        call("t1"),
        launched("t1", "a1", 0.1),
        call("t3", 0.2, name="Workflow"),
        result("t3", "Workflow launched in background.", 0.3, outcome),
        text("I wait.", 1),
        notified("t3", 8),
    )
    folder = path.with_suffix("")
    add_agent(folder, "a1", text("Outer words."), call("t2"), toolUseId="t1", agentType="Outer")
    add_agent(folder, "a2", text("Inner words."), toolUseId="t2", spawnDepth=2)
    add_agent(folder, "a3", text("Flow words."), run="wf_1", agentType="flow")
    return folder


def test_tail_has_them_under_their_calls(listing: SampleListing, folder: Path) -> None:
    lines = run_cli(listing.root, "tail", FIRST).stdout.splitlines()[1:]
    said = [line[6:].split("  ")[0].rstrip() for line in lines]
    assert said[:7] == [
        "Agent start t1",
        "│ Outer words.",
        "│ Agent start t2",
        "│ │ Inner words.",
        "Workflow start t3",
        "│ Flow words.",
        "I wait.",
    ]
    assert " ended " in lines[0]
    assert lines[4].endswith("completed   7.8s")


def test_tail_tells_programs_whose_words_they_are(listing: SampleListing, folder: Path) -> None:
    said = [
        json.loads(line)
        for line in run_cli(listing.root, "tail", FIRST, "--json").stdout.splitlines()
    ]
    named = {one["text"]: (one.get("parent_tool_id"), one.get("agent")) for one in said}
    assert named["Outer words."] == ("t1", "Outer")
    assert named["Inner words."] == ("t2", "agent-a2")
    assert named["Flow words."] == ("t3", "flow")
    assert named["I wait."] == (None, None)


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_tail_follows_what_they_say(
    listing: SampleListing, folder: Path, more: tuple[str, ...]
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tui", "--root", str(listing.root), "tail", "-f", FIRST, *more],
        stdout=subprocess.PIPE,
        text=True,
    ) as tail:
        assert tail.stdout is not None
        while "notification" not in (line := tail.stdout.readline()) and "finished" not in line:
            assert line
        add_agent(folder, "a2", text("Still at it.", 30))
        seen: list[str] = []
        while not seen or "Still at it." not in seen[-1]:
            seen.append(tail.stdout.readline())
            assert seen[-1]
        assert more or "agent-a2:" in "".join(seen)
        tail.send_signal(signal.SIGINT)
        assert tail.wait(60) == 0


def test_export_and_grep_have_each_once(listing: SampleListing, folder: Path) -> None:
    session = listing.session(FIRST)
    words = "\n".join(markdown(listing.context(), session))
    for said in ("Outer words.", "Inner words.", "Flow words."):
        assert words.count(said) == 1
        assert [hit.text for hit in search([session], said)] == [said]
    assert words.index("Outer words.") < words.index("Inner words.") < words.index("I wait.")
    assert words.index("Flow words.") < words.index("I wait.")


def test_those_of_workflows_count_go_and_come_back(listing: SampleListing, folder: Path) -> None:
    files = [one for one in folder.rglob("*") if one.is_file()]
    transcript = listing.transcript_path(FIRST)
    whole = sum(one.stat().st_size for one in (*files, transcript))
    assert listing.session(FIRST).bytes == whole
    assert run_cli(listing.root, "delete", FIRST, "--yes").returncode == 0
    assert not any(one.exists() for one in files)
    assert "Flow words." in run_cli(listing.root, "export", FIRST).stdout
    assert run_cli(listing.root, "restore", FIRST).returncode == 0
    assert all(one.exists() for one in files)


def _agent(asked: ApiRequest, below: str, **given: Any) -> Turn:
    if asked.step:
        return say(f"{below} was asked.")
    task = {"description": below, "prompt": f"{below} go", "subagent_type": "general-purpose"}
    return say(ToolUse("Agent", task | given))


SCENES = by_word(
    {
        "OUTER": lambda asked: _agent(asked, "MIDDLE", run_in_background=True),
        "MIDDLE": lambda asked: _agent(asked, "LEAF", run_in_background=False),
        "LEAF": lambda asked: say("Leaf words."),
    },
    default=lambda asked: say("Very well."),
)


def test_what_the_cli_really_writes_is_found_at_both_levels(tmp_path: Path) -> None:
    """Its formats are internal and change: this is what the CLI of the SDK does today."""
    listing = SampleListing(tmp_path / "outputs")
    listing.track(FIRST)
    with LoopbackApi(SCENES) as api:
        flags = ("--session-id", FIRST, "--allowedTools", "Agent")
        take_turn(api, listing.config_dir, listing.folder, "OUTER", *flags)
    session = listing.session(FIRST)
    last = last_entries(session, 100)
    (outer,) = [one for one in last.entries if one.tool == "Agent"]
    (launch,) = [one for one in last.entries if one.kind == "result"]
    assert launch.is_launch
    (inner,) = [one for one in last.asides[outer.tool_id] if one.tool == "Agent"]
    assert [one.text for one in last.asides[inner.tool_id]] == ["LEAF go", "Leaf words."]
    assert [one.task for one in last.entries if one.tool_id == outer.tool_id][2:] == ["completed"]
    assert "Leaf words." in [hit.text for hit in search([session], "Leaf words")]


@pytest.mark.parametrize("ids", [{"agentId": "a1"}, {"runId": "wf_1", "taskId": "w1"}])
def test_a_notification_that_names_the_task_alone_ends_its_call(
    listing: SampleListing, ids: dict[str, str]
) -> None:
    """Some CLI versions name no call there: the launch's result says whose task it is."""
    task = ids.get("taskId", "a1")
    ended = notified("t1", 11)
    ended["message"]["content"] = (
        f"<task-notification>\n<task-id>{task}</task-id>\n<status>failed</status>\n"
        "<summary>It failed</summary>\n</task-notification>"
    )
    begun = result("t1", "Begun.", 1, {"status": "async_launched", **ids})
    write(listing.transcript_path(FIRST), call("t1", 1), begun, call("t2", 2), ended)
    lines = run_cli(listing.root, "tail", FIRST).stdout.splitlines()
    (shown,) = [one for one in lines if "start t1" in one]
    assert shown.split()[-2:] == ["failed", "10.0s"]
