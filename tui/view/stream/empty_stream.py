"""What Live says while a stream has nothing to show: what the session is, and the next step."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import NamedTuple

from tui.core.console.disabled_reason import SignOf
from tui.core.models.row import Status
from tui.core.models.session import Liveness, Session, State
from tui.core.sessions.session_state import StateWord
from tui.core.text.safe_text import one_line
from tui.core.text.sizes import size_text
from tui.view.text import formatting


class _Empty(NamedTuple):
    """What a session is, and what one can do: verbs that only look, and keys that act."""

    what: str
    looks: str = ""
    acts: str = ""


def empty_words(
    session: Session, now: datetime, zone: tzinfo, sign_of: SignOf, *, can_act: bool = True
) -> str:
    """Return what a session without output is, and in the next line what can be done."""
    said = _empty(session, now, zone, sign_of)
    steps = ", ".join(filter(None, (said.looks, said.acts if can_act else "")))
    return f"{said.what}\n{steps}".strip()


def _empty(session: Session, now: datetime, zone: tzinfo, sign_of: SignOf) -> _Empty:
    has_file = session.transcript is not None or session.remains is not None
    if problem := session.transcript_problem or ("" if has_file else session.row_problem):
        return _Empty(f"cannot be read now: {one_line(problem)}", ":doctor says what to do")
    if session.is_live:
        return _running(session, sign_of)
    if session.remains is not None:
        left = size_text(session.remains.bytes)
        what = f"its transcript is gone; its folder of {left} is still there"
        return _Empty(what, ":export reads its sub-agents", f"{sign_of('delete')} deletes it")
    if session.transcript is not None:
        row = ":adopt adds its row, " if session.state is State.UNTRACKED else ""
        return _Empty("no output yet", acts=f"{row}{sign_of('resume')} resumes it")
    if session.status in (Status.DELETED, Status.EXPIRED):
        what = _ended(session, now, zone)
        return _Empty(what, ":show says whether :restore can bring it back")
    if session.state is State.GHOST:
        what = f"its transcript is gone: only its row is left{_last(session, now, zone)}"
        if session.never_began:
            what = "its agent never began: nothing was written"
        return _Empty(what, ":show says why", f"{sign_of('delete')} deletes the row")
    return _Empty("its transcript is not among what could be read", ":doctor says what to do")


def _running(session: Session, sign_of: SignOf) -> _Empty:
    """Say why a session that is run, or may be, has written nothing."""
    stops = ":stop ends it"
    match session.liveness:
        case Liveness.QUEUED:
            return _Empty("queued: it has not started yet", acts=stops)
        case Liveness.UNKNOWN:
            what = "no output, and nobody can tell whether it runs"
            return _Empty(what, ":doctor says what to do")
        case Liveness.IDLE:
            return _Empty(f"no output yet: {StateWord.ATTACHED.meaning}")
        case Liveness.ORPHAN:
            return _Empty("no output: its runner died; its CLI still runs", acts=stops)
        case _:
            return _Empty("starting: no output yet", acts=f"{sign_of('interrupt')} interrupts it")


def _ended(session: Session, now: datetime, zone: tzinfo) -> str:
    """Say who deleted it and when, or when it expired, as far as known."""
    is_deleted, event = session.status == Status.DELETED, session.last_event
    how = "deleted" if is_deleted else "expired and cleaned up"
    if event is not None and event.after is not None and event.after.status == session.status:
        at = formatting.moment(event.at, zone, today=now)
        how = f"{how} by {one_line(event.operator)}, {at}"
    elif not is_deleted and session.expires_at is not None:
        how = f"{how}: it ended {formatting.moment(session.expires_at, zone, today=now)}"
    return f"{how}; only its row is left"


def _last(session: Session, now: datetime, zone: tzinfo) -> str:
    """Say when the session of a ghost was last known to be at work."""
    run = session.run
    signs = (session.created_at, session.last_activity_at, run.ended_at if run else None)
    last = max((sign for sign in signs if sign is not None), default=None)
    return f", last known at work {formatting.moment(last, zone, today=now)}" if last else ""
