"""Delete a session into the trash, and get it back."""

from __future__ import annotations

from datetime import datetime, tzinfo
from pathlib import Path

from tui.core import status
from tui.core.errors import AmbiguousId, Changed, ConsoleError, DatabaseProblem, Refused, UnknownId
from tui.core.models import Row, Session, Status
from tui.core.session_id import require_session_id
from tui.core.text import one_line
from tui.core.zones import zone_named
from tui.operations.context import Act, Context
from tui.operations.refresh import listing_paths
from tui.operations.target import Target, owned, target_of
from tui.runs.protocol import list_runs
from tui.storage.config_dir import footprint
from tui.storage.tracking import Tracking, is_tracked, read_rows
from tui.storage.trash import Trashed, drop, list_trash, move_to_trash, put_back


def delete(context: Context, session: Session) -> Act:
    """Move everything of a session into the trash and mark its row deleted.

    Refused while it runs or its owner is unknown; when the row changed since it was read, the
    files are put back and `Changed` is raised.
    """
    context.require_writable()
    target, row, now = target_of(session), session.row, context.clock()
    if session.status == Status.DELETED and session.transcript is None:
        raise Refused(f"{target.short} is already deleted: `restore {target.short}` gets it back")
    with owned(target):
        trashed = move_to_trash(
            context.root,
            target.folder,
            target.session_id,
            _everything(target),
            at=now,
            operator=context.settings.operator,
            row=row,
            zone=session.zone,
        )
        try:
            after = _mark_deleted(context, target, row, session.zone, now)
        except ConsoleError:
            put_back(trashed, target.folder)
            drop(trashed)
            raise
    words = f"deleted {target.short}; `u` or `restore {target.short}` gets it back"
    return Act(
        "delete",
        session.listing,
        target.session_id,
        now,
        words,
        row,
        after,
        trashed.trash_id,
        session.zone,
    )


def restore(context: Context, words: str) -> Act:
    """Put back what the trash holds of a session, files and row, as they were.

    `words` are an id, a prefix of it, `LISTING/ID` or the trash's own id. Raises `UnknownId` or
    `AmbiguousId`; a row that somebody changed since is left as it is, and the words say so.
    """
    context.require_writable()
    trashed = find_trashed(context, words)
    target = Target(trashed.session_id, context.root / trashed.listing)
    now, zone = context.clock(), zone_named(trashed.zone)
    if target.folder.is_symlink():
        raise Refused(f"{trashed.listing} has become a link: nothing is restored through it")
    with owned(target):
        put_back(trashed, target.folder)
        note = _restore_row(context, target, trashed, now, zone)
        drop(trashed)
    said = f"restored {target.short}{note}"
    return Act("restore", trashed.listing, target.session_id, now, said, None, trashed.row)


def find_trashed(context: Context, words: str) -> Trashed:
    """Return the newest delete of the one session that `words` name."""
    listing, slash, prefix = words.rpartition("/")
    require_session_id(prefix)
    everything = list_trash(context.root, listing_paths(context.root))
    named = [one for one in everything if one.trash_id == prefix]
    matches = named or [
        one
        for one in everything
        if one.session_id.startswith(prefix) and (not slash or one.listing == listing)
    ]
    sessions = {f"{one.listing}/{one.session_id}" for one in matches}
    if not matches:
        raise UnknownId(f"nothing in the trash is called {one_line(words)[:80]!r}")
    if len(sessions) > 1:
        candidates = tuple(sorted(one_line(one) for one in sessions))
        raise AmbiguousId(f"{words!r} could be {', '.join(candidates)}", candidates)
    return matches[0]


def _everything(target: Target) -> list[Path]:
    runs = [run.folder for run in list_runs(target.folder) if run.session_id == target.session_id]
    return [*footprint(target.config_dir, target.session_id), *runs]


def _mark_deleted(
    context: Context, target: Target, row: Row | None, zone: str, now: datetime
) -> Row | None:
    if row is None:
        if is_tracked(target.db_path, target.session_id):
            raise Changed(f"{target.short} is tracked by now: look again")
        return None
    tracking = Tracking(target.db_path, zone_named(zone), context.settings.operator)
    return tracking.change(row, status.deleted(row), action="delete", now=now)


def _restore_row(
    context: Context, target: Target, trashed: Trashed, now: datetime, zone: tzinfo
) -> str:
    """Write the row back if it is still the one that the delete left; say so if it is not."""
    row = trashed.row
    if row is None:
        return ""
    tracking = Tracking(target.db_path, zone, context.settings.operator)
    after = status.restored(row, now, now + context.settings.resume_keeps, zone)
    try:
        if row not in read_rows(target.db_path):
            tracking.change(status.deleted(row), after, action="restore", now=now)
    except (Changed, DatabaseProblem) as problem:
        return f"; its row was left as it is: {problem}"
    return ""
