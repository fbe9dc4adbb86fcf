"""Which deeds and verbs are possible now, and why the others are not."""

from __future__ import annotations

from tui.core.errors import UsageError
from tui.core.models.session import Liveness, Session
from tui.core.text.safe_text import one_line
from tui.ui.actions.action_context import ActionContext
from tui.ui.port import Engine
from tui.view.stream.entry_lines import Access

_OF_A_SESSION = frozenset(
    {"resume", "extend", "delete", "answer", "interrupt", "stop", "send", "model", "mode"}
)
_TO_ITS_RUN = frozenset({"resume", "delete", "answer", "interrupt", "send", "model", "mode"})


def access(engine: Engine) -> Access:
    """Return how far this console may act on what it shows."""
    if engine.is_read_only:
        return "read-only"
    return "restricted" if engine.is_restricted else "full"


def why_not(deed: str, session: Session | None, desk: ActionContext) -> str:
    """Return why a deed or a verb is not possible on a session now; empty when it is."""
    if deed not in _OF_A_SESSION:
        return ""
    if session is None:
        return "no session is selected"
    interrupts = desk.engine.keys.sign("interrupt")
    if session.liveness is Liveness.ORPHAN and deed in _TO_ITS_RUN:
        return "it is an orphan, its owner is gone and its CLI goes on alone: `:stop` ends it"
    if deed == "resume" and session.is_live:
        return f"it runs: `:send` it a follow-up, interrupt it ({interrupts}), or `:resume --fork`"
    if deed == "resume" and session.transcript is None and session.unseen:
        return f"whether it has a transcript cannot be told: {one_line(session.unseen)}"
    if deed == "resume" and session.transcript is None:
        return "there is no transcript to resume: the row is all that is left"
    if deed == "answer" and (session.run is None or session.run.request is None):
        return "no permission request waits here"
    if deed in ("interrupt", "stop") and not session.is_live:
        return "nothing runs here"
    if deed in ("send", "model", "mode") and not session.is_live:
        resumes = desk.engine.keys.sign("resume")
        return f"nothing runs here that could take it: {resumes} resumes it with a prompt"
    if deed == "delete" and session.is_live:
        return f"it runs: interrupt it ({interrupts}) or :stop it first"
    return ""


def require(deed: str, session: Session | None, desk: ActionContext) -> None:
    """Raise `UsageError` with the reason when a deed is not possible now."""
    if reason := why_not(deed, session, desk):
        raise UsageError(reason)
