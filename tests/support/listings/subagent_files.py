"""Sub-agents as CLIs of several versions write them: calls, results, transcripts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
BOOKKEEPING = {"type": "attachment", "attachment": {"type": "prompt_snapshot", "text": "x" * 9000}}


def at(seconds: float) -> str:
    return (AT + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def prompt(words: str, seconds: float = 0) -> dict[str, Any]:
    message = {"role": "user", "content": words}
    return {"type": "user", "timestamp": at(seconds), "message": message}


def text(words: str, seconds: float = 0) -> dict[str, Any]:
    return _assistant({"type": "text", "text": words}, seconds)


def call(tool_id: str, seconds: float = 0, name: str = "Agent") -> dict[str, Any]:
    given = {"description": f"start {tool_id}", "prompt": f"go {tool_id}"}
    return _assistant({"type": "tool_use", "id": tool_id, "name": name, "input": given}, seconds)


def result(
    tool_id: str, words: Any, seconds: float = 0, outcome: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    block = {"type": "tool_result", "tool_use_id": tool_id, "content": words}
    line = {"type": "user", "timestamp": at(seconds), "message": {"content": [block]}}
    return line | ({"toolUseResult": dict(outcome)} if outcome is not None else {})


def launched(tool_id: str, agent_id: str, seconds: float = 0) -> dict[str, Any]:
    outcome = {"isAsync": True, "status": "async_launched", "agentId": agent_id}
    return result(tool_id, "Async agent launched successfully.", seconds, outcome)


def notified(tool_id: str, seconds: float, status: str = "completed") -> dict[str, Any]:
    words = (
        "<task-notification>\n<task-id>a1</task-id>\n"
        f"<tool-use-id>{tool_id}</tool-use-id>\n<status>{status}</status>\n"
        "<summary>Agent finished</summary>\n</task-notification>"
    )
    return prompt(words, seconds) | {"origin": {"kind": "task-notification"}}


def write(path: Path, *lines: Mapping[str, Any]) -> Path:
    """Append lines to a transcript."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.writelines(f"{json.dumps(line)}\n" for line in lines)
    return path


def add_agent(
    folder: Path, agent_id: str, *lines: Mapping[str, Any], run: str = "", **meta: Any
) -> Path:
    """Write a sub-agent below a session's own folder, or below that of a workflow's `run`."""
    place = folder / "subagents"
    place = place / "workflows" / run if run else place
    sided = [{**line, "isSidechain": True, "agentId": agent_id} for line in lines]
    path = write(place / f"agent-{agent_id}.jsonl", *sided)
    if meta:
        (place / f"agent-{agent_id}.meta.json").write_text(json.dumps(meta))
    return path


def _assistant(block: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    message = {"id": f"m{seconds}", "model": "claude-sonnet-5", "content": [block]}
    return {"type": "assistant", "timestamp": at(seconds), "message": message}
