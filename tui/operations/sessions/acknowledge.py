"""Acknowledges what a session needs, until something new happens to it."""

from __future__ import annotations

from datetime import datetime

from tui.core.act_summary import ago
from tui.core.errors import ConsoleError, Refused
from tui.core.models.audit import AuditEvent
from tui.core.models.session import Acknowledgement, Session
from tui.core.sessions.attention import Need, mark_of, need_of
from tui.operations.context import ActionResult, Context
from tui.operations.logbook_entry import log_act
from tui.operations.target import target_of
from tui.storage.state.acknowledgements import write_ack

_WORDS = {
    Need.ANSWER: "waits for a permission",
    Need.FAILED: "failed",
    Need.QUIET: "is busy and quiet, or an orphan",
    Need.ENDS: "ends within the hour",
    Need.GHOST: "has no transcript",
}


def acknowledge(context: Context, session: Session) -> ActionResult:
    """Record that this operator has seen what a session needs now.

    Nothing in the session changes: a waiting request still waits. Raises `Refused` when it needs
    nothing, `ConsoleError` when nothing can be written below its listing.
    """
    context.require_writable()
    target, now = target_of(session), context.clock()
    need = need_of(session, now, context.settings.quiet_after)
    if need is None:
        raise Refused(f"{target.short} needs no attention now: nothing to acknowledge")
    mark, what = mark_of(session, need), _WORDS[need]
    ack, stands = Acknowledgement(context.settings.operator, now, mark), session.ack
    try:
        if stands is None or stands.mark != mark:
            stands = write_ack(target.folder, target.session_id, ack)
    except OSError as error:
        raise ConsoleError(
            f"the acknowledgement cannot be written: {error.strerror or error}"
        ) from error
    if stands != ack:
        said = f"{stands.by} already acknowledged that {target.short} {what}"
        words = f"{said}, {ago(stands.at, now)}"
        return _act(session, target.session_id, now, words, is_needless=True)
    event = AuditEvent(
        at=now,
        action="ack",
        listing=session.listing,
        session_id=target.session_id,
        note=what,
    )
    words = f"acknowledged that {target.short} {what}"
    words = log_act(context, event, words)
    return _act(session, target.session_id, now, words, is_needless=False)


def _act(
    session: Session, session_id: str, now: datetime, words: str, *, is_needless: bool
) -> ActionResult:
    return ActionResult(
        kind="ack",
        listing=session.listing,
        session_id=session_id,
        at=now,
        words=words,
        folder=session.folder,
        is_needless=is_needless,
    )
