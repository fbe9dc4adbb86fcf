"""Reads and compare-and-set writes of the guide's table, each write with its audit event."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo
from functools import wraps
from pathlib import Path
from types import MappingProxyType
from typing import Any, Concatenate, ParamSpec, TypeVar

from tui.core.errors import Conflict, Kind, NotTracked
from tui.core.models.audit import AuditEvent
from tui.core.models.row import Row
from tui.core.sessions import row_transitions
from tui.core.text.safe_text import one_line
from tui.core.time.zones import write_time
from tui.core.values import dataclass, replace
from tui.safe_io.folders import may_be_there
from tui.storage.sqlite.connection import READ_TIMEOUT_S
from tui.storage.sqlite.transactions import Steps, read, write
from tui.storage.table.audit import AuditWriter, changed, in_chunks, latest_events, prune
from tui.storage.table.audit_reader import AuditQuery, last_events
from tui.storage.table.audit_reader import read_events as read_events
from tui.storage.table.conflict_message import lost_race
from tui.storage.table.recorded import audited_options
from tui.storage.table.row_codec import row_from
from tui.storage.table.row_columns import insert_row, select_rows, update_row
from tui.storage.table.table_shape import (
    TABLE,
    columns_of,
    event_columns,
    kinds_of_tables,
    writable_columns,
)

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


@dataclass(frozen=True, slots=True)
class TrackedRows:
    """All rows, and the last audited act by session id."""

    rows: tuple[Row, ...]
    audited: Mapping[str, AuditEvent]


def read_rows(db_path: Path, timeout_s: float = READ_TIMEOUT_S) -> tuple[Row, ...]:
    """Return all rows; raises `DatabaseProblem`, and `NotTracked` without a table."""
    return read(db_path, all_rows(), timeout_s)


def read_table(db_path: Path, timeout_s: float = READ_TIMEOUT_S) -> TrackedRows:
    """Return all rows and their last acts, in one short connection; raises as `read_rows`."""
    return read(db_path, _whole_table(), timeout_s)


def is_tracked(db_path: Path, session_id: str, timeout_s: float = READ_TIMEOUT_S) -> bool:
    """Whether the table has a row with this id now; raises `DatabaseProblem`."""
    if not may_be_there(db_path):
        return False
    return read(db_path, row_of(session_id), timeout_s) is not None


class Transactions:
    """The transactions of one operator, each with its audit event; a driver runs them.

    Transactions with one `act_id` are one act; without it each is its own. Events from before
    `keeps_since` that nothing needs are pruned along the way.
    """

    def __init__(
        self,
        zone: tzinfo,
        operator: str,
        act_id: str = "",
        keeps_since: datetime | None = None,
    ) -> None:
        self.zone = zone
        self.operator = operator
        self._act_id, self._keeps_since = act_id, keeps_since

    def init_table(self) -> Steps[None]:
        """Make the guide's table if it does not exist."""
        yield _CREATE, ()

    def change(
        self, before: Row, after: Row, *, action: str, now: datetime, is_partial: bool = False
    ) -> Steps[Row]:
        """Write `after` if the stored row is still `before`, else raise `Conflict`; return it.

        With `is_partial` only the audit has metadata that the table has no room for; else that
        raises `DatabaseProblem`.
        """
        columns = yield from writable_columns()
        lost = yield from _lost(columns, before, now)
        if lost is not None:
            raise lost
        yield from update_row(before, after, columns, is_partial=is_partial)
        yield from self._audit().write(changed(now, action, before, after))
        yield from self._pruned()
        return after

    def change_many(
        self,
        changes: Sequence[tuple[Row, Row]],
        *,
        action: str,
        now: datetime,
        details: Mapping[str, str] = MappingProxyType({}),
    ) -> Steps[tuple[Conflict | None, ...]]:
        """Do as `change` for each pair of before and after, in one commit.

        `details` are the events' details by session id. Returns for each pair `None`, or the
        conflict that kept it from being written.
        """
        columns = yield from writable_columns()
        stored = yield from _stored(columns, [before.session_id for before, _ in changes])
        answers, events = list[Conflict | None](), list[AuditEvent]()
        for before, after in changes:
            is_same = stored.get(before.session_id) == before
            lost = None if is_same else (yield from _lost(columns, before, now))
            if lost is None:
                columns = yield from update_row(before, after, columns, is_partial=False)
                stored[before.session_id] = after
                detail = details.get(before.session_id, "")
                events.append(changed(now, action, before, after, detail=detail))
            answers.append(lost)
        yield from self._audit().write_many(events)
        yield from self._pruned()
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
        is_run: bool = False,
    ) -> Steps[Row]:
        """Insert the row, or make it active again: see `row_transitions.tracked`.

        Only a run may replace what was recorded of the session's runs; it adds to other metadata.
        """
        times = write_time(now, self.zone), write_time(expires_at, self.zone)
        yield _CREATE, ()
        columns = yield from writable_columns()
        stored = yield from _find(columns, session_id)
        own = stored.details() if stored is not None and is_run else {}
        text = json.dumps({**own, **metadata}) if metadata else None
        known = None if is_run else (yield from audited_options(session_id)).options
        if stored is not None:
            after = row_transitions.tracked(stored, expires_at, self.zone, text)
            if not is_run:
                after = row_transitions.keeping(after, stored, known)
            yield from update_row(stored, after, columns, is_partial=True)
            yield from self._audit().write(changed(now, "track", stored, after))
            return after
        fresh = Row(session_id, listing_id, stage, *times, "active", text)
        fresh = row_transitions.keeping(fresh, None, known)
        yield from insert_row(fresh, columns)
        yield from self._audit().write(changed(now, "track", None, fresh))
        return fresh

    def mark_extended(
        self, session_id: str, *, now: datetime, until: datetime, has_transcript: bool
    ) -> Steps[Row | None]:
        """Extend the session at least until then: see `row_transitions.extended`."""

        def change(row: Row) -> Row:
            return row_transitions.extended(row, until, self.zone, has_transcript=has_transcript)

        return self._apply(session_id, change, "extend", now)

    def mark_resumed(
        self,
        session_id: str,
        *,
        now: datetime,
        keeps_until: datetime,
        run: AuditEvent | None = None,
    ) -> Steps[Row | None]:
        """Record that the session runs again: see `row_transitions.resumed`; `run` is the run."""

        def change(row: Row) -> Row:
            return row_transitions.resumed(row, keeps_until, self.zone)

        return self._apply(session_id, change, "resume", now, run)

    def mark_failed(
        self,
        session_id: str,
        *,
        now: datetime,
        reason: str,
        kind: Kind = Kind.OTHER,
        turn: AuditEvent | None = None,
        failed_at: datetime | None = None,
    ) -> Steps[Row | None]:
        """Record a failed turn: see `row_transitions.failed`; `turn` has its cost.

        It failed now, unless `failed_at` says when.
        """
        words, at = one_line(reason)[:2000], failed_at or now

        def change(row: Row) -> Row:
            return row_transitions.failed(row, words, at, self.zone, kind)

        return self._apply(session_id, change, "fail", now, turn)

    def mark_succeeded(
        self, session_id: str, *, now: datetime, turn: AuditEvent | None = None
    ) -> Steps[Row | None]:
        """Record a successful turn: see `row_transitions.succeeded`; `turn` has its cost."""
        return self._apply(session_id, row_transitions.succeeded, "succeed", now, turn)

    def mark_unanswered(
        self, session_id: str, *, now: datetime, turn: AuditEvent | None = None
    ) -> Steps[Row | None]:
        """Record a turn without an answer: see `row_transitions.unanswered`."""
        return self._apply(session_id, row_transitions.unanswered, "turn", now, turn)

    def note(self, event: AuditEvent) -> Steps[None]:
        """Record an act that changes no row; its session need not be tracked."""
        yield from writable_columns()
        yield from self._audit().write(event)

    def prune(self) -> Steps[int]:
        """Remove a batch of old events that nothing needs; return how many."""
        yield from writable_columns()
        return (yield from self._pruned())

    def _apply(
        self,
        session_id: str,
        change: Callable[[Row], Row],
        action: str,
        now: datetime,
        facts: AuditEvent | None = None,
    ) -> Steps[Row | None]:
        """Change the stored row and return it; `None` when there is no such row.

        `facts` has the event's cost and detail; without it, no event is written if nothing changes.
        """
        columns = yield from writable_columns()
        stored = yield from _find(columns, session_id)
        after = change(stored) if stored is not None else None
        if stored is None or after is None or after == stored:
            if facts is not None:
                yield from self._audit().write(replace(facts, action=action))
            return stored
        yield from update_row(stored, after, columns, is_partial=True)
        event = changed(now, action, stored, after)
        if facts is not None:
            event = replace(event, cost_usd=facts.cost_usd, detail=facts.detail)
        yield from self._audit().write(event)
        yield from self._pruned()
        return after

    def _audit(self) -> AuditWriter:
        return AuditWriter(self.operator, self.zone, self._act_id)

    def _pruned(self) -> Steps[int]:
        return (yield from prune(self._keeps_since)) if self._keeps_since is not None else 0


def _written(
    make: Callable[Concatenate[Transactions, P], Steps[T]], *, creates: bool = False
) -> Callable[Concatenate[Tracking, P], T]:
    @wraps(make)
    def method(self: Tracking, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return write(self.db_path, make(self.writes, *args, **kwargs), creates=creates)

    return method


class Tracking:
    """Runs `Transactions` on one listing's database."""

    def __init__(
        self,
        db_path: Path,
        zone: tzinfo,
        operator: str,
        act_id: str = "",
        keeps_since: datetime | None = None,
    ) -> None:
        self.db_path = db_path
        self.writes = Transactions(zone, operator, act_id, keeps_since)

    init_table = _written(Transactions.init_table, creates=True)
    track = _written(Transactions.track, creates=True)
    change = _written(Transactions.change)
    change_many = _written(Transactions.change_many)
    mark_extended = _written(Transactions.mark_extended)
    mark_resumed = _written(Transactions.mark_resumed)
    mark_failed = _written(Transactions.mark_failed)
    mark_succeeded = _written(Transactions.mark_succeeded)
    mark_unanswered = _written(Transactions.mark_unanswered)
    note = _written(Transactions.note)
    prune = _written(Transactions.prune)


def all_rows() -> Steps[tuple[Row, ...]]:
    """Read every row; raises `NotTracked` without a table."""
    columns = yield from columns_of()
    return (yield from _rows(columns))


def active_rows() -> Steps[list[dict[str, Any]]]:
    """Read the active rows with all stored columns, newest first, as the guide lists them."""
    columns = yield from columns_of()
    _require_table(columns)
    names = ", ".join('"' + name.replace('"', '""') + '"' for name in columns)
    rows = yield f"SELECT {names} FROM claude_sessions WHERE status = 'active'", ()  # noqa: S608 (quoted column names)
    listed = [dict(zip(columns, row, strict=True)) for row in rows]
    return sorted(listed, key=lambda one: str(one.get("created_at") or ""), reverse=True)


def _whole_table() -> Steps[TrackedRows]:
    kinds = yield from kinds_of_tables()
    columns = yield from columns_of(kinds)
    rows = yield from _rows(columns)
    known = yield from event_columns(kinds)
    return TrackedRows(rows, (yield from latest_events(known)) if known else {})


def row_of(session_id: str) -> Steps[Row | None]:
    """Read one row; `None` if there is none, or no table."""
    columns = yield from columns_of()
    return (yield from _find(columns, session_id))


def _require_table(columns: Sequence[str]) -> None:
    if not columns:
        raise NotTracked(f"has no {TABLE} table yet")


def _rows(columns: Sequence[str]) -> Steps[tuple[Row, ...]]:
    _require_table(columns)
    stored = yield select_rows(columns), ()
    return tuple(row_from(values) for values in stored)


def _find(columns: Sequence[str], session_id: str) -> Steps[Row | None]:
    if not columns:
        return None
    stored = yield f"{select_rows(columns)} WHERE session_id = ?", (session_id,)
    return row_from(stored[0]) if stored else None


def _stored(columns: Sequence[str], session_ids: Sequence[str]) -> Steps[dict[str, Row]]:
    """Read the rows with these ids, as few statements as possible."""
    found: dict[str, Row] = {}
    if columns:
        for many, marks in in_chunks(session_ids):
            stored = yield f"{select_rows(columns)} WHERE session_id IN ({marks})", many
            for row in map(row_from, stored):
                found.setdefault(row.session_id, row)
    return found


def _lost(columns: Sequence[str], before: Row, now: datetime) -> Steps[Conflict | None]:
    """Return the conflict if the row was changed since `before` was read."""
    stored = yield from _find(columns, before.session_id)
    if stored == before:
        return None
    acts = yield from last_events(AuditQuery(before.session_id, with_rows=True), 1)
    return lost_race(before, stored, acts, now)
