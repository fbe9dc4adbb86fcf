"""What a crash of a pipeline left in the middle of a turn, and failures that a retry settles."""

from __future__ import annotations

import logging
from collections.abc import Collection
from pathlib import Path
from typing import Any

from tui.claude.session_id import require_session_id
from tui.core.errors import ConsoleError, DatabaseProblem, Reason, RunFailed, UsageError
from tui.core.models.cut_off import CutOffSession
from tui.core.models.run import Run
from tui.core.models.session import Session
from tui.core.sessions.attention import Need, needs_of, open_needs
from tui.core.sessions.row_transitions import OWN_DETAILS
from tui.operations.catalog.late_rows import write_late_rows
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.context import Context
from tui.operations.running.ending import session_of
from tui.operations.sessions.acknowledge import acknowledge
from tui.runs.folder.bounded_reads import read_end
from tui.runs.folder.protocol import SPEC, RunSpec
from tui.runs.hosted.retries import has_run

logger = logging.getLogger(__name__)

_LEFT = (Need.CUT_OFF, Need.ORPHAN)
_RETRIED = (Need.FAILED, Need.CUT_OFF)


def cut_off_sessions(context: Context, folder: Path) -> tuple[CutOffSession, ...]:
    """Return the sessions of a listing that were left in the middle of a turn, oldest first.

    First writes the rows that runs could not write. Raises `DatabaseProblem` when its table cannot
    be read.
    """
    for problem in write_late_rows(context, folder):
        logger.warning("%s", problem)
    listing = CatalogScanner(context).look(only=folder.name).listing(folder.name)
    if listing is None:
        return ()
    if not listing.has_rows and listing.trouble is not Reason.NO_TABLE:
        raise DatabaseProblem(listing.problem, listing.trouble or None)
    now, quiet_after = context.clock(), context.settings.quiet_after
    left = (
        _told(one)
        for one in listing.sessions
        if any(need in _LEFT for need in open_needs(one, now, quiet_after))
    )
    return tuple(sorted(left, key=lambda one: (str(one.at or ""), one.session_id)))


def require_retriable(context: Context, folder: Path, session_id: str, resumed: str) -> None:
    """Raise `UnknownId` or `UsageError` unless a query can be a retry of that session.

    One that failed before its agent had begun has left its run alone.
    """
    require_session_id(session_id)
    if not has_run(folder, session_id):
        session_of(context, folder, session_id)
    if session_id == resumed:
        raise UsageError("retry_of names another session: a resume settles its own failure")


def settle_retried(context: Context, folder: Path, retried: Collection[str], retry: str) -> None:
    """Acknowledge that sessions failed, since their retry succeeded; logs what goes wrong.

    What else they need stands: nobody was shown that.
    """
    listing = CatalogScanner(context).look(only=folder.name).listing(folder.name)
    found = {one.session_id: one for one in listing.sessions} if listing is not None else {}
    for session in (found[one] for one in retried if one in found):
        needs = needs_of(session, context.clock(), context.settings.quiet_after)
        if any(need in _RETRIED for need in needs):
            _settle(context, session, retry)


def _settle(context: Context, session: Session, retry: str) -> None:
    try:
        acknowledge(context, session, because=f"its retry {retry[:8]} succeeded", only=_RETRIED)
    except ConsoleError as problem:
        logger.warning("%s: its retry succeeded, its failure stands: %s", session.address, problem)


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
    """Return the metadata that a run was given, empty if its folder does not tell."""
    try:
        spec = RunSpec.from_json(read_end(run.folder / SPEC).decode("utf-8", "replace"))
        return dict(spec.metadata)
    except (RunFailed, TypeError, ValueError):
        return {}
