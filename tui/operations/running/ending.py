"""Ends what runs a session, wherever it is hosted, and waits until nothing runs it."""

from __future__ import annotations

import time
from pathlib import Path

from tui.claude.session_id import not_whole, require_session_id
from tui.core.errors import Reason, Refused, UnknownId
from tui.core.models.session import Session
from tui.operations.catalog.patient_look import find_patiently
from tui.operations.context import Context
from tui.operations.owner import owner_elsewhere, require_silent
from tui.operations.running.resume import record_take_over
from tui.operations.running.steer import stop
from tui.operations.target import Target, hold_lock
from tui.storage.session_locks import SessionLock, held

_STOP_WITHIN_S = 60.0
_LOOK_S = 0.2


def session_of(
    context: Context, folder: Path, session_id: str, *, needs_row: bool = False
) -> Session:
    """Return the session of the listing `folder` with this whole id.

    Raises `UnknownId`, and `DatabaseProblem` if a table that stays busy, or cannot be read, may
    have it; with `needs_row` also if only that can tell how it stands.
    """
    require_session_id(session_id)
    session = find_patiently(context, folder, session_id, needs_row=needs_row)
    if session.session_id != session_id:
        raise not_whole(session_id, session.session_id)
    return session


def end_run(context: Context, target: Target, within_s: float = _STOP_WITHIN_S) -> bool:
    """Stop the run of a session, or kill its orphaned CLI, and wait; whether anything ran.

    Raises `Refused` when it has not ended within that many seconds, or is run by a program that
    takes no commands.
    """
    session = session_of(context, target.folder, target.session_id)
    if not _may_run(session):
        return False
    stop(context, session)
    until = time.monotonic() + within_s
    while _still_runs(context, target):
        if time.monotonic() >= until:
            raise Refused(
                f"{target.short} was asked to stop, and still runs after {within_s:g} s",
                Reason.RUNNING,
                remedy=f"show {target.short}",
            )
        time.sleep(_LOOK_S)
    return True


def take_over(context: Context, target: Target, listing_id: str) -> SessionLock:
    """End what runs a session and return its lock, held; raises `Refused` if it cannot be had."""
    owner = _end_or_outlast(context, target)
    with hold_lock(target, takes_over=bool(owner)) as lock:
        if owner:
            require_silent(target, context.clock(), watches=True)
            record_take_over(context, target, listing_id, owner)
        return lock.handed_on()


def _end_or_outlast(context: Context, target: Target) -> str:
    """End what runs a session; return who may still, elsewhere, and shows no sign of life.

    Empty if nothing runs it any more. Raises `Refused` for a process elsewhere of which only its
    entry in the registry is known: it can be proven neither alive nor dead.
    """
    session, now = session_of(context, target.folder, target.session_id), context.clock()
    owner = owner_elsewhere(session, now)
    if owner is None or owner.is_beating:
        end_run(context, target)
        return ""
    if session.run is None or session.run.is_over:
        raise Refused(
            f"{target.short} is not ours: {owner.words(now)}. It may still be alive; if you know "
            "that it is dead",
            Reason.ELSEWHERE,
            remedy=f"resume {target.short} --take-over",
        )
    return owner.words(now)


def _still_runs(context: Context, target: Target) -> bool:
    """Whether it may still run; one that was stopped before its agent began leaves no session."""
    try:
        return _may_run(session_of(context, target.folder, target.session_id))
    except UnknownId:
        return target.session_id in held(target.folder)


def _may_run(session: Session) -> bool:
    return session.is_live or (session.run is not None and not session.run.is_over)
