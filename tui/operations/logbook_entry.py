"""Writes acts that no database records into the root's logbook."""

from __future__ import annotations

from dataclasses import replace

from tui.core.models.audit import AuditEvent
from tui.operations.context import Context
from tui.storage.state.logbook import write_event


def log_act(context: Context, event: AuditEvent, words: str = "") -> str:
    """Log an act under the id of its context; return `words`, with why if that failed."""
    why = write_event(context.root, replace(event, act_id=context.as_one_act().act_id))
    return f"{words}; not logged: {why}" if why else words
