"""Edits a session's row by hand: mark it failed or active, reapply what was overwritten."""

from __future__ import annotations

from datetime import datetime

from tui.claude.config_dir import postpone_sweep, refresh_children
from tui.core.errors import Reason, Refused
from tui.core.models.row import Row, Status
from tui.core.models.session import Session
from tui.core.sessions import row_transitions
from tui.core.sessions.overwrite import TRIED
from tui.core.sessions.row_transitions import is_metadata_ours, keeping
from tui.core.text.safe_text import one_line
from tui.core.time.zones import read_time, zone_named
from tui.operations.context import ActionResult, Context
from tui.operations.lost_options import recorded_agent
from tui.operations.target import (
    deleted,
    require_row_known,
    require_transcript_known,
    target_of,
    tracking_of,
)


def fail(context: Context, session: Session, reason: str = "") -> ActionResult:
    """Mark a session failed, with a reason for whoever looks next.

    Refused while it runs: the end of its turn decides whether it failed, and would undo the mark.
    An orphan may be marked. Raises `Changed`, `DatabaseProblem`.
    """
    row, now = _row_to_change(context, session), context.clock()
    short = session.session_id[:8]
    if session.liveness in TRIED:
        raise Refused(
            f"{short} is running, and the end of its turn decides whether it failed",
            Reason.RUNNING,
            remedy=f"stop {short}",
        )
    if row.status == Status.EXPIRED and session.transcript is None:
        require_transcript_known(session)
        words = f"{short} is cleaned up: nothing is left of it"
        raise Refused(words, Reason.CLEANED_UP)
    words = one_line(reason)[:2000] or f"marked by {context.settings.operator}"
    after = row_transitions.failed(row, words, now, zone_named(session.zone))
    return _write(
        context,
        session,
        (row, after),
        kind="fail",
        now=now,
        words=f"marked {short} as failed: {words}",
    )


def activate(context: Context, session: Session) -> ActionResult:
    """Make a failed or expired session active again, for at least `resume_keeps`.

    A live session may be activated too. Raises `Refused` without a transcript, `Changed`,
    `DatabaseProblem`.
    """
    row, now = _row_to_change(context, session), context.clock()
    short = session.session_id[:8]
    if row.status == Status.ACTIVE:
        return _act(session, "activate", now, f"{short} is already active", (row, row))
    require_transcript_known(session)
    if session.transcript is None and not session.is_live:
        words = f"{short} has no transcript to resume"
        raise Refused(words, Reason.NO_TRANSCRIPT, remedy=f"show {short}")
    keeps_until = now + context.settings.resume_keeps
    after = row_transitions.activated(row, keeps_until, zone_named(session.zone))
    _postpone_sweep(session, after, now)
    return _write(
        context, session, (row, after), kind="activate", now=now, words=f"{short} is active again"
    )


def reapply(context: Context, session: Session) -> ActionResult:
    """Reapply what the pipeline overwrote: see `Session.overwritten`, and the agent's options.

    Raises `Refused` when nothing was, when only a row is left, when its metadata cannot be read, or
    when it would mark a running session failed; `Changed`, `DatabaseProblem`.
    """
    row, now = _row_to_change(context, session), context.clock()
    short, target = session.session_id[:8], target_of(session)
    if not is_metadata_ours(row):
        raise Refused(
            f"the metadata in {short}'s row cannot be read, so nothing is put back there: let its "
            "pipeline write a JSON object, or nothing, in its place",
            Reason.UNREADABLE,
        )
    require_transcript_known(session)
    if session.transcript is None and not session.is_live:
        words = f"{short} has no transcript any more"
        raise Refused(words, Reason.NO_TRANSCRIPT, remedy=f"show {short}")
    known = recorded_agent(target.folder, target.db_path, target.session_id)
    after = keeping(session.overwritten or row, None, known.options)
    if after == row:
        raise Refused(
            f"{short} was not overwritten: there is nothing to reapply",
            Reason.NOTHING_TO_DO,
        )
    if session.liveness in TRIED and after.status == Status.FAILED != row.status:
        raise Refused(
            f"{short} is running again, so its old failure no longer counts: reapply once it has "
            "ended",
            Reason.RUNNING,
        )
    if after.expires_at != row.expires_at:
        _postpone_sweep(session, after, now)
    words = f"{short} is restored: the overwritten change applies again"
    return _write(context, session, (row, after), kind="reapply", now=now, words=words)


def _row_to_change(context: Context, session: Session) -> Row:
    context.require_writable()
    target_of(session)
    short = session.session_id[:8]
    require_row_known(session, "changed")
    if session.row is None:
        raise Refused(f"{short} is not tracked: it has no row to change", Reason.NOT_TRACKED)
    if session.row.status == Status.DELETED:
        raise deleted(context, session)
    return session.row


def _postpone_sweep(session: Session, after: Row, now: datetime) -> None:
    """Postpone the CLI's sweep past the expiry; a stray's config dir is not ours to change."""
    until = read_time(after.expires_at, zone_named(session.zone))
    transcript = session.transcript
    if until is None or transcript is None or not transcript.resumable or session.is_stray:
        return
    target = target_of(session)
    postpone_sweep(target.config_dir, transcript.modified_at, until)
    refresh_children(target.config_dir, now)


def _write(
    context: Context,
    session: Session,
    rows: tuple[Row, Row],
    *,
    kind: str,
    now: datetime,
    words: str,
) -> ActionResult:
    """Write the second of `rows` if the first is still stored."""
    tracking = tracking_of(context, target_of(session).folder, session.zone)
    stored = tracking.change(*rows, action=kind, now=now)
    return _act(session, kind, now, words, (rows[0], stored))


def _act(
    session: Session, kind: str, now: datetime, words: str, rows: tuple[Row, Row]
) -> ActionResult:
    return ActionResult(
        kind=kind,
        listing=session.listing,
        session_id=session.session_id,
        at=now,
        words=words,
        before=rows[0],
        after=rows[1],
        zone=session.zone,
        folder=session.folder,
        is_needless=rows[0] == rows[1],
    )
