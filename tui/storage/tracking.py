"""All SQL: the guide's table, our audit table, reads that harm nobody, compare-and-set writes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from tui.core import status
from tui.core.errors import Changed, NothingTracked
from tui.core.models import Event, Row
from tui.core.text import one_line
from tui.core.zones import write_time
from tui.storage.connection import READ_TIMEOUT_S
from tui.storage.database import Steps, read, write
from tui.storage.lost import lost_race
from tui.storage.stored import COLUMNS, differing, event_from, row_as_json, row_from
from tui.storage.table_shape import TABLE, columns_of, has_events, kinds_of_tables, writable_columns

P = ParamSpec("P")
T = TypeVar("T")

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
_CREATE_INDEX = """
    CREATE INDEX IF NOT EXISTS claude_session_events_by_session
    ON claude_session_events (session_id)
"""
_SELECT_EVENTS = "SELECT at, operator, action, session_id, before, after FROM claude_session_events"
# It needs no room for groups, which a table of others could make endless.
_LATEST = (
    " AS one WHERE NOT EXISTS (SELECT 1 FROM claude_session_events AS later"
    " WHERE later.session_id = one.session_id AND later.id > one.id)"
)
_INSERT_EVENT = (
    "INSERT INTO claude_session_events (at, operator, action, session_id, before, after)"
    " VALUES (?, ?, ?, ?, ?, ?)"
)


@dataclass(frozen=True, slots=True)
class Table:
    """Every row, and by session id the last act that the audit knows of."""

    rows: tuple[Row, ...]
    audited: Mapping[str, Event]


def read_rows(db_path: Path, timeout_s: float = READ_TIMEOUT_S) -> tuple[Row, ...]:
    """Return every row of the table, read as `database.read` does.

    Raises `DatabaseProblem` with the reason in words, `NothingTracked` without a table.
    """
    return read(db_path, all_rows(), timeout_s)


def read_table(db_path: Path, timeout_s: float = READ_TIMEOUT_S) -> Table:
    """Return every row and its last audited act, in one short connection; raises as `read_rows`."""
    return read(db_path, _whole_table(), timeout_s)


def read_events(
    db_path: Path,
    *,
    session_id: str = "",
    operator: str = "",
    login: str = "",
    limit: int = 50,
    timeout_s: float = READ_TIMEOUT_S,
) -> tuple[Event, ...]:
    """Return the last audited acts, newest first, of one session or operator when it is named.

    With a `login` those of that login at any address, too.
    None without a database or an audit table; raises `DatabaseProblem`.
    """
    if not os.path.lexists(db_path):
        return ()
    return read(db_path, _last_events(session_id, operator, limit, login), timeout_s)


def is_tracked(db_path: Path, session_id: str, timeout_s: float = READ_TIMEOUT_S) -> bool:
    """Whether the table has a row of that id now; raises `DatabaseProblem` when nobody can say."""
    if not os.path.lexists(db_path):
        return False
    return read(db_path, _one_row(session_id), timeout_s) is not None


class Writes:
    """The transactions of one operator, each with its audit event: a driver runs them."""

    def __init__(self, zone: tzinfo, operator: str) -> None:
        self.zone = zone
        self.operator = operator

    def init_table(self) -> Steps[None]:
        """Make the guide's table if there is none, and nothing else."""
        yield _CREATE, ()

    def change(self, before: Row, after: Row, *, action: str, now: datetime) -> Steps[Row]:
        """Write `after` if the stored row still is `before`, else raise `Changed`.

        Returns what is stored: an older table keeps no metadata.
        """
        columns = yield from writable_columns()
        lost = yield from _lost(columns, before, now)
        if lost is not None:
            raise lost
        return (yield from self._write(columns, before, after, action, now))

    def change_many(
        self, changes: Sequence[tuple[Row, Row]], *, action: str, now: datetime
    ) -> Steps[tuple[Changed | None, ...]]:
        """Do as `change` for each pair of before and after, all in one commit.

        What was changed by somebody is left, and answered with why; the others go on.
        """
        columns = yield from writable_columns()
        answers = []
        for before, after in changes:
            lost = yield from _lost(columns, before, now)
            if lost is None:
                yield from self._write(columns, before, after, action, now)
            answers.append(lost)
        return tuple(answers)

    def track(
        self,
        session_id: str,
        *,
        listing_id: str,
        stage: str,
        now: datetime,
        expires_at: datetime,
        metadata: Mapping[str, Any] | None = None,
    ) -> Steps[Row]:
        """Insert the row, or make it active again: see `status.tracked`."""
        text = json.dumps(dict(metadata)) if metadata else None
        times = write_time(now, self.zone), write_time(expires_at, self.zone)
        yield _CREATE, ()
        columns = yield from writable_columns()
        stored = yield from _find(columns, session_id)
        if stored is not None:
            after = status.tracked(stored, expires_at, self.zone, text)
            return (yield from self._write(columns, stored, after, "track", now))
        fresh = _as_kept(columns, Row(session_id, listing_id, stage, *times, "active", text))
        yield from _insert(columns, fresh)
        yield from self._record(now, "track", None, fresh)
        return fresh

    def mark_extended(
        self, session_id: str, *, now: datetime, until: datetime, has_transcript: bool
    ) -> Steps[Row | None]:
        """The session lasts until then at least: see `status.extended`."""

        def change(row: Row) -> Row:
            return status.extended(row, until, self.zone, has_transcript=has_transcript)

        return self._apply(session_id, change, "extend", now)

    def mark_resumed(
        self, session_id: str, *, now: datetime, keeps_until: datetime
    ) -> Steps[Row | None]:
        """The session is running again: see `status.resumed`."""

        def change(row: Row) -> Row:
            return status.resumed(row, keeps_until, self.zone)

        return self._apply(session_id, change, "resume", now)

    def mark_failed(self, session_id: str, *, now: datetime, reason: str) -> Steps[Row | None]:
        """A turn failed for `reason`: see `status.failed`."""
        words = one_line(reason)[:2000]

        def change(row: Row) -> Row:
            return status.failed(row, words, now, self.zone)

        return self._apply(session_id, change, "fail", now)

    def mark_succeeded(self, session_id: str, *, now: datetime) -> Steps[Row | None]:
        """A turn succeeded: see `status.succeeded`."""
        return self._apply(session_id, status.succeeded, "succeed", now)

    def _apply(
        self, session_id: str, change: Callable[[Row], Row], action: str, now: datetime
    ) -> Steps[Row | None]:
        """Change what is stored now and return it; `None` when there is no such row."""
        columns = yield from writable_columns()
        stored = yield from _find(columns, session_id)
        after = change(stored) if stored is not None else None
        if stored is None or after is None or _as_kept(columns, after) == stored:
            return stored
        return (yield from self._write(columns, stored, after, action, now))

    def _write(
        self, columns: Sequence[str], before: Row, after: Row, action: str, now: datetime
    ) -> Steps[Row]:
        """Set the columns that differ and no other: a stored value may be no text at all."""
        after = _as_kept(columns, after)
        names = differing(before, after)
        if names:
            assignments = ", ".join(f"{name} = ?" for name in names)
            values = (getattr(after, name) for name in names)
            yield (
                f"UPDATE claude_sessions SET {assignments} WHERE session_id = ?",  # noqa: S608 (fixed column names)
                (*values, before.session_id),
            )
        yield from self._record(now, action, before, after)
        return after

    def _record(self, now: datetime, action: str, before: Row | None, after: Row) -> Steps[None]:
        yield _CREATE_EVENTS, ()
        yield _CREATE_INDEX, ()
        rows = row_as_json(before), row_as_json(after)
        yield _INSERT_EVENT, (now.isoformat(), self.operator, action, after.session_id, *rows)


def _written(
    make: Callable[Concatenate[Writes, P], Steps[T]], *, creates: bool = False
) -> Callable[Concatenate[Tracking, P], T]:
    @wraps(make)
    def method(self: Tracking, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return write(self.db_path, make(self.writes, *args, **kwargs), creates=creates)

    return method


class Tracking:
    """Writes to one listing's database, each in one transaction: `Writes` says what each does."""

    def __init__(self, db_path: Path, zone: tzinfo, operator: str) -> None:
        self.db_path = db_path
        self.writes = Writes(zone, operator)

    init_table = _written(Writes.init_table, creates=True)
    track = _written(Writes.track, creates=True)
    change = _written(Writes.change)
    change_many = _written(Writes.change_many)
    mark_extended = _written(Writes.mark_extended)
    mark_resumed = _written(Writes.mark_resumed)
    mark_failed = _written(Writes.mark_failed)
    mark_succeeded = _written(Writes.mark_succeeded)


def all_rows() -> Steps[tuple[Row, ...]]:
    """Read every row; raises `NothingTracked` without a table."""
    columns = yield from columns_of()
    return (yield from _rows(columns))


def active_rows() -> Steps[list[dict[str, Any]]]:
    """Read the active rows, all their columns as stored, the newest first: the guide's list."""
    columns = yield from columns_of()
    _require_table(columns)
    names = ", ".join('"' + name.replace('"', '""') + '"' for name in columns)
    rows = yield f"SELECT {names} FROM claude_sessions WHERE status = 'active'", ()  # noqa: S608 (quoted column names)
    listed = [dict(zip(columns, row, strict=True)) for row in rows]
    return sorted(listed, key=lambda one: str(one.get("created_at") or ""), reverse=True)


def _whole_table() -> Steps[Table]:
    kinds = yield from kinds_of_tables()
    columns = yield from columns_of(kinds)
    rows = yield from _rows(columns)
    is_audited = yield from has_events(kinds)
    stored = (yield _SELECT_EVENTS + _LATEST, ()) if is_audited else []
    events = (event_from(values) for values in stored)
    return Table(rows, {event.session_id: event for event in events if event})


def _last_events(
    session_id: str, operator: str, limit: int, login: str = ""
) -> Steps[tuple[Event, ...]]:
    kinds = yield from kinds_of_tables()
    if not (yield from has_events(kinds)):
        return ()
    at = f"{login}@" if login else ""
    wanted: dict[str, tuple[object, ...]] = {
        "session_id = ?": (session_id,) if session_id else (),
        "(operator = ? OR substr(operator, 1, ?) = ?)": (operator, len(at), at) if login else (),
        "operator = ?": (operator,) if operator and not login else (),
    }
    where = " AND ".join(["1", *(term for term, given in wanted.items() if given)])
    values = [value for given in wanted.values() for value in given]
    stored = yield f"{_SELECT_EVENTS} WHERE {where} ORDER BY id DESC LIMIT ?", (*values, limit)
    return tuple(event for one in stored if (event := event_from(one)))


def _one_row(session_id: str) -> Steps[Row | None]:
    columns = yield from columns_of()
    return (yield from _find(columns, session_id))


def _require_table(columns: Sequence[str]) -> None:
    if not columns:
        raise NothingTracked(f"has no {TABLE} table yet")


def _rows(columns: Sequence[str]) -> Steps[tuple[Row, ...]]:
    _require_table(columns)
    stored = yield _select(columns), ()
    return tuple(row_from(values) for values in stored)


def _find(columns: Sequence[str], session_id: str) -> Steps[Row | None]:
    if not columns:
        return None
    stored = yield f"{_select(columns)} WHERE session_id = ?", (session_id,)
    return row_from(stored[0]) if stored else None


def _lost(columns: Sequence[str], before: Row, now: datetime) -> Steps[Changed | None]:
    """Say what somebody changed since `before` was read, if so."""
    stored = yield from _find(columns, before.session_id)
    if stored == before:
        return None
    acts = yield from _last_events(before.session_id, "", 1)
    return lost_race(before, stored, acts, now)


def _select(columns: Sequence[str]) -> str:
    names = ", ".join(name if name in columns or name != "metadata" else "NULL" for name in COLUMNS)
    return f"SELECT {names} FROM claude_sessions"  # noqa: S608 (fixed column names)


def _insert(columns: Sequence[str], row: Row) -> Steps[None]:
    names = [name for name in COLUMNS if name in columns]
    marks = ", ".join("?" * len(names))
    yield (
        f"INSERT INTO claude_sessions ({', '.join(names)}) VALUES ({marks})",  # noqa: S608 (fixed column names)
        [getattr(row, name) for name in names],
    )


def _as_kept(columns: Sequence[str], row: Row) -> Row:
    """Return what the table keeps of a row: the guide's older one has no metadata."""
    return row if "metadata" in columns else replace(row, metadata=None)
