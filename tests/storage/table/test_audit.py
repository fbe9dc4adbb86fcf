"""The audit: written with the row or not at all, read with it, and never trusted."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.listings import guide_statements as guide
from tui.core.errors import Conflict, DatabaseProblem, NotTracked
from tui.core.models.row import Row
from tui.storage.table.tracking import Tracking, read_events, read_rows, read_table

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def db_path(tmp_path: Path) -> Path:
    return tmp_path / "buyers.db"


def tracking(db_path: Path, operator: str = "anna") -> Tracking:
    return Tracking(db_path, UTC, operator)


def track(db_path: Path, session_id: str, operator: str = "anna") -> Row:
    return tracking(db_path, operator).track(
        session_id, listing_id="hollis_park", stage="3", now=NOW, expires_at=NOW + DAY
    )


def query(db_path: Path, sql: str, *values: object) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(db_path, isolation_level=None)) as connection:
        return connection.execute(sql, values).fetchall()


async def test_init_table_makes_the_guides_table_and_nothing_else(
    tmp_path: Path, db_path: Path
) -> None:
    tracking(db_path).init_table()
    theirs = tmp_path / "theirs.db"
    await guide.init_table(theirs)
    names = "SELECT type, name, tbl_name FROM sqlite_master"
    assert query(db_path, names) == query(theirs, names)
    columns = "PRAGMA table_info(claude_sessions)"
    assert query(db_path, columns) == query(theirs, columns)
    tracking(db_path).init_table()
    assert read_rows(db_path) == ()


def test_a_look_tells_the_last_act_of_each_session(db_path: Path) -> None:
    first, second = track(db_path, "9f2c"), track(db_path, "a1b2", "ben")
    later = replace(first, expires_at="2026-12-24T12:00:00")
    tracking(db_path, "cleo").change(first, later, action="extend", now=NOW + DAY)
    table = read_table(db_path)
    assert table.rows == read_rows(db_path) == (later, second)
    assert set(table.audited) == {"9f2c", "a1b2"}
    event = table.audited["9f2c"]
    assert (event.at, event.operator, event.action) == (NOW + DAY, "cleo", "extend")
    assert (event.before, event.after) == (first, later)
    assert table.audited["a1b2"].after == second


async def test_without_an_audit_table_the_rows_are_read_all_the_same(db_path: Path) -> None:
    assert read_events(db_path) == ()
    await guide.init_table(db_path)
    await guide.track_session(db_path, "9f2c", "3", "hollis_park")
    table = read_table(db_path)
    assert (len(table.rows), table.audited) == (1, {})
    assert read_events(db_path) == ()


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE claude_session_events (name TEXT)",
        "CREATE VIEW claude_session_events AS SELECT 1 AS at",
        "CREATE TABLE Claude_Session_Events (id, at, operator, action, session_id, before, after)",
    ],
)
async def test_what_only_has_the_audits_name_keeps_no_row_from_being_read(
    db_path: Path, sql: str
) -> None:
    await guide.init_table(db_path)
    await guide.track_session(db_path, "9f2c", "3", "hollis_park")
    query(db_path, sql)
    table = read_table(db_path)
    assert (len(table.rows), table.audited, read_events(db_path)) == (1, {}, ())


@pytest.mark.parametrize("reads", [read_rows, read_table])
def test_no_table_is_said(db_path: Path, reads: object) -> None:
    assert callable(reads)
    with pytest.raises(NotTracked, match=r"no buyers\.db yet"):
        reads(db_path)
    query(db_path, "CREATE TABLE buyers (name TEXT)")
    with pytest.raises(NotTracked, match=r"buyers\.db has no claude_sessions table yet"):
        reads(db_path)


def test_the_acts_are_told_newest_first_of_one_session_or_operator(db_path: Path) -> None:
    for number in range(4):
        track(db_path, f"a{number % 2}", "ben" if number < 2 else "anna")
    said = [(one.session_id, one.operator) for one in read_events(db_path)]
    assert said == [("a1", "anna"), ("a0", "anna"), ("a1", "ben"), ("a0", "ben")]
    assert len(read_events(db_path, limit=3)) == 3
    of_one = read_events(db_path, session_id="a1")
    assert [one.operator for one in of_one] == ["anna", "ben"]
    (only,) = read_events(db_path, session_id="a1", operator="ben")
    assert (only.before, only.action) == (None, "track")


@pytest.mark.parametrize(
    ("column", "value", "is_told"),
    [
        ("at", "soon", False),
        ("at", None, False),
        ("at", b"\xff", False),
        ("operator", "\x1b[31manna\x1b[0m\n", True),
        ("after", "not json", True),
        ("after", "[1]", True),
        ("after", "[" * 100_000, True),
        ("after", '{"session_id": 7}', True),
        ("after", json.dumps({**asdict(Row("9f2c", *"abcde")), "stage": 7}), True),
        ("after", json.dumps({**asdict(Row("9f2c", *"abcde")), "metadata": "\ud800"}), True),
        ("after", b"\xff\xfe", True),
        ("after", None, True),
    ],
)
def test_any_audit_is_read(db_path: Path, column: str, value: object, is_told: bool) -> None:
    row = track(db_path, "9f2c")
    query(db_path, "DROP TABLE claude_session_events")
    columns = "id INTEGER PRIMARY KEY, at, operator, action, session_id, before, after"
    query(db_path, f"CREATE TABLE claude_session_events ({columns})")
    values = {"at": NOW.isoformat(), "operator": "anna", "action": "extend", "session_id": "9f2c",
              "before": None, "after": json.dumps(asdict(row))} | {column: value}  # fmt: skip
    sql = "INSERT INTO claude_session_events VALUES (1, ?, ?, ?, ?, ?, ?)"
    query(db_path, sql, *values.values())
    events = read_events(db_path)
    assert len(events) == is_told
    assert read_table(db_path).rows == (row,)
    for event in events:
        assert event.operator == "anna"
        assert event.after == (None if column == "after" else row)


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_a_lost_one_of_many_keeps_no_other_from_being_changed(db_path: Path, journal: str) -> None:
    """Without the comparison the pipeline's write to the second would be lost."""
    rows = [track(db_path, session_id) for session_id in ("a", "b", "c", "d")]
    query(db_path, f"PRAGMA journal_mode = {journal}")
    query(db_path, "UPDATE claude_sessions SET stage = '4' WHERE session_id = 'b'")
    query(db_path, "DELETE FROM claude_sessions WHERE session_id = 'd'")
    changes = [(row, replace(row, status="expired")) for row in rows]
    lost = tracking(db_path).change_many(changes, action="clean-up", now=NOW)
    assert [type(one) for one in lost] == [type(None), Conflict, type(None), Conflict]
    assert str(lost[1]) == "b changed in the meantime: stage is now 4"
    assert str(lost[3]) == "d is no longer in the table"
    assert {one.session_id: one.status for one in read_rows(db_path)} == {
        "a": "expired", "b": "active", "c": "expired",
    }  # fmt: skip
    told = [one.session_id for one in read_events(db_path) if one.action == "clean-up"]
    assert told == ["c", "a"]


def test_what_was_wiped_stands_in_the_events_of_many_until_one_of_them_settles_it(
    db_path: Path,
) -> None:
    """Without the last event of each, none would say so; without the first of two, both would."""
    one, other = track(db_path, "a"), track(db_path, "b")
    for row in (one, other):
        longer = replace(row, expires_at="2026-12-24T12:00:00")
        tracking(db_path).change(row, longer, action="extend", now=NOW)
    query(db_path, "UPDATE claude_sessions SET expires_at = ?", one.expires_at)  # blind
    over = replace(one, status="expired")
    changes = [(one, over), (over, one), (other, replace(other, stage="4"))]
    assert tracking(db_path).change_many(changes, action="x", now=NOW) == (None, None, None)
    details = [one.detail for one in reversed(read_events(db_path)) if one.action == "x"]
    assert ["2026-12-24" in one for one in details] == [False, False, True]


def test_many_are_changed_in_one_transaction_or_none(db_path: Path) -> None:
    rows = [track(db_path, session_id) for session_id in ("a", "b")]
    query(db_path, "CREATE UNIQUE INDEX no ON claude_sessions (status) WHERE status = 'expired'")
    noted = read_events(db_path)
    changes = [(row, replace(row, status="expired")) for row in rows]
    with pytest.raises(DatabaseProblem, match="UNIQUE"):
        tracking(db_path).change_many(changes, action="clean-up", now=NOW)
    assert (read_rows(db_path), read_events(db_path)) == (tuple(rows), noted)


async def test_the_older_table_gets_the_guides_column_once_there_is_something_to_keep(
    db_path: Path,
) -> None:
    """Else an agent's recorded limits would be dropped, and its next resume would have none."""
    for session_id in ("9f2c", "c3d4"):
        await guide.track_older(db_path, session_id, "hollis_park", "3")
    (row, other) = read_rows(db_path)
    assert tracking(db_path).mark_succeeded("9f2c", now=NOW) == row
    with closing(sqlite3.connect(db_path)) as connection:
        columns = "SELECT name FROM pragma_table_info('claude_sessions')"
        assert ("metadata",) not in connection.execute(columns).fetchall()
    pairs = [(one, replace(one, metadata='{"agent": {"tools": []}}')) for one in (row, other)]
    assert tracking(db_path).change_many(pairs, action="x", now=NOW) == (None, None)
    tracked = tracking(db_path).track(
        "a1b2", listing_id="x", stage="3", now=NOW, expires_at=NOW, metadata={"agent": {}}
    )
    assert read_rows(db_path) == (pairs[0][1], pairs[1][1], tracked)
    assert tracked.details() == {"agent": {}}
    await guide.track_older(db_path, "e5f6", "hollis_park", "3")
    undone = tracking(db_path).change(pairs[0][1], row, action="undo", now=NOW)
    assert undone == row == read_rows(db_path)[0]


@pytest.mark.parametrize(
    ("status", "days", "becomes", "lasts"),
    [("active", 7, "active", 7), ("active", 0, "active", 1), ("expired", 7, "active", 7)],
)
def test_an_extension_by_id_never_shortens(
    db_path: Path, status: str, days: int, becomes: str, lasts: int
) -> None:
    track(db_path, "9f2c")
    query(db_path, "UPDATE claude_sessions SET status = ?", status)
    until = NOW + days * DAY
    row = tracking(db_path).mark_extended("9f2c", now=NOW, until=until, has_transcript=True)
    assert row is not None
    assert (row.status, row.expires_at) == (becomes, f"2026-11-{20 + lasts}T12:00:00")
    nobody = tracking(db_path).mark_extended("no", now=NOW, until=until, has_transcript=True)
    assert nobody is None
