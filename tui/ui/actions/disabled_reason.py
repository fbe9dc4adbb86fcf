"""Which verbs are possible on a session now, and why the others are not."""

from __future__ import annotations

from tui.core.console.keymap import Keymap
from tui.core.errors import UsageError
from tui.core.models.session import Liveness, Session
from tui.core.sessions.session_state import orphan_words
from tui.core.text.safe_text import one_line

_OF_A_SESSION = frozenset(
    {"resume", "extend", "delete", "answer", "interrupt", "stop", "send", "model", "mode"}
)
_TO_ITS_RUN = frozenset({"resume", "delete", "answer", "interrupt", "send", "model", "mode"})


def why_not(verb: str, session: Session | None, keys: Keymap) -> str:
    """Return why a verb is not possible on a session now; empty when it is."""
    if verb not in _OF_A_SESSION:
        return ""
    if session is None:
        return "no session is selected"
    interrupts = keys.sign("interrupt")
    if session.liveness is Liveness.ORPHAN and verb in _TO_ITS_RUN:
        return f"{orphan_words()}: `:stop` ends it"
    if verb == "resume" and session.is_live:
        return (
            f"it is running: `:send` a follow-up, interrupt it ({interrupts}), or `:resume --fork`"
        )
    if verb == "resume" and session.transcript is None and session.unseen:
        return f"cannot tell whether it has a transcript: {one_line(session.unseen)}"
    if verb == "resume" and session.transcript is None:
        return "there is no transcript to resume: only the row is left"
    if verb == "answer" and (session.run is None or session.run.request is None):
        return "no permission request is waiting here"
    if verb in ("interrupt", "stop") and not session.is_live:
        return "nothing is running here"
    if verb in ("send", "model", "mode") and not session.is_live:
        resumes = keys.sign("resume")
        return f"nothing is running here: {resumes} resumes it with a prompt"
    if verb == "delete" and session.is_live:
        return f"it is running: interrupt it ({interrupts}) or :stop it first"
    return ""


def require(verb: str, session: Session | None, keys: Keymap) -> None:
    """Raise `UsageError` with the reason when a verb is not possible now."""
    if reason := why_not(verb, session, keys):
        raise UsageError(reason)
