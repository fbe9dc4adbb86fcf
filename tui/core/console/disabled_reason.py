"""Why a key or a verb is disabled for a session: each names one of these in its declaration."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tui.core.text.safe_text import one_line

if TYPE_CHECKING:  # every verb imports this module, and few need sessions: no import of theirs
    from tui.core.models.session import Session

SignOf = Callable[[str], str]
WhyNot = Callable[["Session", SignOf], str]


def nothing(session: Session, sign_of: SignOf) -> str:
    """Return an empty reason: it is always possible."""
    return ""


def not_resumable(session: Session, sign_of: SignOf) -> str:
    """Return why a session cannot be resumed now; empty when it can. So do the others."""
    if session.is_live:
        interrupts = sign_of("interrupt")
        return _orphan(session) or (
            f"it is running: `:send` a follow-up, interrupt it ({interrupts}), or `:resume --fork`"
        )
    if session.transcript is None and session.transcript_problem:
        return f"cannot tell whether it has a transcript: {one_line(session.transcript_problem)}"
    if session.transcript is None:
        return "there is no transcript to resume: only the row is left"
    return ""


def not_extendable(session: Session, sign_of: SignOf) -> str:
    """Return why a session has no expiry that could be extended."""
    if session.row is None and not session.row_problem:
        return "it is not tracked: it has no expiry to extend"
    return ""


def not_deletable(session: Session, sign_of: SignOf) -> str:
    """Return why a session cannot be deleted now."""
    if not session.is_live:
        return ""
    interrupts = sign_of("interrupt")
    return _orphan(session) or f"it is running: interrupt it ({interrupts}) or :stop it first"


def not_answerable(session: Session, sign_of: SignOf) -> str:
    """Return why there is nothing to answer."""
    is_asking = session.run is not None and session.run.request is not None
    return _orphan(session) or ("" if is_asking else "no permission request is waiting here")


def not_interruptible(session: Session, sign_of: SignOf) -> str:
    """Return why there is no turn to interrupt."""
    if session.is_attached:
        return "no turn is running"
    return _orphan(session) or not_stoppable(session, sign_of)


def not_stoppable(session: Session, sign_of: SignOf) -> str:
    """Return why there is no run to stop."""
    return "" if session.is_live else "nothing is running here"


def not_steerable(session: Session, sign_of: SignOf) -> str:
    """Return why nothing can be sent to its agent."""
    if not session.is_live:
        return f"nothing is running here: {sign_of('resume')} resumes it with a prompt"
    return _orphan(session)


def no_transcript(session: Session, sign_of: SignOf) -> str:
    """Return why there is no transcript in the listing to hand to a command."""
    if session.transcript is None:
        return "it has no transcript"
    return "its transcript is outside its listing" if session.is_stray else ""


def _orphan(session: Session) -> str:
    if not session.is_orphan:
        return ""
    from tui.core.sessions.session_state import orphan_words

    return f"{orphan_words()}: `:stop` ends it"
