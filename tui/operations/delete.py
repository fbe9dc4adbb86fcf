"""Delete a session into the trash, and get it back."""

from __future__ import annotations

from datetime import datetime, tzinfo
from pathlib import Path

from tui.core import status
from tui.core.errors import AmbiguousId, Changed, DatabaseProblem, Refused, UnknownId
from tui.core.models import Row, Session, Status
from tui.core.session_id import require_session_id
from tui.core.text import one_line
from tui.core.zones import zone_named
from tui.operations.context import Act, Context
from tui.operations.refresh import listing_paths
from tui.operations.target import Target, owned, require_no_orphan, target_of
from tui.runs.protocol import list_runs
from tui.storage.config_dir import footprint
from tui.storage.folders import is_link
from tui.storage.tracking import Tracking, is_tracked, read_rows
from tui.storage.trash import (
    Trashed,
    drop,
    list_trash,
    moved_to_trash,
    put_back,
    unreadable_trash,
)


def delete(context: Context, session: Session) -> Act:
    """Move everything of a session into the trash and mark its row deleted.

    Refused while it runs or its owner is unknown; when the row changed since it was read, the
    files are put back and `Changed` is raised.
    """
    context.require_writable()
    target, row, now = target_of(session), session.row, context.clock()
    require_no_orphan(session)
    if session.status == Status.DELETED and session.transcript is None:
        raise Refused(f"{target.short} is already deleted: `restore {target.short}` gets it back")
    with (
        owned(target),
        moved_to_trash(
            context.root,
            target.folder,
            target.session_id,
            _everything(target),
            at=now,
            operator=context.settings.operator,
            row=row,
            zone=session.zone,
        ) as trashed,
    ):
        after = _mark_deleted(context, target, row, session.zone, now)
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
        target.folder,
    )


def restore(context: Context, words: str, *, only: Path | None = None) -> Act:
    """Put back what the trash holds of a session, files and row, as they were.

    `words` are an id, a prefix of it, `LISTING/ID` or the trash's own id; `only` is the folder of
    the one listing to look in. Raises `UnknownId` or `AmbiguousId`; a row that somebody changed
    since is left as it is, and the words say so. Raises `DatabaseProblem` when the row cannot be
    written now: restoring again then does the rest.
    """
    context.require_writable()
    trashed = find_trashed(context, words, only=only)
    target = Target(trashed.session_id, context.root / trashed.listing)
    now, zone = context.clock(), zone_named(trashed.zone)
    if is_link(target.folder):
        raise Refused(f"{trashed.listing} has become a link: nothing is restored through it")
    with owned(target):
        put_back(trashed, target.folder)
        note = _restore_row(context, target, trashed, now, zone)
        drop(trashed)
    said = f"restored {target.short}{note}"
    shown = one_line(trashed.listing)
    return Act(
        "restore", shown, target.session_id, now, said, None, trashed.row, folder=target.folder
    )


def find_trashed(context: Context, words: str, *, only: Path | None = None) -> Trashed:
    """Return the newest delete of the one session that `words` name, in any listing or one."""
    listing, slash, prefix = words.rpartition("/")
    require_session_id(prefix)
    everything = [
        one
        for one in list_trash(context.root, listing_paths(context.root))
        if (only is None or context.root / one.listing == only)
        and (not slash or listing in (one.listing, one_line(one.listing)))
    ]
    named = [one for one in everything if one.trash_id == prefix]
    matches = named or [one for one in everything if one.session_id.startswith(prefix)]
    sessions = {f"{one.listing}/{one.session_id}" for one in matches}
    if not matches:
        raise UnknownId(_nothing(context, words))
    if len(sessions) > 1:
        candidates = tuple(sorted(one_line(one) for one in sessions))
        raise AmbiguousId(f"{words!r} could be {', '.join(candidates)}", candidates)
    return matches[0]


def _nothing(context: Context, words: str) -> str:
    """Return that nothing is called so, and what in the trash cannot be read at all."""
    said = f"nothing in the trash is called {one_line(words)[:80]!r}"
    unreadable = unreadable_trash(context.root, listing_paths(context.root))
    if not unreadable:
        return said
    named = ", ".join(one_line(folder) for folder in unreadable[:3])
    return f"{said}; what is in {named} cannot be told: no manifest there can be read"


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
    except Changed as problem:
        return f"; its row was left as it is: {problem}"
    except DatabaseProblem as problem:
        raise DatabaseProblem(
            f"the files of {target.short} are back, its row is not: {problem}; "
            f"`restore {target.short}` again once that is over"
        ) from problem
    return ""
