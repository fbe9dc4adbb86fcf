"""What a table's words call when a row is written."""

from __future__ import annotations

import pytest

from tui.storage.sqlite.schema_calls import slow_call
from tui.storage.table.audit import _CREATE as _CREATE_EVENTS
from tui.storage.table.audit import _CREATE_INDEX
from tui.storage.table.tracking import _CREATE


@pytest.mark.parametrize(
    ("sql", "called"),
    [
        (_CREATE, ""),
        (_CREATE_EVENTS, ""),
        (_CREATE_INDEX, ""),
        ("CREATE TABLE t (id VARCHAR(36), x DECIMAL (10, 2))", "t"),
        ("CREATE TABLE claude_sessions (id VARCHAR(36), x DECIMAL (10, 2))", ""),
        ("CREATE TABLE claude_sessions (a TEXT CHECK (a IN ('x', 'instr(')))", ""),
        ("CREATE TABLE claude_sessions (a TEXT CHECK (length(a) > 3)) -- like (this)", ""),
        ("CREATE TABLE claude_sessions (a TEXT, FOREIGN KEY (a) REFERENCES other (b))", ""),
        ("CREATE TABLE claude_sessions (at TEXT DEFAULT (datetime('now')))", ""),
        ("CREATE TABLE claude_sessions (a CHECK (instr(a, 'x')))", "instr"),
        ("CREATE TABLE claude_sessions (a CHECK (\"InStr\" (a, 'x')))", "instr"),
        ("CREATE TABLE claude_sessions (a CHECK ([replace]/* */(a, 'x', 'y')))", "replace"),
        ("CREATE TABLE claude_sessions (a CHECK (a LIKE '%x%'))", "like"),
        ("CREATE INDEX i ON claude_sessions (hex(a))", "hex"),
        ("CREATE INDEX i ON claude_sessions (a) WHERE a GLOB '*x*'", "glob"),
    ],
)
def test_only_what_is_quick_is_let_run(sql: str, called: str) -> None:
    assert slow_call(sql) == called
