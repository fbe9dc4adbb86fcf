"""What sub-agents wrote is found by the tool call that started them; links lead nowhere."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.payloads import PAYLOADS, is_cleaned
from tui.storage.subagents import Subagent, find_subagents


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
        Subagent(folder / "agent-1.jsonl", "toolu_1", "Explore: look"),
        Subagent(folder / "agent-2.jsonl", "", "agent-2"),
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


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_a_payload_is_cleaned(tmp_path: Path, payload: str) -> None:
    folder = place(tmp_path)
    (folder / "agent-1.jsonl").write_text("")
    facts = dict.fromkeys(("agentType", "description", "toolUseId"), payload)
    (folder / "agent-1.meta.json").write_text(json.dumps(facts))
    (found,) = find_subagents(tmp_path)
    assert is_cleaned(found.about)
    assert is_cleaned(found.tool_id)
