"""Rows that runs could not write: written by whoever looks next, and before a session goes on."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tui.core.errors import ConsoleError, DatabaseProblem, Kind
from tui.core.models.run import Run
from tui.core.models.session import Session
from tui.core.values import replace
from tui.operations.context import Context
from tui.operations.target import DATABASE
from tui.runs.folder.protocol import read_run
from tui.runs.folder.run_finder import last_runs
from tui.storage.sqlite.connection import WRITE_TIMEOUT_S
from tui.storage.table.tracking import read_rows

_UNWRITTEN = "its row could not be written yet"


def with_late_row(context: Context, session: Session) -> Session:
    """Return the session with the row that its last run left due, written now.

    Raises `DatabaseProblem` while its database is busy: what its agent may do is not known then.
    """
    run = read_run(session.run.folder) if session.run is not None else None
    if run is None or not _write(context, run):
        return session
    rows = read_rows(session.folder / DATABASE, WRITE_TIMEOUT_S)
    row = next((one for one in rows if one.session_id == session.session_id), None)
    return replace(session, row=row, row_problem="")


def write_late_row(context: Context, folder: Path, session_id: str) -> None:
    """Write the row that the last run of a session left due; raises as `with_late_row`."""
    try:
        run = last_runs(folder, {session_id}).get(session_id)
    except OSError as error:
        raise ConsoleError(f"its runs cannot be read: {error.strerror}") from error
    if run is not None:
        _write(context, run)


def write_late_rows(context: Context, folder: Path) -> tuple[ConsoleError, ...]:
    """Write what the runs of a listing left due; return what could not be written, and why.

    Also settle the failures that they have answered.

    A database that is busy or full keeps them all: the rest is not tried then.
    """
    from tui.runs.hosted.late_rows import due_runs, settle_answered, write_row

    failed = list[ConsoleError]()
    try:
        settle_answered(folder, context.clock)
        for run in due_runs(folder):
            short = run.session_id[:8]
            try:
                write_row(run, context.clock)
            except DatabaseProblem as problem:
                words = f"{short}: {_UNWRITTEN}: {problem}"
                failed.append(DatabaseProblem(words, problem.reason))
                if problem.kind in (Kind.BUSY, Kind.DISK_FULL):
                    break
            except (ConsoleError, OSError) as error:
                failed.append(ConsoleError(f"{short}: {_UNWRITTEN}: {error}"))
    except OSError as error:
        failed.append(ConsoleError(f"its runs cannot be read: {error.strerror}"))
    return tuple(failed)


def with_late_rows(sessions: Iterable[Session]) -> tuple[Session, ...]:
    """Return the sessions that live here and whose last run left a row due."""
    return tuple(
        one
        for one in sessions
        if not one.host and one.run is not None and one.run.row_problem and one.run.is_over
    )


def write_late_rows_soon(context: Context, sessions: Iterable[Session]) -> None:
    """Write, in a thread, what the last runs of these sessions left due."""
    due = [one.run.folder for one in with_late_rows(sessions) if one.run is not None]
    if not due or context.settings.read_only:
        return
    from tui.runs.hosted.late_rows import write_soon

    for folder in due:
        write_soon(folder, context.clock)


def _write(context: Context, run: Run) -> bool:
    """Write what a run left due; whether it did, or nothing was."""
    from tui.runs.hosted.late_rows import is_due, write_row

    if not is_due(run):
        return False
    try:
        write_row(run, context.clock)
    except DatabaseProblem as problem:
        if problem.kind is Kind.BUSY:
            raise
        return False
    except (ConsoleError, OSError):
        return False
    return True
