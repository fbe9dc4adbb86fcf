"""One sentence for an audit or logbook event: who did what, or what else it came from."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

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
    "mend": "put back the options of {}",
    "adopt": "adopted {}",
    "resume": "resumed {}",
    "rename": "renamed {}",
    "ack": "acknowledged {}",
    "unack": "took back the acknowledgement of {}",
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
_TURNS = ("succeed", "fail", "turn")  # the actions of a run's events at the end of a turn
# What a list of acts must name however long it is: it ends, removes, grants or refuses something.
GRAVE = frozenset(
    {
        *("delete", "clean-up", "purge", "stop", "interrupt", "fail", "take over"),
        "resume without",
        *("answer", "mode", "command", "undo", "hold", "lift"),
    }
)
_SHOWN = {"track": "started", "hold": "hold set", "lift": "hold released"}
OLDER = "; older: -n"  # how a list of acts says that there are more
_UNITS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def action_word(action: str) -> str:
    """Return how a list of acts calls an action, as in `hold released`."""
    return _SHOWN.get(action, one_line(action)[:20])


class Source(StrEnum):
    """What an event came from: an operator's act, or what nobody did just then.

    `always`: an earlier answer covered the request; `clock`: nobody answered it in time; `turn`:
    a turn ended, which its operator had prompted.
    """

    OPERATOR = "operator"
    ALWAYS = "always"
    CLOCK = "clock"
    TURN = "turn"


def source_of(event: AuditEvent) -> Source:
    """Return what an event came from."""
    if event.action not in (*_TURNS, "answer"):
        return Source.OPERATOR
    facts = json_object(event.detail)
    if event.action in _TURNS:
        return Source.TURN if facts.get("run") else Source.OPERATOR
    if (told := facts.get("source")) in (Source.ALWAYS, Source.CLOCK):
        return Source(str(told))
    # Earlier versions recorded no source. An operator who grants names the input's digest.
    is_covered = facts.get("run") and facts.get("decision") == "allow" and not facts.get("digest")
    return Source.ALWAYS if is_covered else Source.OPERATOR


def is_failure(event: AuditEvent) -> bool:
    """Whether a turn failed by itself; an operator's `fail` names no run."""
    return event.action == "fail" and source_of(event) is Source.TURN


def actor(event: AuditEvent) -> str:
    """Return the operator whose act it was; empty for what happened by itself."""
    is_by_itself = source_of(event) in (Source.ALWAYS, Source.CLOCK) or is_failure(event)
    return "" if is_by_itself else event.operator


def did(event: AuditEvent, what: str) -> str:
    """Return who did what, as in `bert extended 9f2c`, or what happened by itself."""
    if is_failure(event):
        return f"{what} failed"
    operator = one_line(event.operator)[:32]
    match source_of(event):
        case Source.ALWAYS:
            return f"an earlier answer of {operator} covered {what}"
        case Source.CLOCK:
            return f"nobody answered {what} in time"
    action = one_line(event.action)[:20]
    phrase = _DID[action].format(what) if action in _DID else f"({action}) {what}"
    return f"{operator} {phrase}"


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
