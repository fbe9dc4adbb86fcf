"""Acknowledges or snoozes what a session needs, until something new happens to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from tui.core.act_summary import ago
from tui.core.errors import ConsoleError, Refused, UsageError
from tui.core.models.audit import AuditEvent
from tui.core.models.session import Acknowledgement, Session
from tui.core.sessions.attention import (
    Need,
    marks_of,
    needs_of,
    snoozed_until,
)
from tui.core.text.safe_text import one_line
from tui.core.time.expiry import parse_duration
from tui.core.values import replace
from tui.operations.act_record import act_on
from tui.operations.context import ActionResult, Context, at_home
from tui.operations.formatting import moment
from tui.operations.logbook_entry import log_act
from tui.operations.target import require_row_known, target_of
from tui.storage.state.acknowledgements import forget_ack, read_acks, write_ack

LONGEST_SNOOZE = timedelta(days=30)
_VERBS = {"ack": "acknowledge", "snooze": "snooze"}
_WORDS = {
    Need.ANSWER: "waits for a permission",
    Need.FAILED: "failed",
    Need.CUT_OFF: "was left in the middle of a turn",
    Need.UNSENT: "has prompts that were never sent",
    Need.ORPHAN: "is an orphan",
    Need.QUIET: "is busy and quiet",
    Need.ENDS: "ends within the hour",
    Need.SWEPT: "is swept by the CLI before it expires",
    Need.EXPIRED: "has expired",
    Need.OVERWRITTEN: "was overwritten by the pipeline",
    Need.GHOST: "has no transcript",
}


@at_home
def acknowledge(context: Context, session: Session) -> ActionResult:
    """Record that this operator has seen what a session needs now.

    Nothing in the session changes: a waiting request still waits. Raises `Refused` when it needs
    nothing, `DatabaseProblem` when that is not known, `ConsoleError` when nothing can be written
    below its listing.
    """
    return _settle(context, session, None)


@at_home
def snooze(context: Context, session: Session, typed: str) -> ActionResult:
    """Acknowledge what a session needs until then: `4h`, `2d`; `off` makes it count again.

    Something new that happens to it counts at once. Raises `UsageError` for no such time, and as
    `acknowledge`.
    """
    if typed.strip().lower() == "off":
        return _wake(context, session)
    length = parse_duration(typed, "use hours like 4h, days like 2d, or off")
    if length > LONGEST_SNOOZE:
        raise UsageError(f"{one_line(typed)[:40]}: {LONGEST_SNOOZE.days} days at most")
    return _settle(context, session, context.clock() + length)


def take_back(context: Context, session: Session) -> ActionResult:
    """Take an acknowledgement back, or a snooze: what the session needs counts again.

    Raises as `acknowledge`.
    """
    context.require_writable()
    target = target_of(session)
    if _stored_ack(session) is None:
        words = f"{target.short} is not acknowledged"
        return act_on(context, session, "unack", words, is_needless=True)
    with _writing():
        forget_ack(target.folder, target.session_id)
    words = f"{target.short} is no longer acknowledged: what it needs counts again"
    return act_on(context, session, "unack", _logged(context, session, "unack", words))


def _settle(context: Context, session: Session, until: datetime | None) -> ActionResult:
    """Acknowledge what a session needs now, for good or until then."""
    context.require_writable()
    target, now = target_of(session), context.clock()
    kind = "ack" if until is None else "snooze"
    require_row_known(session, "acknowledged" if until is None else "snoozed")
    quiet_after = context.settings.quiet_after
    needs = tuple(needs_of(session, now, quiet_after))
    if not needs:
        raise Refused(f"{target.short} needs no attention now: nothing to {_VERBS[kind]}")
    what, mark = " and ".join(_WORDS[need] for need in needs), marks_of(session, needs)
    ack, stands = Acknowledgement(context.settings.operator, now, mark, until), session.ack
    if stands is None or (stands.mark, stands.until) != (mark, until):
        with _writing():
            stands = write_ack(target.folder, target.session_id, ack)
    if stands != ack:
        said = f"{stands.by} already acknowledged that {target.short} {what}"
        return act_on(context, session, kind, f"{said}, {ago(stands.at, now)}", is_needless=True)
    words = f"acknowledged that {target.short} {what}"
    if until is not None:
        words = f"snoozed {target.short} until {moment(until)}{_ends_before(session, until)}"
    noted = what if until is None else f"until {until.isoformat(timespec='minutes')}: {what}"
    return act_on(context, session, kind, _logged(context, session, kind, words, noted))


def _ends_before(session: Session, until: datetime) -> str:
    ends_at = session.ends_at
    if ends_at is None or ends_at > until:
        return ""
    return f"; it ends before that, on {moment(ends_at)}"


def _wake(context: Context, session: Session) -> ActionResult:
    """End a snooze: what the session needs counts again."""
    context.require_writable()
    target, now = target_of(session), context.clock()
    require_row_known(session, "woken")
    session = replace(session, ack=_stored_ack(session))
    if snoozed_until(session, now, context.settings.quiet_after) is None:
        words = f"{target.short} is not snoozed"
        return act_on(context, session, "wake", words, is_needless=True)
    with _writing():
        forget_ack(target.folder, target.session_id)
    words = f"{target.short} is no longer snoozed"
    return act_on(context, session, "wake", _logged(context, session, "wake", words))


def _stored_ack(session: Session) -> Acknowledgement | None:
    """Return what stands; a session has none either if the acknowledgements could not be read."""
    if session.ack is not None:
        return session.ack
    target = target_of(session)
    with _writing():
        return read_acks(target.folder).get(target.session_id)


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConsoleError(
            f"the acknowledgement cannot be written: {error.strerror or error}"
        ) from error


def _logged(context: Context, session: Session, kind: str, words: str, note: str = "") -> str:
    event = AuditEvent(
        at=context.clock(),
        action=kind,
        listing=session.listing,
        session_id=target_of(session).session_id,
        note=note,
    )
    return log_act(context, event, words)
