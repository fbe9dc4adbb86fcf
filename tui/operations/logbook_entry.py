"""Writes acts that no database records into the root's logbook."""

from __future__ import annotations

from tui.core.models.audit import AuditEvent
from tui.operations.context import Context
from tui.storage.state.logbook import write_event


def log_act(context: Context, event: AuditEvent, words: str = "") -> str:
    """Log an act and return `words`, with the reason appended if logging failed."""
    why = write_event(context.root, event)
    return f"{words}; not logged: {why}" if why else words
