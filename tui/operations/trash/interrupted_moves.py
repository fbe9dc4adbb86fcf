"""Deletes and clean-ups that were interrupted: found by their manifests, and repaired."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tui.core.errors import DatabaseProblem
from tui.core.models.catalog import Listing
from tui.core.models.row import Row, Status
from tui.operations.context import ActionResult, Context
from tui.operations.target import DATABASE
from tui.operations.trash.restore import restore_many
from tui.safe_io.folders import may_be_there
from tui.storage.session_locks import look_at_locks
from tui.storage.table.tracking import read_events, read_rows
from tui.storage.trash.manifest import Manifest
from tui.storage.trash.trash import list_trash

_STANDING = (Status.ACTIVE, Status.FAILED)


def unfinished(root: Path, listings: Iterable[Listing]) -> tuple[Manifest, ...]:
    """Return the sessions in the trash whose move was interrupted: half moved, or not in their row.

    Sessions whose lock is held are still being moved; an unreadable database proves nothing.
    """
    by_name = {one.path.name: one for one in listings}
    found = list_trash(root, [one.path for one in by_name.values()])
    suspects: dict[str, list[Manifest]] = {}
    for trashed in found:
        listing = by_name.get(trashed.listing)
        if listing is not None and is_cut_off(trashed, _rows_of(listing)):
            suspects.setdefault(trashed.listing, []).append(trashed)
    return tuple(
        one for name, many in suspects.items() for one in _confirmed(by_name[name].path, many)
    )


def repair(context: Context, trashed: Manifest) -> ActionResult:
    """Put an interrupted move back, as if it had not begun; raises as `restore` does."""
    done = restore_many(context, [trashed])
    for _, error in done.refused:
        raise error
    return done.acts[0]


def is_cut_off(trashed: Manifest, rows: dict[str, Row]) -> bool:
    """Whether, by the rows, a move into the trash may be unfinished."""
    row = rows.get(trashed.session_id)
    is_standing = row is not None and row.status in _STANDING
    return _is_half_moved(trashed) or (trashed.row is not None and is_standing)


def _is_half_moved(trashed: Manifest) -> bool:
    return any(not may_be_there(trashed.moved(one)) for one in range(len(trashed.places)))


def _confirmed(path: Path, suspects: list[Manifest]) -> list[Manifest]:
    """Check again while nobody is at it: what was in progress has its row by now."""
    locks = look_at_locks(path)
    if locks.is_blind:
        return []
    busy = locks.held | locks.unsure
    try:
        rows = {row.session_id: row for row in read_rows(path / DATABASE)}
        stands = [one for one in suspects if not _is_half_moved(one) and _is_written(path, one)]
    except DatabaseProblem:
        rows, stands = {}, []
    free = [one for one in suspects if one.session_id not in busy and _is_there(one)]
    return [one for one in free if is_cut_off(one, rows) and one not in stands]


def _is_written(path: Path, trashed: Manifest) -> bool:
    """Whether, by the audit, the act reached its row, and no restore did since.

    Whoever wrote to the row after that meant it: the act stands. A restore that an older program
    recorded may be of a later act that left the same row: then it proves nothing about this one.
    """
    restores = 0
    for event in read_events(
        path / DATABASE, session_id=trashed.session_id, limit=1000, with_rows=True
    ):
        is_back = trashed.is_restored_by(event)
        if is_back:
            return False
        if is_back is None:
            restores += event.before == trashed.row_after
        elif trashed.is_recorded_by(event):
            return restores == 0
        elif restores and event.after == trashed.row_after:
            restores -= 1
    return False


def _is_there(trashed: Manifest) -> bool:
    return bool(trashed.files) or may_be_there(trashed.mark)


def _rows_of(listing: Listing) -> dict[str, Row]:
    return {one.session_id: one.row for one in listing.sessions if one.row is not None}
