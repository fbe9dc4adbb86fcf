"""Records of a transcript, built as the CLI writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tui.claude.transcript.line_parser import SYNTHETIC
from tui.claude.versions import TESTED

Record = dict[str, Any]
# The further keys of a prompt that a program sent.
PROMPT_KEYS: Mapping[str, Any] = {"promptSource": "sdk", "permissionMode": "default"}


def line_of(record: Mapping[str, Any]) -> bytes:
    """Return a record as a line of a transcript, its newline included."""
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def title_record(session_id: str, title: str) -> Record:
    """Return the record that gives a session a title of its own."""
    return {"type": "custom-title", "customTitle": title, "sessionId": session_id}


def last_prompt_record(session_id: str, leaf: str | None) -> Record:
    """Return the record that names the line from which a resume goes on."""
    return {"type": "last-prompt", "leafUuid": leaf, "sessionId": session_id}


def message_record(
    session_id: str,
    role: str,
    content: object,
    *,
    uuid: str,
    parent: str | None,
    at: datetime,
    cwd: str,
    message: Mapping[str, Any] | None = None,
    more: Mapping[str, Any] | None = None,
) -> Record:
    """Return what `role` said, `message` holding what else the API told of it.

    `more` are further keys of the record, such as those of `tool_outcome`.
    """
    return {
        "parentUuid": parent,
        "isSidechain": False,
        "type": role,
        "message": {**(message or {}), "role": role, "content": content},
        "uuid": uuid,
        "timestamp": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at:%f}"[:23] + "Z",
        **(more or {}),
        "userType": "external",
        "entrypoint": "sdk-py",
        "cwd": cwd,
        "version": TESTED[-1],
        "sessionId": session_id,
    }


def model_asked(model: str) -> Record:
    """Return the keys of an answer's record that name the model that was asked for."""
    return {"requestedModel": model}


def tool_outcome(outcome: object) -> Record:
    """Return the keys of a record that hold the outcome of a tool, beside its result."""
    return {"toolUseResult": outcome}


def api_error(message_id: str) -> tuple[Record, Record]:
    """Return the message and the further keys of a record for an error that ended a turn."""
    message = {"id": message_id, "model": SYNTHETIC, "stop_reason": "stop_sequence"}
    return message, {"isApiErrorMessage": True}


def cost_record(
    session_id: str,
    model: str,
    *,
    dollars: float,
    tokens: Mapping[str, int],
    searches: int,
    began: datetime,
    ended: datetime,
) -> Record:
    """Return the record from which a resumed CLI goes on counting: it wants every field.

    `tokens` holds the numbers of `input`, `output` and `cached` tokens.
    """
    duration = int((ended - began) / timedelta(milliseconds=1))
    usage = {
        "inputTokens": tokens["input"],
        "outputTokens": tokens["output"],
        "thinkingTokens": 0,
        "cacheReadInputTokens": tokens["cached"],
        "cacheCreationInputTokens": 0,
        "cacheCreationEphemeral5mInputTokens": 0,
        "cacheCreationEphemeral1hInputTokens": 0,
        "webSearchRequests": searches,
        "costUSD": dollars,
    }
    return {
        "type": "cost-state",
        "totalCostUSD": dollars,
        "totalAPIDuration": duration // 2,
        "totalAPIDurationWithoutRetries": duration // 2,
        "totalToolDuration": duration // 20,
        "totalLinesAdded": 0,
        "totalLinesRemoved": 0,
        "totalDuration": duration,
        "startTime": int(began.timestamp() * 1000),
        "modelUsage": {model: usage},
        "hasUnknownModelCost": False,
        "sessionId": session_id,
    }
