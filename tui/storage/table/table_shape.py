"""Checks the two tables of a database: their columns, and whether it is safe to write to them."""

from __future__ import annotations

from collections.abc import Mapping

from tui.core.errors import DatabaseProblem
from tui.core.text.safe_text import one_line
from tui.storage.sqlite.schema_calls import slow_call
from tui.storage.sqlite.transactions import Steps

TABLE, _EVENTS = "claude_sessions", "claude_session_events"
_KINDS = (
    "SELECT lower(name), CASE WHEN upper(substr(sql, 1, 14)) = 'CREATE VIRTUAL' THEN 'virtual'"
    " ELSE type END FROM sqlite_master"
    " WHERE name COLLATE NOCASE IN ('claude_sessions', 'claude_session_events')"
)
_TRIGGERS = (
    "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    " AND tbl_name COLLATE NOCASE IN ('claude_sessions', 'claude_session_events')"
)
_WORDS = (
    "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"
    " AND tbl_name COLLATE NOCASE IN ('claude_sessions', 'claude_session_events')"
)
_COMPUTED = 2  # `table_xinfo` reports 2 for a generated column, and 3 for a stored one
_EVENT_COLUMNS = ("at", "operator", "action", "session_id", "before", "after")


def kinds_of_tables() -> Steps[dict[str, str]]:
    """Return the kind of each of the two names in this database: it may be a view."""
    return dict((yield _KINDS, ()))


def columns_of(kinds: Mapping[str, str] | None = None) -> Steps[tuple[str, ...]]:
    """Return the table's columns, empty without a table."""
    known = kinds if kinds is not None else (yield from kinds_of_tables())
    if known.get(TABLE, "table") != "table":
        raise DatabaseProblem(f"has a {TABLE} that is not a table")
    return (yield from _stored_columns(TABLE))


def writable_columns() -> Steps[tuple[str, ...]]:
    """Do as `columns_of`; raises `DatabaseProblem` where our write would run others' code."""
    kinds = yield from kinds_of_tables()
    triggers = yield _TRIGGERS, ()
    if triggers:
        raise DatabaseProblem(
            f"has a trigger ({one_line(triggers[0][0])[:60]}) that our writes would run: "
            "nothing is written"
        )
    if kinds.get(_EVENTS, "table") != "table":
        raise DatabaseProblem(f"has a {_EVENTS} that is not a table")
    for (sql,) in (yield _WORDS, ()):
        if called := slow_call(str(sql)):
            raise DatabaseProblem(
                f"calls {one_line(called)[:40]} in a check or index, which may take forever: "
                "nothing is written"
            )
    yield from _stored_columns(_EVENTS)
    return (yield from columns_of(kinds))


def _stored_columns(table: str) -> Steps[tuple[str, ...]]:
    """Return a table's columns; raises for a generated one, which may be huge or slow."""
    columns = yield f"PRAGMA table_xinfo({table})", ()
    computed = [one_line(column[1])[:60] for column in columns if column[6] >= _COMPUTED]
    if computed:
        raise DatabaseProblem(f"has a generated column ({computed[0]}) in {table}: it is not read")
    return tuple(column[1] for column in columns)


def event_columns(kinds: Mapping[str, str]) -> Steps[tuple[str, ...]]:
    """Return the columns of the audit table, empty if there is none or it is not ours.

    A foreign table of that name must not keep the rows from being read.
    """
    if kinds.get(_EVENTS) != "table":
        return ()
    columns = yield f"PRAGMA table_xinfo({_EVENTS})", ()
    is_computed = any(column[6] >= _COMPUTED for column in columns)
    names = tuple(column[1] for column in columns)
    is_ours = not is_computed and set(names).issuperset(("id", *_EVENT_COLUMNS))
    return names if is_ours else ()
