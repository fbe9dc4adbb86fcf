"""The hand-over as JSON, which always has all of it; scripts rely on the names."""

from __future__ import annotations

from typing import Any

from tui.cli.hand_over.rows import ShellLine
from tui.cli.json_fields import alert_json, annotation_json, event_json, iso, session_id_json
from tui.core.act_summary import source_of
from tui.core.models.session import Session
from tui.core.sessions.attention import FailureGroup
from tui.core.values import asdict
from tui.operations.monitor.hand_over import HandOver, act_command
from tui.operations.monitor.history import LoggedAct
from tui.operations.monitor.needs import Alert
from tui.view.panes.audit_line import act_words


def hand_over_json(found: HandOver, line: ShellLine) -> dict[str, Any]:
    """Return a hand-over; `line` makes a command line of a verb's words."""
    ends = found.next_end
    return {
        "since": iso(found.since),
        "at": iso(found.at),
        "listing": found.listing or None,
        "done": [_act_json(one, line) for one in found.acts],
        "failures": [_cause_json(one, line) for one in found.failures],
        "recovered": [event_json(one) for one in found.recovered],
        "waits": [_open_json(one, line) for one in found.waits],
        "attention": [_open_json(one, line) for one in found.attention],
        "snoozed": [_open_json(one, line) for one in found.snoozed],
        "ends": [_open_json(one, line) for one in found.ends],
        "expired": [
            session_id_json(one) | {"title": one.title or None, "ends_at": iso(one.ends_at)}
            for one in found.expired
        ],
        "noted": [_noted_json(one) for one in found.noted],
        "next_end": {"session_id": ends.session_id, "ends_at": iso(ends.ends_at)} if ends else None,
        "costs": [asdict(one) | {"listing": one.listing or None} for one in found.spending],
        "unread": list(found.unread),
    }


def _act_json(act: LoggedAct, line: ShellLine) -> dict[str, Any]:
    event = act.first
    return {
        "at": iso(event.at),
        "operator": event.operator,
        "source": str(source_of(event)),
        "action": event.action,
        "act_id": event.act_id or None,
        "sessions": [
            {"session_id": one.session_id, "listing": one.listing}
            for one in act.events
            if one.session_id
        ],
        "words": act_words(event) or None,
        "cost_usd": event.cost_usd,
        "command": line(act_command(event, act.sessions)),
    }


def _cause_json(group: FailureGroup, line: ShellLine) -> dict[str, Any]:
    return {
        "reason": group.reason or None,
        "since": iso(group.since),
        "sessions": [
            session_id_json(one)
            | {
                "title": one.title or None,
                "acknowledged_by": one.ack.by if one.ack else None,
                "command": line(("resume" if one.transcript else "show", one.address)),
            }
            for one in group.sessions
        ],
    }


def _open_json(alert: Alert, line: ShellLine) -> dict[str, Any]:
    return alert_json(alert) | {"command": line(alert.command) or None}


def _noted_json(session: Session) -> dict[str, Any]:
    return (
        session_id_json(session)
        | {"title": session.title or None, "tags": list(session.tags), "note": session.note or None}
        | annotation_json(session)
    )
