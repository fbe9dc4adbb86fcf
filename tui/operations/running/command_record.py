"""Records the commands that were posted to a session's run."""

from __future__ import annotations

from typing import Any

from tui.core.models.session import Session
from tui.operations.act_record import record_act
from tui.operations.context import Context
from tui.runs.folder.command import Command

_ACTIONS = {"prompt": "send"}


def record_command(context: Context, session: Session, command: Command, tool: str = "") -> str:
    """Record a command that was posted to a session's run, and the `tool` it is about.

    Of a prompt only the length: the transcript has the words. Returns why it could not be recorded,
    else an empty string.
    """
    facts: dict[str, Any] = {"run": session.run.run_id if session.run else ""}
    match command.kind:
        case "prompt":
            facts |= {"characters": len(command.text)}
        case "answer":
            facts |= {"tool": tool, "decision": command.decision, "reason": command.text}
            facts |= {"digest": command.digest, "answers": command.answers}
        case "model" | "mode":
            facts |= {command.kind: command.text}
        case "interrupt" | "stop":
            pass
        case _:
            facts |= {"tool": tool, "seconds": command.text}
    action = _ACTIONS.get(command.kind, command.kind)
    return record_act(context, session, action, facts, request_id=command.request_id)
