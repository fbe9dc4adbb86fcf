"""Records acts that change no row, in the listing's audit or else in the logbook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tui.core.errors import ConsoleError
from tui.core.models.audit import AuditEvent
from tui.core.models.session import Session
from tui.operations.context import Context
from tui.operations.logbook_entry import log_act
from tui.operations.target import target_of, tracking_of
from tui.runs.folder.command import Command
from tui.storage.table.audit import detail_of

_ACTIONS = {"prompt": "send"}
# People's words: a purge removes them from the audit, but nothing does from the logbook.
_WORDS = ("reason", "answers")


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
    return _record(
        context, session, _ACTIONS.get(command.kind, command.kind), command.request_id, facts
    )


def _record(
    context: Context, session: Session, action: str, request_id: str, facts: Mapping[str, Any]
) -> str:
    """Record an act that this operator has done.

    If the database cannot take it (locked or missing), it goes into the root's logbook. Returns why
    it could not be recorded, else an empty string.
    """
    event = AuditEvent(
        at=context.clock(),
        action=action,
        listing=session.listing,
        session_id=target_of(session).session_id,
        request_id=request_id,
    )
    try:
        noted = replace(event, detail=detail_of(facts))
        tracking_of(context, session.folder, session.zone).note(noted)
    except (ConsoleError, OSError):
        plain = {name: one for name, one in facts.items() if name not in _WORDS}
        return log_act(context, replace(event, detail=detail_of(plain)))
    return ""
