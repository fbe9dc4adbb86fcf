"""Rows of the guide's table in either of its shapes: the older one has no `metadata`."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from tui.core.errors import DatabaseProblem
from tui.core.models.row import Row
from tui.storage.sqlite.transactions import Steps
from tui.storage.table.row_codec import COLUMNS, differing
from tui.storage.table.table_shape import TABLE, columns_of

METADATA = "metadata"
# What no later attempt would change; a full disk or a busy database fails the whole write instead.
_REFUSALS = (
    *(sqlite3.SQLITE_ERROR, sqlite3.SQLITE_AUTH, sqlite3.SQLITE_READONLY),
    *(sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_CONSTRAINT),
)


def has_metadata(columns: Sequence[str]) -> bool:
    """Whether the table has the column; for SQLite, case does not matter."""
    return any(name.lower() == METADATA for name in columns)


def select_rows(columns: Sequence[str]) -> str:
    """Return the SELECT for rows; a column that the older table lacks is NULL."""
    has_room = has_metadata(columns)
    names = ", ".join(name if has_room or name != METADATA else "NULL" for name in COLUMNS)
    return f"SELECT {names} FROM {TABLE}"  # noqa: S608 (fixed column names)


def insert_row(row: Row, columns: tuple[str, ...]) -> Steps[None]:
    """Insert a row, without what the table has no room for."""
    columns = yield from _with_room(row, columns)
    names = [name for name in COLUMNS if name != METADATA or has_metadata(columns)]
    marks = ", ".join("?" * len(names))
    yield (
        f"INSERT INTO {TABLE} ({', '.join(names)}) VALUES ({marks})",  # noqa: S608 (fixed column names)
        [getattr(row, name) for name in names],
    )


def update_row(
    before: Row, after: Row, columns: tuple[str, ...], *, is_partial: bool
) -> Steps[tuple[str, ...]]:
    """Set the columns that differ: the other stored values may not be text at all.

    Returns the columns that the table has then. Raises `DatabaseProblem` when metadata has no room,
    unless `is_partial`: then it is left out.
    """
    columns = yield from _with_room(after, columns)
    names = differing(before, after)
    if METADATA in names and not has_metadata(columns):
        if not is_partial:
            raise DatabaseProblem(f"has no room for {METADATA}, and cannot be given any")
        names = tuple(name for name in names if name != METADATA)
    if names:
        assignments = ", ".join(f"{name} = ?" for name in names)
        values = (getattr(after, name) for name in names)
        yield (
            f"UPDATE {TABLE} SET {assignments} WHERE session_id = ?",  # noqa: S608 (fixed column names)
            (*values, before.session_id),
        )
    return columns


def _with_room(row: Row, columns: tuple[str, ...]) -> Steps[tuple[str, ...]]:
    """Add the column that the older table lacks, once a row has something to keep there.

    Where that is refused the row is written without it: the audit has it whole, so that a resume
    knows that something was recorded.
    """
    if row.metadata is None or has_metadata(columns):
        return columns
    try:
        yield f"ALTER TABLE {TABLE} ADD COLUMN {METADATA} TEXT", ()
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _REFUSALS:
            raise
    return (yield from columns_of())
