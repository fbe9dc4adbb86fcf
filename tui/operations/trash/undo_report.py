"""Says what an undo took back, and which later acts it leaves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from tui.core.errors import DatabaseProblem
from tui.core.models.audit import AuditEvent
from tui.core.text.safe_text import one_line
from tui.core.time.zones import LOCAL
from tui.operations.catalog.scanner import listing_paths
from tui.operations.context import ActionResult, Context
from tui.operations.formatting import count
from tui.operations.target import DATABASE
from tui.safe_io.folders import is_folder, our_folder
from tui.storage.state.logbook import read_logbook
from tui.storage.table.tracking import read_events

_NOUNS = {"extend": "extension", "delete": "delete", "clean-up": "clean-up"}
# Acts that cannot be undone, and are worth mentioning when they came later.
_STAY = ("fail", "activate", "reapply", "mend", "rename", "adopt", "purge")
_FAR_BACK = 200
_TIMEOUT_S = 2.0


def undone_words(
    context: Context, batch: Sequence[ActionResult], done: Sequence[ActionResult]
) -> str:
    """Say what of my batch was undone, of when, and which later act of mine stays."""
    at, undone = batch[0].at, sum(not act.is_needless for act in done)
    what = f"your {_NOUNS[batch[0].kind]} of {_clock(at, context.clock())}"
    if len(batch) > 1:
        what += f" ({undone} of {count(len(batch), 'session')})"
    said = f"undid {what}" if undone else f"{what} was not undone"
    unread: list[str] = []
    later = sorted(_later(context, at, unread))
    if later:
        _, action, session_id = later[-1]
        named = f"{action} of {session_id[:8]}" if session_id else action
        others = f" and {count(len(later) - 1, 'other act')} stay" if later[1:] else " stays"
        said += f"; your later {one_line(named)}{others}"
    if unread:
        said += f"; your later actions are only partly known: {unread[0]}"
        said += f" (and {count(len(unread) - 1, 'other place')})" if unread[1:] else ""
    return said


def may_hold_acts(path: Path) -> bool:
    """Whether anybody ever acted in a listing: undoable acts leave our folder there."""
    folder = our_folder(path)
    return folder is not None and is_folder(folder, unknown=True)


def _later(context: Context, at: datetime, unread: list[str]) -> set[tuple[datetime, str, str]]:
    """Return my later acts that cannot be undone; a purge is in the audit and the logbook.

    What cannot be read is added to `unread`.
    """
    return {
        (one.at, one.action, one.session_id)
        for one in _events(context, unread)
        if context.is_mine(one.operator) and one.action in _STAY and one.at > at
    }


def _events(context: Context, unread: list[str]) -> Iterator[AuditEvent]:
    try:
        yield from read_logbook(context.root)
    except OSError as error:
        unread.append(f"the logbook cannot be read: {error.strerror}")
    mine, login = context.settings.operator, context.settings.login
    for path in filter(may_hold_acts, listing_paths(context.root)):
        try:
            yield from read_events(
                path / DATABASE,
                operator=mine,
                login=login,
                limit=_FAR_BACK,
                with_rows=True,
                timeout_s=_TIMEOUT_S,
            )
        except DatabaseProblem as problem:
            unread.append(f"{one_line(path.name)}: {problem}")


def _clock(at: datetime, now: datetime) -> str:
    local = at.astimezone(LOCAL)
    is_today = local.date() == now.astimezone(LOCAL).date()
    return f"{local:%H:%M}" if is_today else f"{local:%Y-%m-%d %H:%M}"
