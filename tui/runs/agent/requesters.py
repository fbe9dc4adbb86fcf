"""Who asks for a permission, and why."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

from tui.core.limits import MOST_PROJECTS, REGISTRY_ENTRY
from tui.core.models.permission_request import Requester
from tui.core.text.safe_text import one_line
from tui.runs.folder.protocol import RunSpec
from tui.safe_io.folders import is_link, read_object

_AGENT_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")
_LONGEST = 4_000
_MOST_SUGGESTED = 20


def asker(spec: RunSpec, context: Any) -> Requester:
    """Return who asks and why: `context` is what the SDK tells of a request.

    Blocking: a sub-agent is looked up in its folder.
    """
    agent_id = context.agent_id or ""
    said = {
        "agent_id": agent_id,
        "agent": _sub_agent(spec.config_dir, spec.session_id, agent_id) if agent_id else "",
        "title": context.title,
        "description": context.description,
        "reason": context.decision_reason,
        "blocked_path": context.blocked_path,
    }
    words = {name: _bounded(str(value or "")) for name, value in said.items()}
    return Requester(**words, suggestions=_suggested(context))


def _suggested(context: Any) -> tuple[Mapping[str, Any], ...]:
    """Return the rules that the CLI would suggest; none that the SDK itself could not send.

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


def _sub_agent(config_dir: Path, session_id: str, agent_id: str) -> str:
    """Return what the sub-agent of a session is for; empty when that is told nowhere."""
    if not _AGENT_ID.fullmatch(agent_id):
        return ""
    projects = config_dir / "projects"
    try:
        with os.scandir(projects) as entries:
            names = [one.name for one in islice(entries, MOST_PROJECTS)]
    except OSError:
        return ""
    for name in names:
        place = projects / name / session_id / "subagents"
        if not any(is_link(one) for one in (place.parent.parent, place.parent, place)):
            facts = read_object(place / f"agent-{agent_id}.meta.json", REGISTRY_ENTRY)
            said = (one_line(facts.get(key) or "")[:200] for key in ("agentType", "description"))
            if words := ": ".join(word for word in said if word):
                return words
    return ""
