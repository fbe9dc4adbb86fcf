"""Transcript lines as the CLI writes them, for searches and exports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

AT = "2026-11-20T12:00:00.000Z"


def write_lines(path: Path, *lines: dict[str, Any] | bytes) -> Path:
    """Write a transcript of these lines; bytes are written unchanged."""
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = (one if isinstance(one, bytes) else f"{json.dumps(one)}\n".encode() for one in lines)
    path.write_bytes(b"".join(whole))
    return path


def prompt(text: str) -> dict[str, Any]:
    return {"type": "user", "timestamp": AT, "message": {"role": "user", "content": text}}


def answer(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    message = {"id": "msg_1", "model": "claude-sonnet-4-5", "content": list(blocks)}
    return {"type": "assistant", "timestamp": AT, "message": message} | more


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def thinking(words: str) -> dict[str, Any]:
    return {"type": "thinking", "thinking": words}


def call(name: str, tool_id: str = "t1", **given: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": tool_id, "name": name, "input": given}


def result(content: Any, tool_id: str = "t1", **more: Any) -> dict[str, Any]:
    block = {"type": "tool_result", "tool_use_id": tool_id, "content": content} | more
    line = {"type": "user", "timestamp": AT, "message": {"role": "user", "content": [block]}}
    return line | {"toolUseResult": {"stdout": content}}
