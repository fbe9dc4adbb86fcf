"""What a crash of a pipeline left in the middle of a turn, and what can be tried again."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from tui.claude.session_id import require_session_id
from tui.core.errors import ConsoleError, Kind, Reason, RunFailed, UsageError
from tui.core.models.cut_off import CutOffSession
from tui.core.models.run import Run
from tui.core.models.session import Session
from tui.core.sessions.attention import Need, open_needs
from tui.core.sessions.row_transitions import OWN_DETAILS
from tui.core.text.safe_text import one_line
from tui.operations.catalog.late_rows import write_late_rows
from tui.operations.catalog.patient_look import look_patiently
from tui.operations.context import Context
from tui.operations.running.ending import session_of
from tui.operations.target import require_transcript_known
from tui.runs.folder.bounded_reads import read_end, run_folders
from tui.runs.folder.protocol import SPEC, RunSpec
from tui.runs.hosted.retries import has_run

logger = logging.getLogger(__name__)

_LEFT = (Need.CUT_OFF, Need.ORPHAN)


def cut_off_sessions(context: Context, folder: Path) -> tuple[CutOffSession, ...]:
    """Return the sessions of a listing that were left in the middle of a turn, oldest first.

    First writes the rows that runs could not write, and settles what runs have answered; what that
    does not do for a session is logged, and keeps nobody from going on with the others. Raises
    `DatabaseProblem` when its table is busy or cannot be read, `ConsoleError` when its runs or
    transcripts cannot: then nobody knows what was left.
    """
    _require_runs_known(folder)
    for problem in write_late_rows(context, folder):
        if problem.kind is Kind.BUSY:
            raise problem
        logger.error("%s: `doctor %s` says what to do", problem, one_line(folder.name))
    listing = look_patiently(context, folder)
    if listing is None:
        return ()
    if listing.is_cut:
        logger.error("%s: what that hides is not among what was left", listing.problem)
    now, quiet_after = context.clock(), context.settings.quiet_after
    left = (
        _told(one)
        for one in filter(_is_known, listing.sessions)
        if any(need in _LEFT for need in open_needs(one, now, quiet_after))
    )
    return tuple(sorted(left, key=lambda one: (str(one.at or ""), one.session_id)))


def _require_runs_known(folder: Path) -> None:
    try:
        run_folders(folder)
    except OSError as error:
        words = f"its runs cannot be read: {error.strerror or error}"
        raise ConsoleError(words, Reason.of(error)) from error


def _is_known(session: Session) -> bool:
    """Return true; raises `ConsoleError` if nobody can tell whether a resume can go on with it."""
    if session.run is not None and session.run.cut_off_at is not None:
        require_transcript_known(session)
    return True


def require_retriable(context: Context, folder: Path, session_id: str, resumed: str) -> None:
    """Raise `UnknownId` or `UsageError` unless a query can be a retry of that session.

    One that failed before its agent had begun has left its run alone.
    """
    require_session_id(session_id)
    if not has_run(folder, session_id):
        session_of(context, folder, session_id)
    if session_id == resumed:
        raise UsageError("retry_of names another session: a resume settles its own failure")


def _told(session: Session) -> CutOffSession:
    file = session.transcript
    return CutOffSession(
        session_id=session.session_id,
        listing_id=session.listing,
        stage=session.stage,
        at=session.cut_off_at,
        is_orphan=session.is_orphan,
        can_resume=file is not None and file.resumable,
        metadata=_metadata(session),
    )


def _metadata(session: Session) -> dict[str, Any]:
    """Return the pipeline's own metadata: of the row, and of a run that has not written it yet."""
    stored = dict(session.row.details()) if session.row is not None else {}
    if (run := session.run) is not None:
        stored = _given(run) | stored if run.model else stored | _given(run)
    return {name: value for name, value in stored.items() if name not in OWN_DETAILS}


def _given(run: Run) -> dict[str, Any]:
    """Return the metadata that a run was given; logs it if its folder does not tell."""
    try:
        spec = RunSpec.from_json(read_end(run.folder / SPEC).decode("utf-8", "replace"))
        return dict(spec.metadata)
    except (RunFailed, TypeError, ValueError) as error:
        logger.error("%s: its metadata is not known: %s", run.session_id[:8], one_line(error))
        return {}
