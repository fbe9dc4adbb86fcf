"""Sub-agent files are found by the tool call that started them; links are ignored."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.hostile.payloads import PAYLOADS, is_cleaned
from tests.support.hostile.read_errors import reads_fail
from tui.claude.transcript_files import subagent_files
from tui.claude.transcript_files.subagent_files import (
    Subagent,
    SubagentFinder,
    find_subagents,
    look_at_subagents,
)


def place(folder: Path) -> Path:
    made = folder / "subagents"
    made.mkdir(parents=True, exist_ok=True)
    return made


def test_each_has_its_call_and_what_it_is_for(tmp_path: Path) -> None:
    folder = place(tmp_path)
    for name in ("agent-1.jsonl", "agent-2.jsonl", "agent-2.txt"):
        (folder / name).write_text("{}\n")
    facts = {"agentType": "Explore", "description": "look", "toolUseId": "toolu_1"}
    (folder / "agent-1.meta.json").write_text(json.dumps(facts))
    assert find_subagents(tmp_path) == (
        Subagent(
            path=folder / "agent-1.jsonl", tool_id="toolu_1", about="Explore: look", agent_id="1"
        ),
        Subagent(path=folder / "agent-2.jsonl", tool_id="", about="agent-2", agent_id="2"),
    )


@pytest.mark.parametrize("content", ["", "[]", "not json", "[" * 100_000, '{"agentType": 7}'])
def test_garbage_beside_it_says_nothing(tmp_path: Path, content: str) -> None:
    folder = place(tmp_path)
    (folder / "agent-1.jsonl").write_text("")
    (folder / "agent-1.meta.json").write_text(content)
    (found,) = find_subagents(tmp_path)
    assert found.tool_id == ""
    assert found.about in ("agent-1", "7")


def test_links_and_pipes_lead_nowhere(tmp_path: Path) -> None:
    inside, outside = place(tmp_path / "session"), place(tmp_path / "outside")
    (outside / "agent-1.jsonl").write_text("secret\n")
    (outside / "agent-1.meta.json").write_text('{"description": "secret"}')
    (inside / "agent-1.jsonl").symlink_to(outside / "agent-1.jsonl")
    os.mkfifo(inside / "agent-2.jsonl")
    (inside / "agent-3.jsonl").write_text("")
    (inside / "agent-3.meta.json").symlink_to(outside / "agent-1.meta.json")
    assert [one.about for one in find_subagents(tmp_path / "session")] == ["agent-3"]
    (tmp_path / "linked").symlink_to(tmp_path / "outside")
    assert find_subagents(tmp_path / "linked") == ()
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "subagents").symlink_to(outside)
    assert find_subagents(tmp_path / "half") == ()
    assert find_subagents(tmp_path / "missing") == ()


def test_those_of_a_workflow_lie_deeper_and_its_journal_is_none(tmp_path: Path) -> None:
    run = place(tmp_path) / "workflows" / "wf_1"
    run.mkdir(parents=True)
    for name in ("agent-1.jsonl", "agent-2.txt", "journal.jsonl"):
        (run / name).write_text("{}\n")
    (run / "agent-1.meta.json").write_text('{"description": "look", "finished": true}')
    (found,) = find_subagents(tmp_path)
    assert found == Subagent(
        path=run / "agent-1.jsonl",
        tool_id="",
        about="look",
        agent_id="1",
        run_id="wf_1",
        is_finished=True,
    )


def test_links_deeper_down_lead_nowhere_either(tmp_path: Path) -> None:
    inside, outside = place(tmp_path / "session") / "workflows", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (outside / "agent-1.jsonl").write_text("secret\n")
    (inside / "wf_1").symlink_to(outside)
    (inside / "wf_2").mkdir()
    (inside / "wf_2" / "agent-1.jsonl").symlink_to(outside / "agent-1.jsonl")
    os.mkfifo(inside / "wf_2" / "agent-2.jsonl")
    assert find_subagents(tmp_path / "session") == ()


def test_more_than_the_bound_are_counted_as_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subagent_files, "MOST_AGENTS", 5)
    deep = place(tmp_path) / Path(*["d"] * 300)
    deep.mkdir(parents=True)
    for number in range(9):
        (deep / f"agent-{number}.jsonl").write_text("")
    found, unread = look_at_subagents(tmp_path)
    assert len(found) == 5
    assert unread == "not all of its sub-agents are read: there are over 5"


def test_one_that_comes_or_is_noted_later_is_found_by_the_same_finder(tmp_path: Path) -> None:
    finder = SubagentFinder(tmp_path / "session")
    assert finder.find() == ()
    folder = place(tmp_path / "session")
    assert finder.find() == ()
    (folder / "agent-1.jsonl").write_text("")
    assert [one.tool_id for one in finder.find()] == [""]
    (folder / "agent-1.meta.json").write_text('{"toolUseId": "t1"}')
    assert [one.tool_id for one in finder.find()] == ["t1"]
    below = folder / "workflows" / "wf_1"
    below.mkdir(parents=True)
    assert len(finder.find()) == 1
    (below / "agent-2.jsonl").write_text("")
    assert [one.run_id for one in finder.find()] == ["", "wf_1"]


def test_the_hundredth_look_costs_no_more_than_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, finder, looked = place(tmp_path), SubagentFinder(tmp_path), list[int]()
    (folder / "workflows" / "wf_1").mkdir(parents=True)
    real = os.lstat

    def lstat(path: Any, **named: Any) -> os.stat_result:
        looked[-1] += 1
        return real(path, **named)

    monkeypatch.setattr(os, "lstat", lstat)
    for _ in range(100):
        os.utime(folder)
        looked.append(0)
        finder.find()
    assert looked[1] == looked[-1]


def test_what_rests_is_not_walked_again_and_what_was_noted_anew_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, finder = place(tmp_path), SubagentFinder(tmp_path)
    (folder / "agent-1.jsonl").write_text("")
    meta = folder / "agent-1.meta.json"
    meta.write_text('{"toolUseId": "t1"}')
    monkeypatch.setattr(subagent_files, "is_settled", lambda _: True)
    first = finder.find()
    with monkeypatch.context() as patch:
        patch.setattr(subagent_files, "Walk", None)
        assert finder.find() is first
        meta.write_text('{"toolUseId": "t1", "finished": true}')
        assert [one.is_finished for one in finder.find()] == [True]


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.EMFILE])
def test_what_cannot_be_read_is_said_and_read_once_it_can_be(tmp_path: Path, number: int) -> None:
    folder, finder = place(tmp_path), SubagentFinder(tmp_path)
    (folder / "agent-1.jsonl").write_text("")
    meta = folder / "agent-1.meta.json"
    meta.write_text('{"toolUseId": "t1"}')
    with reads_fail(meta, number):
        assert [one.tool_id for one in finder.find()] == [""]
        assert finder.unread.endswith(f"1 sub-agent cannot be read: {os.strerror(number)}")
    assert ([one.tool_id for one in finder.find()], finder.unread) == (["t1"], "")
    with reads_fail(folder, number):
        os.utime(folder)
        assert finder.find() == ()
        assert os.strerror(number) in finder.unread
    assert ([one.tool_id for one in finder.find()], finder.unread) == (["t1"], "")


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_a_payload_is_cleaned(tmp_path: Path, payload: str) -> None:
    folder = place(tmp_path)
    (folder / "agent-1.jsonl").write_text("")
    facts = dict.fromkeys(("agentType", "description", "toolUseId"), payload)
    (folder / "agent-1.meta.json").write_text(json.dumps(facts))
    (found,) = find_subagents(tmp_path)
    assert is_cleaned(found.about)
    assert is_cleaned(found.tool_id)
