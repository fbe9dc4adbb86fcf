"""Reads the audit: the last acts on a session, of an operator, or of all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tui.core.limits import MOST_AUDITED
from tui.core.models.audit import AuditEvent
from tui.core.time.zones import read_time
from tui.core.values import dataclass
from tui.safe_io.folders import may_be_there
from tui.storage.sqlite.connection import READ_TIMEOUT_S
from tui.storage.sqlite.transactions import Steps, read
from tui.storage.table.audit import each_event, events_from, select_events
from tui.storage.table.row_codec import text_of
from tui.storage.table.table_shape import event_columns, kinds_of_tables

_PAGE = 1000
_NEWEST = 2**63 - 1
_FARTHEST_ZONES = timedelta(days=2)  # two times as texts can be that far from their real order

Key = tuple[str, str, str]  # an act's id or time, its operator and its action
_Groups = dict[Key, list[tuple[int, str]]]


@dataclass(frozen=True, slots=True)
class AuditedAct:
    """One act of an operator on `count` sessions of a database.

    `events` are all of its events if asked for, else one; the newest comes first.
    """

    key: Key
    count: int
    events: tuple[AuditEvent, ...]


def read_acts(
    db_path: Path,
    *,
    session_id: str = "",
    limit: int = 50,
    since: datetime | None = None,
    is_whole: bool = False,
    timeout_s: float = READ_TIMEOUT_S,
) -> tuple[AuditedAct, ...]:
    """Return the last acts, newest first, optionally on one session; raises as `read_events`.

    `is_whole` reads all events of each act, `since` only those from then on.
    """
    if not may_be_there(db_path):
        return ()
    return read(db_path, _last_acts(session_id, limit, since, is_whole), timeout_s)


def read_events(
    db_path: Path,
    *,
    session_id: str = "",
    operator: str = "",
    login: str = "",
    limit: int = 50,
    with_rows: bool = False,
    timeout_s: float = READ_TIMEOUT_S,
) -> tuple[AuditEvent, ...]:
    """Return the last events, newest first, optionally of one session or operator.

    With a `login`, events of that login at any address are included; `with_rows` selects events
    with a row. Empty without a database or an audit table; raises `DatabaseProblem`.
    """
    if not may_be_there(db_path):
        return ()
    wanted = AuditQuery(session_id, operator, login, with_rows)
    return read(db_path, last_events(wanted, limit), timeout_s)


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which events to read: of one session, of an operator or login, or only those with a row."""

    session_id: str = ""
    operator: str = ""
    login: str = ""
    with_rows: bool = False

    def where(self) -> tuple[str, list[object]]:
        """Return the SQL condition and its values."""
        at = f"{self.login}@" if self.login else ""
        terms: dict[str, tuple[object, ...]] = {
            "session_id = ?": (self.session_id,) if self.session_id else (),
            "(operator = ? OR substr(operator, 1, ?) = ?)": (
                (self.operator, len(at), at) if self.login else ()
            ),
            "operator = ?": (self.operator,) if self.operator and not self.login else (),
        }
        used = [term for term, values in terms.items() if values]
        rows = ["after IS NOT NULL"] if self.with_rows else []
        values = [value for many in terms.values() for value in many]
        return " AND ".join(["1", *rows, *used]), values


def last_events(wanted: AuditQuery, limit: int) -> Steps[tuple[AuditEvent, ...]]:
    """Read the selected events, newest first; empty without an audit table of ours."""
    columns = yield from event_columns((yield from kinds_of_tables()))
    if not columns:
        return ()
    where, values = wanted.where()
    sql = f"{select_events(columns)} WHERE {where} ORDER BY id DESC LIMIT ?"
    stored = yield sql, (*values, limit)
    return (yield from events_from(stored))


def _last_acts(
    session_id: str, limit: int, since: datetime | None, is_whole: bool
) -> Steps[tuple[AuditedAct, ...]]:
    columns = yield from event_columns((yield from kinds_of_tables()))
    if not columns:
        return ()
    groups = yield from _groups(columns, session_id, limit, since)
    wanted = [one[0] for many in groups.values() for one in (many if is_whole else many[:1])]
    found: dict[int, AuditEvent] = {}
    for start in range(0, len(wanted), _PAGE // 2):
        found |= yield from _numbered(columns, wanted[start : start + _PAGE // 2])
    acts = []
    for key, many in groups.items():
        if events := tuple(found[number] for number, _ in many if number in found):
            acts.append(AuditedAct(key, len({session for _, session in many}), events))
    return tuple(acts)


def _groups(
    columns: Sequence[str], session_id: str, limit: int, since: datetime | None
) -> Steps[_Groups]:
    """Return the event ids and sessions of each of the last acts, or of those `since` then.

    Events of several acts may be interleaved: the search ends after a page without any of them.
    """
    act = "act_id" if "act_id" in columns else "NULL"
    where, values = ("session_id = ? AND ", [session_id]) if session_id else ("", [])
    if since is not None:  # compared as texts first, so that an old audit is not read whole
        where += "at > ? AND "
        values.append((since - _FARTHEST_ZONES).isoformat())
    sql = (
        f"SELECT id, at, operator, action, {act}, session_id FROM claude_session_events"  # noqa: S608 (fixed names)
        f" WHERE {where}id < ? ORDER BY id DESC LIMIT ?"
    )
    groups: _Groups = {}
    below, passed, has_more = _NEWEST, 0, True
    while has_more and passed < MOST_AUDITED:
        page = yield sql, (*values, below, _PAGE)
        is_any = False
        for number, at, operator, action, act_id, session in page:
            if since is not None and not _is_from(at, since):
                continue
            key = text_of(act_id) or text_of(at), text_of(operator), text_of(action)
            if key in groups or len(groups) < limit:
                groups.setdefault(key, []).append((number, text_of(session)))
                is_any = True
        is_short = since is not None and len(groups) < limit
        has_more = (is_any or is_short) and len(page) == _PAGE
        passed += len(page)
        below = page[-1][0] if page else below
    return groups


def _is_from(stored: object, since: datetime) -> bool:
    at = read_time(stored, UTC)
    return at is not None and at >= since


def _numbered(columns: Sequence[str], numbers: Sequence[int]) -> Steps[dict[int, AuditEvent]]:
    """Read events by their ids, without those that have no readable time."""
    marks = ", ".join("?" * len(numbers))
    stored = yield f"{select_events(columns)} WHERE id IN ({marks}) ORDER BY id", numbers
    events = yield from each_event(stored)
    return {one: event for one, event in zip(sorted(numbers), events, strict=True) if event}
