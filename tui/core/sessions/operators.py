"""Who runs a session, and who acted on it last."""

from __future__ import annotations

from tui.core.act_summary import Source, source_of
from tui.core.models.session import Session
from tui.core.text.safe_text import one_line


def owner_of(session: Session) -> str:
    """Return who runs it now: an operator, or the pipeline; empty when nobody does."""
    if session.run is not None and not session.run.is_over:
        return one_line(session.run.operator)
    return "pipeline" if session.is_live and not session.is_orphan else ""


def operators_of(session: Session) -> tuple[str, ...]:
    """Return who runs a session now, who ran it last, and who acted on it last."""
    run, event = session.run, session.last_event
    is_act = event is not None and source_of(event) not in (Source.ALWAYS, Source.CLOCK)
    names = (
        owner_of(session),
        run.operator if run is not None else "",
        event.operator if event is not None and is_act else "",
    )
    return tuple(dict.fromkeys(name for name in names if name))
