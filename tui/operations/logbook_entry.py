"""Writes acts that no database records into the root's logbook."""

from __future__ import annotations

from dataclasses import replace

from tui.core.models.audit import AuditEvent
from tui.operations.context import Context
from tui.storage.state.logbook import write_event


def log_act(context: Context, event: AuditEvent, words: str = "") -> str:
    """Log an act as this operator's; return `words`, with the reason if that failed."""
    act = context.as_one_act()
    why = write_event(act.root, replace(event, operator=act.settings.operator, act_id=act.act_id))
    return f"{words}; not logged: {why}" if why else words
