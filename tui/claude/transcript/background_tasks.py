"""Tasks that a tool call started in the background, and results that have their own file."""

from __future__ import annotations

from tui.claude.layout import TOOL_RESULTS
from tui.core.text.late_pattern import late_pattern
from tui.core.text.safe_text import one_line

_LAUNCHED = ("Async agent launched", "Workflow launched in background")
# The words of CLI 2.1.332, of its own tools and of those of MCP servers.
_IS_KEPT = late_pattern(r"<persisted-output>|Error: result \([\d,. ]{1,20} characters\) exceeds ")
_SAVED = late_pattern(
    rf"saved to:? [^\n]*/{TOOL_RESULTS}/"
    r"([A-Za-z0-9](?:[A-Za-z0-9._-]{0,198}[A-Za-z0-9])?)\.?(?:\n|$)"
)
_CALL = late_pattern(r"<tool-use-id>([^<>\s]{1,200})</tool-use-id>")
_TASK = late_pattern(r"<task-id>([^<>\s]{1,200})</task-id>")
_STATUS = late_pattern(r"<status>([^<>]{1,40})</status>")
_HEAD = 4000
_LONGEST_ID = 200
OF_TASK = "task:"


def started_task(outcome: object) -> str:
    """Return the id of the sub-agent or workflow run that a `toolUseResult` names."""
    facts = outcome if isinstance(outcome, dict) else {}
    named = (facts.get(name) for name in ("agentId", "runId"))
    return next((one_line(one)[:_LONGEST_ID] for one in named if isinstance(one, str) and one), "")


def is_launch(content: str, outcome: object) -> bool:
    """Whether a result only says that a background task was started.

    In a sub-agent's transcript only the text of the result tells.
    """
    if isinstance(outcome, dict):
        return outcome.get("status") == "async_launched" or outcome.get("isAsync") is True
    return content.startswith(_LAUNCHED)


def kept_file(content: object) -> str:
    """Return the name of the file that holds a result, empty if the line itself does.

    Only the name is used, never the folder: such files are in the session's own.
    """
    for block in content if isinstance(content, list) else [{"text": content}]:
        text = block.get("text") if isinstance(block, dict) else None
        if isinstance(text, str) and _IS_KEPT.match(text) and (name := _SAVED.search(text[:_HEAD])):
            return name[1]
    return ""


def ended_call(notification: str) -> tuple[str, str]:
    """Return the id of the call whose task a notification ends, and how, such as `completed`.

    Without a call it is the id of the task, after `OF_TASK`. Both are empty for any other
    notification.
    """
    head = notification[:_HEAD]
    call, task, status = _CALL.search(head), _TASK.search(head), _STATUS.search(head)
    how = one_line(status[1]) if status else "ended"
    if call is not None:
        return one_line(call[1]), how
    return (f"{OF_TASK}{one_line(task[1])}", how) if task is not None else ("", "")


def named_tasks(outcome: object) -> tuple[str, ...]:
    """Return all ids by which a notification may name the task that was started."""
    if not isinstance(outcome, dict):
        return ()
    named = (outcome.get(name) for name in ("agentId", "runId", "taskId"))
    return tuple(one_line(one)[:_LONGEST_ID] for one in named if isinstance(one, str) and one)
