"""What sub-agents say is followed, and one that is lost takes nothing else with it."""

from __future__ import annotations

import json
from pathlib import Path

from tui.core.models import Entry, EntryKind
from tui.operations.asides import Asides


def add(folder: Path, name: str) -> Path:
    """Give the call `name` a sub-agent that says one thing."""
    path = folder / f"agent-{name}.jsonl"
    line = {"type": "user", "message": {"role": "user", "content": f"go {name}"}}
    path.write_text(json.dumps(line) + "\n")
    meta = {"toolUseId": name, "agentType": "general"}
    path.with_suffix(".meta.json").write_text(json.dumps(meta))
    return path


def test_a_folder_in_place_of_a_sub_agent_s_file_ends_only_that_one(tmp_path: Path) -> None:
    folder = tmp_path / "subagents"
    folder.mkdir()
    lost, kept = add(folder, "t1"), add(folder, "t2")
    asides = Asides(tmp_path)
    asides.note(Entry(EntryKind.TOOL, "Agent", tool_id=name) for name in ("t1", "t2"))
    assert set(asides.poll()) == {"t1", "t2"}
    more = kept.read_text()
    lost.unlink()
    lost.mkdir()
    with kept.open("a") as file:
        file.write(more)
    assert set(asides.poll()) == {"t2"}
