"""One sentence for an audit or logbook event: who did what, and how long ago."""

from __future__ import annotations

import secrets
from datetime import datetime

from tui.core.models.audit import AuditEvent
from tui.core.text.bounded_json import json_object
from tui.core.text.safe_text import one_line

_DID = {
    "extend": "extended {}",
    "delete": "deleted {}",
    "clean-up": "cleaned up {}",
    "restore": "restored {}",
    "undo": "undid an action on {}",
    "fail": "marked {} failed",
    "succeed": "finished a turn of {}",
    "track": "started {}",
    "activate": "activated {}",
    "reapply": "reapplied the change to {}",
    "adopt": "adopted {}",
    "resume": "resumed {}",
    "rename": "renamed {}",
    "ack": "acknowledged {}",
    "snooze": "snoozed {}",
    "wake": "ended the snooze of {}",
    "tag": "changed the tags of {}",
    "note": "changed the note of {}",
    "purge": "erased {}",
    "send": "sent a prompt to {}",
    "answer": "answered {}",
    "wait": "let a request of {} wait longer",
    "interrupt": "interrupted {}",
    "stop": "stopped {}",
    "model": "changed the model of {}",
    "mode": "changed the permission mode of {}",
    "turn": "cut off a turn of {}",
    "command": "ran a command on {}",
}
_SHOWN = {"track": "started", "hold": "hold set", "lift": "hold released"}
_UNITS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def new_act_id() -> str:
    """Return a new random id for one act of an operator."""
    return secrets.token_hex(8)


def action_word(action: str) -> str:
    """Return how a list of acts calls an action, as in `hold released`."""
    return _SHOWN.get(action, one_line(action)[:20])


def is_failure(event: AuditEvent) -> bool:
    """Whether a turn failed by itself; an operator's `fail` names no run."""
    return event.action == "fail" and bool(json_object(event.detail).get("run"))


def actor(event: AuditEvent) -> str:
    """Return the operator whose act it was; empty for what failed by itself."""
    return "" if is_failure(event) else event.operator


def did(event: AuditEvent, what: str) -> str:
    """Return who did what, as in `bert extended 9f2c`, or that it failed."""
    if is_failure(event):
        return f"{what} failed"
    action = one_line(event.action)[:20]
    phrase = _DID[action].format(what) if action in _DID else f"({action}) {what}"
    return f"{one_line(event.operator)[:32]} {phrase}"


def did_just_now(event: AuditEvent, now: datetime) -> str:
    """Return who did what and how long ago, as in `bert extended it 3 s ago`."""
    return f"{did(event, 'it')} {ago(event.at, now)}"


def ago(at: datetime, now: datetime) -> str:
    """Return how long ago a moment was, in one unit; `just now` for less than a second."""
    seconds = int((now - at).total_seconds())
    for length, unit in _UNITS:
        if seconds >= length:
            return f"{seconds // length} {unit} ago"
    return "just now"
