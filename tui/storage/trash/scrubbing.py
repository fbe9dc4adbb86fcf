"""What was said in a session, taken out of what stays in the database: its row and the audit."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, tzinfo
from pathlib import Path

from tui.core.errors import DatabaseProblem
from tui.core.models.row import Row, Status
from tui.core.values import replace
from tui.safe_io.folders import may_be_there
from tui.storage.sqlite.connection import empty_log
from tui.storage.sqlite.side_files import require_plain
from tui.storage.sqlite.transactions import Steps, problems, write
from tui.storage.table.packed_rows import without_metadata
from tui.storage.table.table_shape import event_columns, kinds_of_tables
from tui.storage.table.tracking import Transactions


def scrub_database(
    db_path: Path,
    session_id: str,
    row: Row | None,
    *,
    zone: tzinfo,
    operator: str,
    now: datetime,
    act_id: str = "",
) -> None:
    """Clear a session's metadata in its row, which becomes `deleted`, and in all audit events.

    The bytes in the file are overwritten too. Raises `Conflict` when the row is not `row` any
    more, `DatabaseProblem`.
    """
    if not may_be_there(db_path):
        return
    write(db_path, _scrub(session_id, row, Transactions(zone, operator, act_id), now))
    with suppress(DatabaseProblem):  # a log in WAL mode is truncated later in any case
        require_plain(db_path)
        with problems(db_path):
            empty_log(db_path)


def _scrub(session_id: str, row: Row | None, writes: Transactions, now: datetime) -> Steps[None]:
    yield "PRAGMA secure_delete = ON", ()
    if row is not None:
        erased = replace(row, status=Status.DELETED, metadata=None)
        yield from writes.change(row, erased, action="purge", now=now)
    columns = yield from event_columns((yield from kinds_of_tables()))
    if not columns:
        return
    stored = yield (
        "SELECT id, before, after FROM claude_session_events WHERE session_id = ?",
        (session_id,),
    )
    gone = "".join(f", {name} = NULL" for name in ("detail", "base") if name in columns)
    for number, before, after in stored:
        yield (
            f"UPDATE claude_session_events SET before = ?, after = ?{gone} WHERE id = ?",  # noqa: S608 (fixed names)
            (without_metadata(before), without_metadata(after), number),
        )
