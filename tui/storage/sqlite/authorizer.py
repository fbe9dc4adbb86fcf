"""Restricts our SQLite connections to our own statements.

An untrusted schema may hold triggers, views and functions that run with our statements. SQLite asks
before it compiles each part; everything that is not listed here is refused.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping

TABLES = frozenset({"claude_sessions", "claude_session_events"})

_SCHEMA = frozenset({"sqlite_master", "sqlite_schema"})
_FUNCTIONS = frozenset({"lower", "upper", "max", "substr"})
_WIDENS = frozenset({"printf", "length"})  # called by ADD COLUMN itself
_PRAGMAS = frozenset({"table_xinfo", "secure_delete", "wal_checkpoint"})

_Rules = Mapping[int, Callable[[str, str], bool]]


def may_read(
    action: int, one: str | None, two: str | None, database: str | None, inner: str | None
) -> int:
    """Allow what reads our two tables and the schema; an authorizer of `sqlite3`."""
    return _verdict(_READS, action, one, two, inner)


def may_write(
    action: int, one: str | None, two: str | None, database: str | None, inner: str | None
) -> int:
    """Allow reads, changes of rows in our two tables, and making or widening these."""
    return _verdict(_WRITES, action, one, two, inner)


def _verdict(
    rules: _Rules, action: int, one: str | None, two: str | None, inner: str | None
) -> int:
    """Answer SQLite; `inner` is the trigger or view that asks, if it is not our statement."""
    rule = rules.get(action)
    is_ours = inner is None and rule is not None and rule((one or "").lower(), (two or "").lower())
    return sqlite3.SQLITE_OK if is_ours else sqlite3.SQLITE_DENY


def _is_known(one: str, _: str) -> bool:
    return one in TABLES or one in _SCHEMA


_READS: _Rules = {
    sqlite3.SQLITE_SELECT: lambda one, two: True,
    sqlite3.SQLITE_TRANSACTION: lambda one, two: True,
    sqlite3.SQLITE_READ: _is_known,
    sqlite3.SQLITE_FUNCTION: lambda one, two: two in _FUNCTIONS,
    sqlite3.SQLITE_PRAGMA: lambda one, two: one in _PRAGMAS,
}
_WRITES: _Rules = {
    **_READS,
    sqlite3.SQLITE_INSERT: _is_known,
    sqlite3.SQLITE_UPDATE: _is_known,
    sqlite3.SQLITE_FUNCTION: lambda one, two: two in _FUNCTIONS | _WIDENS,
    sqlite3.SQLITE_DELETE: lambda one, two: one == "claude_session_events",
    sqlite3.SQLITE_ALTER_TABLE: lambda one, two: two in TABLES,
    sqlite3.SQLITE_CREATE_TABLE: lambda one, two: one in TABLES,
    sqlite3.SQLITE_CREATE_INDEX: lambda one, two: two in TABLES,
    sqlite3.SQLITE_REINDEX: lambda one, two: one == "claude_session_events_by_session",
}
