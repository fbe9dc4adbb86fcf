"""What a tool call left beside its transcript: tasks that go on, and results too long for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tui.core.text import one_line

_LAUNCHED = ("Async agent launched", "Workflow launched in background")
_PERSISTED = "<persisted-output>"
_SAVED = re.compile(r"saved to: [^\n]*/tool-results/([A-Za-z0-9][A-Za-z0-9._-]{0,199})\n")
_NOTIFICATION = "<task-notification>"
_CALL = re.compile(r"<tool-use-id>([^<>\s]{1,200})</tool-use-id>")
_STATUS = re.compile(r"<status>([^<>]{1,40})</status>")
_HEAD = 4000
_LONGEST_ID = 200


def started_task(outcome: object) -> str:
    """Return the id of the sub-agent, or of the workflow's run, that a `toolUseResult` names."""
    facts = outcome if isinstance(outcome, dict) else {}
    named = (facts.get(name) for name in ("agentId", "runId"))
    return next((one_line(one)[:_LONGEST_ID] for one in named if isinstance(one, str) and one), "")


def is_launch(content: str, outcome: object) -> bool:
    """Whether a result came when its call had only begun: what that started goes on.

    Inside a sub-agent's transcript only the words of the result tell.
    """
    if isinstance(outcome, dict):
        return outcome.get("status") == "async_launched" or outcome.get("isAsync") is True
    return content.startswith(_LAUNCHED)


def kept_file(content: str) -> str:
    """Return the name of the file that a result was kept in, empty for one that stands in its line.

    Only the name is believed: whatever folder is named, such files lie in the session's own.
    """
    if not content.startswith(_PERSISTED):
        return ""
    found = _SAVED.search(content[:_HEAD])
    return found[1] if found else ""


def ended_call(line: Mapping[str, Any]) -> tuple[str, str]:
    """Return the id of the call whose task a line says has ended, and how: `completed`, `failed`.

    Both are empty when that is not what it says.
    """
    said = _said(line)
    if not said[:200].lstrip().startswith(_NOTIFICATION):
        return "", ""
    call, status = _CALL.search(said[:_HEAD]), _STATUS.search(said[:_HEAD])
    if call is None:
        return "", ""
    return one_line(call[1]), one_line(status[1]) if status else "ended"


def _said(line: Mapping[str, Any]) -> str:
    """Return the words of a prompt, also of one that came while a turn was running."""
    within = line.get("attachment") if line.get("type") == "attachment" else line.get("message")
    facts = within if isinstance(within, dict) else {}
    content = facts.get("prompt") or facts.get("content")
    if isinstance(content, list):
        texts = (one.get("text") for one in content if isinstance(one, dict))
        content = next((one for one in texts if isinstance(one, str)), "")
    return content if isinstance(content, str) else ""
