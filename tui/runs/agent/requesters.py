"""Who asks for a permission, and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from tui.core.models.permission_request import Requester
from tui.runs.folder.protocol import RunSpec

_LONGEST = 4_000
_MOST_SUGGESTED = 20


def asker(spec: RunSpec, context: Any) -> Requester:
    """Return who asks and why: `context` is what the SDK tells of a request.

    Blocking: a sub-agent is looked up in its folder.
    """
    agent_id = context.agent_id or ""
    said = {
        "agent_id": agent_id,
        "agent": _purpose(spec, agent_id) if agent_id else "",
        "title": context.title,
        "description": context.description,
        "reason": context.decision_reason,
        "blocked_path": context.blocked_path,
    }
    words = {name: _bounded(str(value or "")) for name, value in said.items()}
    return Requester(**words, suggestions=_suggested(context))


def _purpose(spec: RunSpec, agent_id: str) -> str:
    from tui.claude.transcript_files.subagent_files import purpose_of

    return purpose_of(spec.config_dir, spec.session_id, agent_id)


def _suggested(context: Any) -> tuple[Mapping[str, Any], ...]:
    """Return the rules that the CLI suggests, without those that the SDK could not send.

    What is too much is counted in place of them.
    """
    suggested: list[Mapping[str, Any]] = []
    for one in context.suggestions[:_MOST_SUGGESTED]:
        with suppress(ValueError):
            suggested.append(one.to_dict())
    more = len(context.suggestions) - len(suggested)
    if len(json.dumps(suggested, default=str)) > _LONGEST:
        suggested, more = [], len(context.suggestions)
    return (*suggested, *([{"not shown": more}] if more else []))


def _bounded(words: str) -> str:
    more = len(words) - _LONGEST
    return words if more <= 0 else f"{words[:_LONGEST]} ({more:,} characters not shown)"
