"""Writes acts that no database records into the root's logbook."""

from __future__ import annotations

from collections.abc import Iterable

from tui.core.errors import ConsoleError
from tui.core.models.audit import AuditEvent
from tui.core.values import replace
from tui.operations.context import Context
from tui.storage.state.logbook import write_event


def log_act(context: Context, event: AuditEvent, words: str = "") -> str:
    """Log an act as this operator's; return `words`, with the reason if that failed."""
    act = context.as_one_act()
    why = write_event(act.root, replace(event, operator=act.settings.operator, act_id=act.act_id))
    return f"{words}; not logged: {why}" if why else words


def log_left_out(context: Context, listing: str, session_id: str, names: Iterable[str]) -> None:
    """Log what a session's agent goes on without; raises `ConsoleError` if that fails."""
    event = AuditEvent(
        at=context.clock(),
        action="resume without",
        listing=listing,
        session_id=session_id,
        note=", ".join(names),
    )
    if why := log_act(context, event):
        raise ConsoleError(f"{session_id[:8]} was not resumed{why}")
