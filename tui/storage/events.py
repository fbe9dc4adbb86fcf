"""Read the audit: the last acts on a session, of an operator, or of all."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tui.core.models import Event
from tui.storage.audit import events_from, select_events
from tui.storage.connection import READ_TIMEOUT_S
from tui.storage.database import Steps, read
from tui.storage.table_shape import event_columns, kinds_of_tables


def read_events(
    db_path: Path,
    *,
    session_id: str = "",
    operator: str = "",
    login: str = "",
    limit: int = 50,
    with_rows: bool = False,
    timeout_s: float = READ_TIMEOUT_S,
) -> tuple[Event, ...]:
    """Return the last audited acts, newest first, of one session or operator when it is named.

    With a `login` those of that login at any address, too; `with_rows` only those that tell a row.
    None without a database or an audit table; raises `DatabaseProblem`.
    """
    if not os.path.lexists(db_path):
        return ()
    wanted = Wanted(session_id, operator, login, with_rows)
    return read(db_path, last_events(wanted, limit), timeout_s)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events: of one session, of an operator or login, only those that tell a row."""

    session_id: str = ""
    operator: str = ""
    login: str = ""
    with_rows: bool = False

    def where(self) -> tuple[str, list[object]]:
        """Return the condition in SQL, and its values."""
        at = f"{self.login}@" if self.login else ""
        terms: dict[str, tuple[object, ...]] = {
            "session_id = ?": (self.session_id,) if self.session_id else (),
            "(operator = ? OR substr(operator, 1, ?) = ?)": (
                (self.operator, len(at), at) if self.login else ()
            ),
            "operator = ?": (self.operator,) if self.operator and not self.login else (),
        }
        given = [term for term, values in terms.items() if values]
        rows = ["after IS NOT NULL"] if self.with_rows else []
        values = [value for many in terms.values() for value in many]
        return " AND ".join(["1", *rows, *given]), values


def last_events(wanted: Wanted, limit: int) -> Steps[tuple[Event, ...]]:
    """Read those, newest first; none without an audit table of ours."""
    columns = yield from event_columns((yield from kinds_of_tables()))
    if not columns:
        return ()
    where, values = wanted.where()
    sql = f"{select_events(columns)} WHERE {where} ORDER BY id DESC LIMIT ?"
    stored = yield sql, (*values, limit)
    return (yield from events_from(stored))
