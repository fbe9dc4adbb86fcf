"""A table that has no room for metadata and cannot be given any keeps what it can hold."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tui.core.errors import DatabaseProblem
from tui.core.time.zones import LOCAL
from tui.storage.sqlite import async_transactions
from tui.storage.sqlite.transactions import Steps, write
from tui.storage.table.tracking import Tracking, Transactions, read_events, read_rows

NOW = datetime.now(UTC).replace(microsecond=0)
AGENT = {"agent": {"disallowed_tools": ["Bash"]}}
_COLUMNS = (
    "session_id TEXT PRIMARY KEY, listing_id TEXT NOT NULL, stage TEXT NOT NULL,"
    " created_at TEXT NOT NULL, expires_at TEXT NOT NULL, status TEXT DEFAULT 'active'"
)
_MOST = 2000  # of SQLite's own


@pytest.fixture
def db_path(tmp_path: Path) -> Path:
    """Make the guide's older table with as many columns as SQLite takes: ALTER TABLE is refused."""
    path = tmp_path / "buyers.db"
    more = "".join(f", c{number} TEXT" for number in range(_MOST - 6))
    run_sql(path, f"CREATE TABLE claude_sessions ({_COLUMNS}{more})")
    return path


def run_sql(db_path: Path, sql: str) -> None:
    with closing(sqlite3.connect(db_path, isolation_level=None)) as connection:
        connection.execute(sql)


ASKED: dict[str, Any] = {"session_id": "9f2c", "listing_id": "x", "stage": "s"}
ASKED |= {"now": NOW, "expires_at": NOW, "metadata": AGENT}


def test_a_session_is_tracked_there_and_the_audit_has_the_rest(db_path: Path) -> None:
    """Without the mend ALTER TABLE fails, and the session is never tracked."""
    tracking = Tracking(db_path, LOCAL, "anna")
    tracking.track(**ASKED)
    tracking.mark_failed("9f2c", now=NOW, reason="API error")
    tracking.mark_succeeded("9f2c", now=NOW)
    tracking.mark_failed("9f2c", now=NOW, reason="API error")
    (row,) = read_rows(db_path)
    assert (row.status, row.metadata) == ("failed", None)
    first = read_events(db_path, with_rows=True)[-1]
    assert first.after is not None
    assert first.after.details() == AGENT


def test_the_event_loops_way_does_the_same(db_path: Path) -> None:
    writes = Transactions(LOCAL, "pipeline")
    asyncio.run(async_transactions.write(db_path, writes.track(**ASKED)))
    (row,) = read_rows(db_path)
    assert (row.status, row.metadata) == ("active", None)


def test_an_act_that_is_about_metadata_says_that_there_is_no_room(db_path: Path) -> None:
    """Without the check `reapply` would say that it has put back what it has not."""
    tracking = Tracking(db_path, LOCAL, "anna")
    tracking.track(**ASKED)
    (row,) = read_rows(db_path)
    after = replace(row, metadata='{"agent": {}}')
    with pytest.raises(DatabaseProblem, match="no room for metadata"):
        tracking.change(row, after, action="reapply", now=NOW)
    assert tracking.change(row, after, action="resume", now=NOW, is_partial=True) == after


def test_what_alone_tells_what_was_recorded_is_not_pruned(db_path: Path) -> None:
    """Without the check the audit forgets it, and the agent would go on without limits."""
    since = NOW + timedelta(days=1)
    tracking = Tracking(db_path, LOCAL, "anna", keeps_since=since)
    tracking.track(**ASKED)
    for _ in range(3):
        tracking.mark_failed("9f2c", now=NOW, reason="API error")
        tracking.mark_succeeded("9f2c", now=NOW)
    assert tracking.prune() == 0
    assert any(one.after and one.after.details() == AGENT for one in read_events(db_path))


@pytest.mark.parametrize("is_async", [False, True])
def test_nothing_is_written_outside_of_the_transaction(db_path: Path, *, is_async: bool) -> None:
    """Without the check what follows an error that rolled back would be written for itself."""
    insert = (
        "INSERT INTO claude_sessions (session_id, listing_id, stage, created_at, expires_at)"
        " VALUES ('9f2c', 'x', 's', '', '')"
    )

    def steps() -> Steps[None]:
        yield "ROLLBACK", ()  # as SQLite does when the disk is full
        with suppress(sqlite3.Error):
            yield "ALTER TABLE claude_sessions ADD COLUMN metadata TEXT", ()
        yield insert, ()

    def run() -> None:
        if is_async:
            asyncio.run(async_transactions.write(db_path, steps()))
        else:
            write(db_path, steps())

    with pytest.raises(DatabaseProblem):
        run()
    assert read_rows(db_path) == ()


@pytest.mark.parametrize("name", ["Metadata", "METADATA"])
def test_a_column_by_that_name_in_any_case_is_the_column(tmp_path: Path, name: str) -> None:
    """Without folding the case it reads as empty, and every write of metadata fails."""
    path = tmp_path / "buyers.db"
    run_sql(path, f"CREATE TABLE claude_sessions ({_COLUMNS}, {name} TEXT)")
    Tracking(path, LOCAL, "anna").track(**ASKED)
    (row,) = read_rows(path)
    assert row.details() == AGENT
