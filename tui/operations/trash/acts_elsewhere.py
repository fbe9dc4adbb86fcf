"""What operators did from here on other hosts, in this root's logbook: undo takes it back there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from tui.core.models.audit import AuditEvent
from tui.core.text.bounded_json import json_object
from tui.core.text.safe_text import one_line
from tui.operations.context import ActionResult, Context
from tui.operations.logbook_entry import log_act

UNDOABLE = ("extend", "delete")
UNDONE_ACT = "undone_act"  # in the detail of an undo's entry in the logbook: which act's
_HOST, _ACT = "on_host", "act_there"


def note_act(context: Context, act: ActionResult, *, is_known: bool = True) -> str:
    """Log what was done on another host, or may have been; return its words, as `log_act` does."""
    event = AuditEvent(
        at=act.at,
        action=act.kind,
        listing=act.listing,
        session_id=act.session_id,
        note=f"on {act.host}"
        if is_known
        else f"asked of {act.host}; whether it is done is unknown",
        detail=json.dumps({_HOST: act.host, _ACT: act.act_id}),
    )
    return log_act(context, event, act.words)


def note_undone(context: Context, act: ActionResult, words: str) -> str:
    """Log that an act on another host is not there to be undone any more; return `words` so."""
    event = AuditEvent(
        at=context.clock(),
        action="undo",
        listing=act.listing,
        session_id=act.session_id,
        note=f"on {act.host}",
        detail=json.dumps({UNDONE_ACT: act.act_id}),
    )
    return log_act(context, event, words)


def acts_elsewhere(
    context: Context, logbook: Iterable[AuditEvent]
) -> Iterator[tuple[str, ActionResult]]:
    """Yield my acts on other hosts, each with the id of its batch here."""
    for event in logbook:
        detail = json_object(event.detail) if event.action in UNDOABLE else {}
        host, act_id = (one_line(detail.get(name) or "") for name in (_HOST, _ACT))
        if host and context.is_mine(event.operator):
            act = ActionResult(
                kind=event.action,
                listing=event.listing,
                session_id=event.session_id,
                at=event.at,
                words="",
                act_id=act_id,
                host=host,
            )
            yield event.act_id or event.at.isoformat(), act
