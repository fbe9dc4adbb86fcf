"""Take back what this operator did last."""

from __future__ import annotations

from tui.core.errors import Refused
from tui.core.zones import zone_named
from tui.operations.context import Act, Context
from tui.operations.delete import restore
from tui.operations.target import DATABASE
from tui.storage.tracking import Tracking


def undo(context: Context, act: Act) -> Act:
    """Take a delete or an extension back; raises `Changed` when somebody acted on it since."""
    context.require_writable()
    if act.kind == "delete":
        return restore(context, act.trash_id, only=act.folder)
    if act.kind != "extend" or act.before is None or act.after is None:
        raise Refused(f"{act.kind} cannot be undone")
    now, short = context.clock(), act.session_id[:8]
    if act.before != act.after:
        tracking = Tracking(act.folder / DATABASE, zone_named(act.zone), context.settings.operator)
        tracking.change(act.after, act.before, action="undo", now=now)
    return Act("undo", act.listing, act.session_id, now, f"{short} ends when it did before")
