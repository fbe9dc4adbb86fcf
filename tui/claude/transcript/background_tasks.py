"""What a tool call left beside its transcript: tasks that go on, and results too long for it."""

from __future__ import annotations

import re

from tui.claude.layout import TOOL_RESULTS
from tui.core.text.safe_text import one_line

_LAUNCHED = ("Async agent launched", "Workflow launched in background")
# The words of CLI 2.1.332, of its own tools and of those of MCP servers.
_IS_KEPT = re.compile(r"<persisted-output>|Error: result \([\d,. ]{1,20} characters\) exceeds ")
_SAVED = re.compile(
    rf"saved to:? [^\n]*/{TOOL_RESULTS}/"
    r"([A-Za-z0-9](?:[A-Za-z0-9._-]{0,198}[A-Za-z0-9])?)\.?(?:\n|$)"
)
_CALL = re.compile(r"<tool-use-id>([^<>\s]{1,200})</tool-use-id>")
_TASK = re.compile(r"<task-id>([^<>\s]{1,200})</task-id>")
_STATUS = re.compile(r"<status>([^<>]{1,40})</status>")
_HEAD = 4000
_LONGEST_ID = 200
OF_TASK = "task:"


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


def kept_file(content: object) -> str:
    """Return the name of the file that a result was kept in, empty for one that stands in its line.

    Only the name is believed: whatever folder is named, such files lie in the session's own.
    """
    for block in content if isinstance(content, list) else [{"text": content}]:
        text = block.get("text") if isinstance(block, dict) else None
        if isinstance(text, str) and _IS_KEPT.match(text) and (name := _SAVED.search(text[:_HEAD])):
            return name[1]
    return ""


def ended_call(notification: str) -> tuple[str, str]:
    """Return the id of the call whose task has ended by a notification, and how: `completed`.

    Of one that names no call it is that of its task, behind `OF_TASK`. Both are empty when that is
    not what it says.
    """
    head = notification[:_HEAD]
    call, task, status = _CALL.search(head), _TASK.search(head), _STATUS.search(head)
    how = one_line(status[1]) if status else "ended"
    if call is not None:
        return one_line(call[1]), how
    return (f"{OF_TASK}{one_line(task[1])}", how) if task is not None else ("", "")


def named_tasks(outcome: object) -> tuple[str, ...]:
    """Return all the ids under which a notification may tell of the end of what was started."""
    facts = outcome if isinstance(outcome, dict) else {}
    named = (facts.get(name) for name in ("agentId", "runId", "taskId"))
    return tuple(one_line(one)[:_LONGEST_ID] for one in named if isinstance(one, str) and one)
