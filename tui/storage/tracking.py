"""All SQL: the guide's table, our audit table, reads that harm nobody, compare-and-set writes."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

from tui.core import status
from tui.core.errors import Changed, DatabaseProblem, NothingTracked
from tui.core.models import Row
from tui.core.text import one_line
from tui.core.zones import write_time

READ_TIMEOUT_S = 0.25
WRITE_TIMEOUT_S = 5.0

_WORK_S = 2.0
_STEPS = 1000

_COLUMNS = (
    "session_id",
    "listing_id",
    "stage",
    "created_at",
    "expires_at",
    "status",
    "metadata",
)
_CREATE = """
    CREATE TABLE IF NOT EXISTS claude_sessions (
        session_id TEXT PRIMARY KEY,
        listing_id TEXT NOT NULL,
        stage TEXT NOT NULL,
        created_at TEXT NOT NULL,
        expires_at TEXT NOT NULL,
        status TEXT DEFAULT 'active',
        metadata TEXT
    )
"""
_CREATE_EVENTS = """
    CREATE TABLE IF NOT EXISTS claude_session_events (
        id INTEGER PRIMARY KEY,
        at TEXT NOT NULL,
        operator TEXT NOT NULL,
        action TEXT NOT NULL,
        session_id TEXT NOT NULL,
        before TEXT,
        after TEXT
    )
"""


def read_rows(db_path: Path, timeout_s: float = READ_TIMEOUT_S) -> tuple[Row, ...]:
    """Return every row of the table.

    Opens read-write with `query_only`, so that a hot journal is recovered and nothing else is
    written; gives up after `timeout_s`. Raises `DatabaseProblem` with the reason in words.
    """
    _require_file(db_path)
    with _problems(db_path), closing(_open(db_path, timeout_s)) as connection:
        connection.execute("PRAGMA query_only = ON")
        columns = _columns(connection)
        if not columns:
            raise NothingTracked(f"{db_path.name} has no claude_sessions table yet")
        rows = connection.execute(_select(columns)).fetchall()
        return tuple(_row(row) for row in rows)


def is_tracked(db_path: Path, session_id: str, timeout_s: float = READ_TIMEOUT_S) -> bool:
    """Whether the table has a row of that id now; raises `DatabaseProblem` when nobody can say."""
    if not os.path.lexists(db_path):
        return False
    _require_file(db_path)
    with _problems(db_path), closing(_open(db_path, timeout_s)) as connection:
        connection.execute("PRAGMA query_only = ON")
        return _find(connection, session_id) is not None


class Tracking:
    """Writes to one listing's database, each in one transaction with its audit event."""

    def __init__(self, db_path: Path, zone: tzinfo, operator: str) -> None:
        self.db_path = db_path
        self.zone = zone
        self.operator = operator

    def change(self, before: Row, after: Row, *, action: str, now: datetime) -> Row:
        """Write `after` if the stored row still is `before`, else raise `Changed`."""
        with self._transaction() as connection:
            stored = _find(connection, before.session_id)
            if stored is None:
                raise Changed(f"{before.session_id[:8]} is no longer in the table")
            if stored != before:
                raise Changed(f"{before.session_id[:8]} changed meanwhile: {_diff(before, stored)}")
            self._write(connection, before, after, action, now)
        return after

    def track(
        self,
        session_id: str,
        *,
        listing_id: str,
        stage: str,
        now: datetime,
        expires_at: datetime,
        metadata: Mapping[str, Any] | None = None,
    ) -> Row:
        """Insert the row, or make it active again: see `status.tracked`."""
        text = json.dumps(dict(metadata)) if metadata else None
        times = write_time(now, self.zone), write_time(expires_at, self.zone)
        fresh = Row(session_id, listing_id, stage, *times, "active", text)
        with self._transaction(create=True) as connection:
            connection.execute(_CREATE)
            stored = _find(connection, session_id)
            if stored is None:
                _insert(connection, fresh)
                self._record(connection, now, "track", None, fresh)
                return fresh
            after = status.tracked(stored, expires_at, self.zone, text)
            self._write(connection, stored, after, "track", now)
            return after

    def mark_resumed(self, session_id: str, *, now: datetime, keeps_until: datetime) -> None:
        """The session is running again: see `status.resumed`; no row, nothing to do."""
        self._apply(
            session_id,
            lambda row: status.resumed(row, keeps_until, self.zone),
            "resume",
            now,
        )

    def mark_failed(self, session_id: str, *, now: datetime, reason: str) -> None:
        """A turn failed for `reason`: see `status.failed`; no row, nothing to do."""
        words = one_line(reason)[:2000]
        self._apply(
            session_id,
            lambda row: status.failed(row, words, now, self.zone),
            "fail",
            now,
        )

    def mark_succeeded(self, session_id: str, *, now: datetime) -> None:
        """A turn succeeded: see `status.succeeded`; no row, nothing to do."""
        self._apply(session_id, status.succeeded, "succeed", now)

    def _apply(
        self, session_id: str, change: Callable[[Row], Row], action: str, now: datetime
    ) -> None:
        with self._transaction() as connection:
            stored = _find(connection, session_id)
            if stored is None:
                return
            after = change(stored)
            if after != stored:
                self._write(connection, stored, after, action, now)

    def _write(
        self,
        connection: sqlite3.Connection,
        before: Row,
        after: Row,
        action: str,
        now: datetime,
    ) -> None:
        """Set the columns that differ and no other: a stored value may be no text at all."""
        stored = _columns(connection)
        names = [name for name in _COLUMNS if name in stored and _differs(name, before, after)]
        if names:
            assignments = ", ".join(f"{name} = ?" for name in names)
            connection.execute(
                f"UPDATE claude_sessions SET {assignments} WHERE session_id = ?",  # noqa: S608 (fixed column names)
                (*(getattr(after, name) for name in names), before.session_id),
            )
        self._record(connection, now, action, before, after)

    def _record(
        self,
        connection: sqlite3.Connection,
        now: datetime,
        action: str,
        before: Row | None,
        after: Row,
    ) -> None:
        connection.execute(_CREATE_EVENTS)
        connection.execute(
            "INSERT INTO claude_session_events"
            " (at, operator, action, session_id, before, after) VALUES (?, ?, ?, ?, ?, ?)",
            (
                now.isoformat(),
                self.operator,
                action,
                after.session_id,
                _as_json(before),
                _as_json(after),
            ),
        )

    @contextmanager
    def _transaction(self, *, create: bool = False) -> Iterator[sqlite3.Connection]:
        if not create or os.path.lexists(self.db_path):
            _require_file(self.db_path)
        with (
            _problems(self.db_path),
            closing(_open(self.db_path, WRITE_TIMEOUT_S, create=create)) as connection,
        ):
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:  # an interrupt too must leave nothing half-made
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise


def _open(db_path: Path, timeout_s: float, *, create: bool = False) -> sqlite3.Connection:
    uri = f"{db_path.absolute().as_uri()}?mode={'rwc' if create else 'rw'}"
    connection = sqlite3.connect(uri, uri=True, timeout=timeout_s, isolation_level=None)
    connection.text_factory = _decode
    connection.execute("PRAGMA trusted_schema = OFF")
    _bound(connection, timeout_s + _WORK_S)
    return connection


def _bound(connection: sqlite3.Connection, seconds: float) -> None:
    """Interrupt whatever runs after so long: a schema of others may make a statement endless."""
    deadline = time.monotonic() + seconds
    connection.set_progress_handler(lambda: int(time.monotonic() > deadline), _STEPS)


def _decode(stored: bytes) -> str:
    return stored.decode("utf-8", "replace")


def _require_file(db_path: Path) -> None:
    """Raise for what is no regular file: a pipe would hang, a link could lead out of the root."""
    try:
        mode = db_path.lstat().st_mode
    except FileNotFoundError:
        raise NothingTracked(f"no {db_path.name} yet") from None
    except OSError as error:
        raise DatabaseProblem(f"{db_path.name}: {error.strerror or error}") from error
    if stat.S_ISLNK(mode):
        raise DatabaseProblem(f"{db_path.name} is a link, and links are not followed")
    if not stat.S_ISREG(mode):
        raise DatabaseProblem(f"{db_path.name} is not a file")


@contextmanager
def _problems(db_path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise DatabaseProblem(f"{db_path.name} {_reason(error)}") from error


_REASONS = {
    "locked": "is locked by another program",
    "readonly": "may not be written by us",
    "not a database": "is not a SQLite database",
    "malformed": "is damaged",
    "disk is full": "cannot be written: the disk is full",
    "unable to open": "may not be opened by us",
    "no such column": "has a table that lacks a column of the guide's",
    "no such table": "has no claude_sessions table",
    "busy": "is locked by another program",
    "is not a table": "has a claude_sessions that is not a table",
    "interrupted": "takes too long to answer",
}


def _reason(error: sqlite3.Error) -> str:
    text = str(error)
    known = next((words for sign, words in _REASONS.items() if sign in text), None)
    return known or f"cannot be used: {one_line(text)}"


def _columns(connection: sqlite3.Connection) -> frozenset[str]:
    """Return the table's columns, none without a table; what is called so may be a view."""
    kinds = "SELECT type FROM sqlite_master WHERE name = 'claude_sessions' COLLATE NOCASE"
    if any(kind != "table" for (kind,) in connection.execute(kinds).fetchall()):
        raise sqlite3.DatabaseError("claude_sessions is not a table")
    rows = connection.execute("PRAGMA table_info(claude_sessions)").fetchall()
    return frozenset(row[1] for row in rows)


def _select(columns: frozenset[str]) -> str:
    names = ", ".join(
        name if name in columns or name != "metadata" else "NULL" for name in _COLUMNS
    )
    return f"SELECT {names} FROM claude_sessions"  # noqa: S608 (fixed column names)


def _find(connection: sqlite3.Connection, session_id: str) -> Row | None:
    columns = _columns(connection)
    if not columns:
        return None
    sql = f"{_select(columns)} WHERE session_id = ?"
    row = connection.execute(sql, (session_id,)).fetchone()
    return _row(row) if row else None


def _row(values: tuple[Any, ...]) -> Row:
    """Return a stored row; what is not text (the table's types are only hints) becomes text."""
    texts = [_text(value) for value in values[:6]]
    metadata = None if values[6] is None else _text(values[6])
    return Row(texts[0], texts[1], texts[2], texts[3], texts[4], texts[5], metadata)


def _text(value: object) -> str:
    if value is None:
        return ""
    return _decode(value) if isinstance(value, bytes) else str(value)


def _insert(connection: sqlite3.Connection, row: Row) -> None:
    names = [name for name in _COLUMNS if name in _columns(connection)]
    marks = ", ".join("?" * len(names))
    connection.execute(
        f"INSERT INTO claude_sessions ({', '.join(names)}) VALUES ({marks})",  # noqa: S608 (fixed column names)
        [getattr(row, name) for name in names],
    )


def _diff(before: Row, after: Row) -> str:
    names = [name for name in _COLUMNS if _differs(name, before, after)]
    return ", ".join(
        name
        if name == "metadata"
        else f"{name} is now {one_line(getattr(after, name))[:40] or 'empty'}"
        for name in names
    )


def _differs(name: str, before: Row, after: Row) -> bool:
    return bool(getattr(before, name) != getattr(after, name))


def _as_json(row: Row | None) -> str | None:
    return None if row is None else json.dumps({name: getattr(row, name) for name in _COLUMNS})
