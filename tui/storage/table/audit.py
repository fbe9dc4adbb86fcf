"""The audit table: writing an event with each change of a row, reading and pruning them.

It is made at the first write; columns are added to an older version's table, and all versions can
use it at the same time. `packed_rows` defines how an event stores its rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any, TypeVar

from tui.core.limits import AUDIT_DETAIL, PRUNED_AT_ONCE
from tui.core.models.audit import AuditEvent, new_act_id
from tui.core.models.row import Row
from tui.core.sessions.overwrite import still_wiped
from tui.core.text.bounded_json import json_object
from tui.core.text.safe_text import one_line
from tui.core.time.zones import read_time
from tui.core.values import replace
from tui.storage.sqlite.transactions import Steps
from tui.storage.table.packed_rows import RowUnpacker, metadata_in, pack
from tui.storage.table.row_codec import cost_from, text_of
from tui.storage.table.row_columns import has_metadata
from tui.storage.table.table_shape import columns_of, event_columns, kinds_of_tables

T = TypeVar("T")

_CREATE = """
    CREATE TABLE IF NOT EXISTS claude_session_events (
        id INTEGER PRIMARY KEY,
        at TEXT NOT NULL,
        operator TEXT NOT NULL,
        action TEXT NOT NULL,
        session_id TEXT NOT NULL,
        before TEXT,
        after TEXT,
        act_id TEXT,
        request_id TEXT,
        cost_usd REAL,
        detail TEXT,
        base INTEGER
    )
"""
_CREATE_INDEX = """
    CREATE INDEX IF NOT EXISTS claude_session_events_by_session
    ON claude_session_events (session_id)
"""
# Columns that the first version lacks; all may be empty, so that both versions can write.
_ADDED = {
    "act_id": "TEXT",
    "request_id": "TEXT",
    "cost_usd": "REAL",
    "detail": "TEXT",
    "base": "INTEGER",
}
_INSERT = (
    "INSERT INTO claude_session_events (at, operator, action, session_id, before, after,"
    " act_id, request_id, cost_usd, detail, base) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_BASE = (
    "SELECT id, after FROM claude_session_events WHERE session_id = ? AND base IS NULL"
    " AND after IS NOT NULL ORDER BY id DESC LIMIT 1"
)
# Without GROUP BY, whose memory a planted table could make endless.
_LATEST = (
    " AS one WHERE after IS NOT NULL AND NOT EXISTS (SELECT 1 FROM claude_session_events AS later"
    " WHERE later.session_id = one.session_id AND later.id > one.id AND later.after IS NOT NULL)"
)
# Never pruned: a session's last event, the last one with rows, the bases of other events, and the
# act that moved a session to the trash.
_OLD = """
    SELECT id FROM claude_session_events AS one WHERE at < ?
    AND EXISTS (SELECT 1 FROM claude_session_events AS later
        WHERE later.session_id = one.session_id AND later.id > one.id
        AND (one.after IS NULL OR later.after IS NOT NULL))
    AND id NOT IN (SELECT base FROM claude_session_events WHERE base IS NOT NULL)
    AND (action NOT IN ('delete', 'clean-up') OR EXISTS (
        SELECT 1 FROM claude_session_events AS later WHERE later.session_id = one.session_id
        AND later.id > one.id AND later.action IN ('restore', 'purge')))
    ORDER BY id LIMIT ?
"""
_FEW = 500  # parameters of one statement


def detail_of(facts: Mapping[str, Any]) -> str:
    """Return facts as JSON of a bounded size, with long texts cut."""
    for longest in (2000, 200, 40):
        kept = {
            name: one[:longest] + "..." if isinstance(one, str) and len(one) > longest else one
            for name, one in facts.items()
            if one not in (None, "", {})
        }
        text = json.dumps(kept, default=str) if kept else ""
        if len(text) <= AUDIT_DETAIL:
            return text
    return json.dumps({"left_out": "too large to be stored"})


class AuditWriter:
    """Writes events within one transaction; the first one makes or widens the table."""

    def __init__(self, operator: str, zone: tzinfo, act_id: str = "") -> None:
        self._operator, self._zone = operator, zone
        self._act_id = act_id or new_act_id()
        self._is_ready = False

    def write(self, event: AuditEvent) -> Steps[None]:
        """Append an event of this operator and act."""
        yield from self.write_many([event])

    def write_many(self, events: Sequence[AuditEvent]) -> Steps[None]:
        """Append events of this operator and act."""
        if events and not self._is_ready:
            yield from _widened()
            self._is_ready = True
        acts = [one.session_id for one in events if one.before is not None]
        last = yield from _last_of(acts)
        for event in events:
            told = _with_standing(event, last.get(event.session_id), self._zone)
            yield from self._append(told)
            if told.after is not None:
                last[told.session_id] = told

    def _append(self, event: AuditEvent) -> Steps[None]:
        number, base = yield from _base_of(event)
        kept = pack(event.before, event.after, base)
        yield (
            _INSERT,
            (
                *(event.at.isoformat(), self._operator, event.action, event.session_id),
                *(kept.before, kept.after, self._act_id, event.request_id or None),
                *(event.cost_usd, event.detail or None, number if kept.has_base else None),
            ),
        )


def _last_of(session_ids: Sequence[str]) -> Steps[dict[str, AuditEvent]]:
    """Return the last event with a row of each of these sessions, by its id."""
    found: dict[str, AuditEvent] = {}
    for many, marks in in_chunks(session_ids):
        stored = yield f"{select_events(tuple(_ADDED))}{_LATEST} AND session_id IN ({marks})", many
        found |= {event.session_id: event for event in (yield from events_from(stored))}
    return found


def _with_standing(event: AuditEvent, last: AuditEvent | None, zone: tzinfo) -> AuditEvent:
    """Return the event with what the pipeline wiped of earlier acts, and this one leaves so."""
    facts = still_wiped(event, last, zone)
    return (
        replace(event, detail=detail_of({**json_object(event.detail), **facts})) if facts else event
    )


def _widened() -> Steps[None]:
    yield _CREATE, ()
    yield _CREATE_INDEX, ()
    known = yield from event_columns((yield from kinds_of_tables()))
    for name, kind in _ADDED.items():
        if name not in known:
            yield f"ALTER TABLE claude_session_events ADD COLUMN {name} {kind}", ()


def _base_of(event: AuditEvent) -> Steps[tuple[int | None, str | None]]:
    """Return the id and metadata of the session's last event that stores its metadata whole."""
    if event.after is None or not event.after.metadata:
        return None, None
    found = yield _BASE, (event.session_id,)
    return (found[0][0], metadata_in(found[0][1])) if found else (None, None)


def prune(before: datetime) -> Steps[int]:
    """Remove a batch of events from before then that nothing needs; return how many.

    None where the table has no room for metadata: there they alone tell what was recorded.
    """
    if not has_metadata((yield from columns_of())):
        return 0
    columns = yield from event_columns((yield from kinds_of_tables()))
    if not {"base", "after"} <= set(columns):
        return 0
    old = yield _OLD, (before.isoformat(), PRUNED_AT_ONCE)
    for many, marks in in_chunks([number for (number,) in old]):
        yield f"DELETE FROM claude_session_events WHERE id IN ({marks})", many  # noqa: S608 (marks)
    return len(old)


def latest_events(columns: Sequence[str]) -> Steps[dict[str, AuditEvent]]:
    """Return the last event with a row, by session id."""
    stored = yield select_events(columns) + _LATEST, ()
    events = yield from events_from(stored)
    return {event.session_id: event for event in events}


def select_events(columns: Sequence[str]) -> str:
    """Return the SELECT for events; columns that an older table lacks are NULL."""
    names = (
        *("at", "operator", "action", "session_id", "before", "after"),
        *(name if name in columns else "NULL" for name in _ADDED),
    )
    return f"SELECT {', '.join(names)} FROM claude_session_events"  # noqa: S608 (fixed names)


def events_from(stored: Iterable[Sequence[Any]]) -> Steps[tuple[AuditEvent, ...]]:
    """Return the stored events, without those that have no readable time.

    Their texts are safe to show; the rows are unchanged, so that they can be compared and written.
    """
    events = yield from each_event(tuple(stored))
    return tuple(one for one in events if one is not None)


def each_event(stored: Sequence[Sequence[Any]]) -> Steps[tuple[AuditEvent | None, ...]]:
    """Return each stored event, `None` for one without a readable time."""
    bases = yield from _bases(stored)
    unpacker = RowUnpacker()
    return tuple(_event(one, bases, unpacker) for one in stored)


def _bases(stored: Sequence[Sequence[Any]]) -> Steps[dict[tuple[int, str], str | None]]:
    wanted = sorted({one[-1] for one in stored if isinstance(one[-1], int)})
    bases: dict[tuple[int, str], str | None] = {}
    for many, marks in in_chunks(wanted):
        found = yield (
            f"SELECT id, session_id, after FROM claude_session_events WHERE id IN ({marks})",  # noqa: S608 (marks)
            many,
        )
        bases |= {(number, text_of(whose)): metadata_in(after) for number, whose, after in found}
    return bases


def _event(
    values: Sequence[Any], bases: Mapping[tuple[int, str], str | None], unpacker: RowUnpacker
) -> AuditEvent | None:
    at, operator, action, session_id = (text_of(value) for value in values[:4])
    before, after = (None if one is None else text_of(one) for one in values[4:6])
    act_id, request_id, cost, detail, base = values[6:]
    moment = read_time(at, UTC)
    if moment is None:
        return None
    whole = bases.get((base, session_id)) if isinstance(base, int) else None
    rows = unpacker.rows(before, after, whole)
    return AuditEvent(
        at=moment,
        operator=one_line(operator)[:64],
        action=one_line(action)[:20],
        session_id=session_id,
        before=rows[0],
        after=rows[1],
        act_id=one_line(text_of(act_id))[:64],
        request_id=one_line(text_of(request_id))[:64],
        cost_usd=cost_from(cost),
        detail=text_of(detail)[:AUDIT_DETAIL],
    )


def in_chunks(values: Sequence[T]) -> Iterator[tuple[Sequence[T], str]]:
    """Yield values by as many as one statement takes, and the marks for them."""
    for start in range(0, len(values), _FEW):
        many = values[start : start + _FEW]
        yield many, ", ".join("?" * len(many))


def changed(
    now: datetime, action: str, before: Row | None, after: Row, *, detail: str = ""
) -> AuditEvent:
    """Return the event for a change of a row."""
    return AuditEvent(
        at=now,
        action=action,
        session_id=after.session_id,
        before=before,
        after=after,
        detail=detail,
    )
