"""The hold of a root: no new run and no clean-up starts until it is released."""

from __future__ import annotations

from pathlib import Path

from tui.core.errors import ConsoleError, Reason, Refused
from tui.core.models.audit import AuditEvent
from tui.core.models.catalog import Hold
from tui.core.text.safe_text import one_line
from tui.operations.context import ActionResult, Context
from tui.operations.formatting import moment
from tui.operations.logbook_entry import log_act
from tui.storage.state.hold import read_hold, write_hold


def require_not_held(root: Path) -> None:
    """Raise `Refused` while the root is held, and say by whom, since when and why."""
    hold = read_hold(root)
    if hold is not None:
        raise Refused(hold_words(hold), Reason.HELD, remedy="hold off")


def hold_words(hold: Hold) -> str:
    """Say who stopped new runs and clean-up, since when and why."""
    why = f": {hold.reason}" if hold.reason else ""
    return f"new runs and clean-up paused by {hold.by} {_since(hold)}{why}"


def _since(hold: Hold) -> str:
    return f"since {moment(hold.at)}" if hold.at else "since an unknown time"


def set_hold(context: Context, is_on: bool, reason: str = "") -> ActionResult:
    """Hold the root or release it, and log that.

    A hold that somebody else has set stays as it is. Raises `ConsoleError` when the root cannot be
    written.
    """
    context.require_writable()
    held, now, operator = read_hold(context.root), context.clock(), context.settings.operator
    if (held is not None) == is_on:
        words = hold_words(held) if held else "nothing is on hold"
        return ActionResult(kind="hold", at=now, words=words, is_needless=True)
    hold = Hold(operator, now, one_line(reason)[:200]) if is_on else None
    try:
        write_hold(context.root, hold)
    except OSError as error:
        raise ConsoleError(f"the hold cannot be written: {error.strerror or error}") from error
    note = one_line(reason)[:200] or (f"set by {held.by} {_since(held)}" if held else "")
    said = hold_words(hold) if hold else "new runs and clean-up resume"
    said = log_act(
        context,
        AuditEvent(at=now, action="hold" if is_on else "lift", note=note),
        said,
    )
    return ActionResult(kind="hold", at=now, words=said)
