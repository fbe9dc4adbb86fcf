"""Acts that no database tells of: written into the logbook, or it is said that they are not."""

from __future__ import annotations

from tui.core.models.audit import AuditEvent
from tui.operations.context import Context
from tui.storage.state.logbook import write_event


def written_down(context: Context, event: AuditEvent, words: str = "") -> str:
    """Write an act into the root's logbook, and return `words`, with why where that failed."""
    why = write_event(context.root, event)
    return f"{words}; not written down: {why}" if why else words
