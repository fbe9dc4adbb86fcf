"""Which deeds and verbs are possible now, and why the others are not."""

from __future__ import annotations

from tui.core.errors import UsageError
from tui.core.models import Session
from tui.operations.context import VerbInfo
from tui.ui.desk import Desk
from tui.ui.verbs import HARMLESS

_OF_A_SESSION = frozenset(
    {"resume", "extend", "delete", "answer", "interrupt", "stop", "mark", "copy"}
)


def why_not(deed: str, session: Session | None, desk: Desk) -> str:
    """Return why a deed is not possible on a session now; empty when it is."""
    if deed not in _OF_A_SESSION:
        return ""
    if session is None:
        return "no session is selected"
    interrupts = desk.engine.keys.sign("interrupt")
    if deed == "resume" and session.is_live:
        return f"it runs: `:send` it a follow-up, interrupt it ({interrupts}), or `:resume --fork`"
    if deed == "resume" and session.transcript is None:
        return "there is no transcript to resume: the row is all that is left"
    if deed == "answer" and (session.run is None or session.run.request is None):
        return "no permission request waits here"
    if deed in ("interrupt", "stop") and not session.is_live:
        return "nothing runs here"
    if deed == "delete" and session.is_live:
        return f"it runs: interrupt it ({interrupts}) or :stop it first"
    return ""


def why_no_verb(verb: VerbInfo, session: Session | None, desk: Desk) -> str:
    """Return why a verb is not possible on what is selected now; empty when it is."""
    if desk.engine.is_read_only and verb.name not in HARMLESS:
        return "this console is read-only"
    if verb.takes in ("id", "ids") and verb.needs and session is None:
        return "no session is selected"
    if verb.name in ("send", "model", "mode") and session is not None and not session.is_live:
        return "nothing runs here"
    return why_not(verb.name, session, desk) if verb.takes else ""


def require(deed: str, session: Session | None, desk: Desk) -> None:
    """Raise `UsageError` with the reason when a deed is not possible now."""
    if reason := why_not(deed, session, desk):
        raise UsageError(reason)
