"""Acts that change no row: recorded in the listing's audit, or else in the logbook."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui.core.errors import ConsoleError
from tui.core.models.audit import AuditEvent
from tui.core.models.session import Session
from tui.core.values import replace
from tui.operations.context import ActionResult, Context
from tui.operations.logbook_entry import log_act
from tui.operations.target import target_of, tracking_of
from tui.storage.table.audit import detail_of

# People's words: a purge removes them from the audit, but nothing does from the logbook.
_WORDS = ("reason", "answers", "tags", "note")


def act_on(
    context: Context, session: Session, kind: str, words: str, *, is_needless: bool = False
) -> ActionResult:
    """Return the result of such an act on a session."""
    return ActionResult(
        kind=kind,
        listing=session.listing,
        session_id=target_of(session).session_id,
        at=context.clock(),
        words=words,
        folder=session.folder,
        is_needless=is_needless,
    )


def record_act(
    context: Context,
    session: Session,
    action: str,
    facts: Mapping[str, Any],
    *,
    request_id: str = "",
) -> str:
    """Record an act that this operator has done; `facts` become its detail.

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
