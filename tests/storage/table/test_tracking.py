"""The guide's database: what its statements write we read, and what we write they read."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.listings import guide_statements as guide
from tui.core.errors import Conflict, DatabaseProblem
from tui.core.models.row import Row
from tui.core.time.zones import LOCAL, read_time
from tui.storage.table.tracking import Tracking, read_rows

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


@pytest.fixture
def db_path(tmp_path: Path) -> Path:
    return tmp_path / "buyers.db"


def tracking(db_path: Path) -> Tracking:
    return Tracking(db_path, LOCAL, "anna")


def track(db_path: Path, session_id: str = "9f2c", days: int = 7) -> Row:
    return tracking(db_path).track(
        session_id, listing_id="hollis_park", stage="stage_3", now=NOW, expires_at=NOW + days * DAY
    )


def query(db_path: Path, sql: str, *values: object) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(db_path, isolation_level=None)) as connection:
        return connection.execute(sql, values).fetchall()


def events(db_path: Path) -> list[tuple[object, ...]]:
    return query(db_path, "SELECT operator, action, session_id FROM claude_session_events")


async def test_what_the_guides_class_writes_is_read(db_path: Path) -> None:
    await guide.init_table(db_path)
    await guide.track_session(db_path, "9f2c", "stage_3", "hollis_park", {"workers": 8})
    await guide.track_session(db_path, "a1b2", "stage_1", "hollis_park")
    await guide.mark_session_failed(db_path, "a1b2")
    first, second = read_rows(db_path)
    assert (first.session_id, first.listing_id, first.stage) == ("9f2c", "hollis_park", "stage_3")
    assert (first.status, first.details()) == ("active", {"workers": 8})
    assert (second.status, second.metadata) == ("failed", None)
    lasts = read_time(first.expires_at, LOCAL)
    assert lasts is not None
    assert abs(lasts - NOW - 30 * DAY) < timedelta(hours=2)


async def test_the_older_table_is_read_as_it_is_and_widened_for_metadata(
    db_path: Path,
) -> None:
    await guide.track_older(db_path, "9f2c", "hollis_park", "stage_3")
    (row,) = read_rows(db_path)
    assert row.metadata is None
    after = replace(row, expires_at="2030-01-01T00:00:00", status="failed", metadata='{"a": 1}')
    tracking(db_path).change(row, after, action="fail", now=NOW)
    assert read_rows(db_path) == (after,)
    tracking(db_path).mark_failed("9f2c", now=NOW, reason="API error")
    track(db_path, "a1b2")
    assert len(await guide.list_active_sessions(db_path)) == 1


async def test_the_guide_reads_what_we_write(db_path: Path) -> None:
    track(db_path, "long", 7)
    track(db_path, "short", -1)
    tracking(db_path).track(
        "rich", listing_id="x", stage="2", now=NOW, expires_at=NOW + DAY, metadata={"workers": 8}
    )
    active = {row["session_id"]: row for row in await guide.list_active_sessions(db_path)}
    assert set(active) == {"long", "short", "rich"}
    assert json.loads(active["rich"]["metadata"]) == {"workers": 8}
    assert datetime.fromisoformat(active["long"]["expires_at"]).tzinfo is None
    assert await guide.expired_now(db_path) == ["short"]
    await guide.extend_session(db_path, "short")
    assert await guide.expired_now(db_path) == []
    assert await guide.get_session_stats(db_path) == {"active": 3}


async def test_the_guides_table_is_the_one_we_make(tmp_path: Path, db_path: Path) -> None:
    track(db_path)
    theirs = tmp_path / "theirs.db"
    await guide.init_table(theirs)
    columns = "PRAGMA table_info(claude_sessions)"
    assert query(db_path, columns) == query(theirs, columns)


def test_tracking_again_keeps_what_was_written(db_path: Path) -> None:
    before = track(db_path, days=30)
    tracking(db_path).mark_failed("9f2c", now=NOW, reason="API error 529")
    again = track(db_path, days=7)
    assert again.expires_at == before.expires_at
    assert again.created_at == before.created_at
    assert again.status == "active"
    assert read_rows(db_path) == (again,)


def test_the_life_of_a_row(db_path: Path) -> None:
    writes = tracking(db_path)
    track(db_path, days=0)
    writes.mark_failed("9f2c", now=NOW, reason="key\x1b[31m invalid")
    (failed,) = read_rows(db_path)
    assert failed.details()["last_error"] == "key invalid"
    writes.mark_succeeded("9f2c", now=NOW)
    writes.mark_resumed("9f2c", now=NOW, keeps_until=NOW + DAY)
    (row,) = read_rows(db_path)
    assert (row.status, read_time(row.expires_at, LOCAL)) == ("active", NOW + DAY)
    writes.mark_succeeded("9f2c", now=NOW)
    writes.mark_succeeded("missing", now=NOW)
    writes.mark_resumed("missing", now=NOW, keeps_until=NOW)
    writes.mark_failed("missing", now=NOW, reason="nobody")
    acts = ("track", "fail", "succeed", "resume")
    assert events(db_path) == [("anna", act, "9f2c") for act in acts]


@pytest.mark.parametrize(
    ("by", "passed", "words"),
    [
        ("bert", 3, "expires_at is now .*; bert extended it 3 s ago$"),
        ("b\x1b[31mert", 7200, "; bert extended it 2 h ago$"),
    ],
)
def test_the_loser_of_a_race_is_told_who_won_it_and_when(
    db_path: Path, by: str, passed: int, words: str
) -> None:
    before = track(db_path)
    then = NOW - timedelta(seconds=passed)
    Tracking(db_path, LOCAL, by).mark_extended(
        "9f2c", now=then, until=NOW + 30 * DAY, has_transcript=True
    )
    after = replace(before, status="deleted")
    with pytest.raises(Conflict, match=words):
        tracking(db_path).change(before, after, action="delete", now=NOW)
    (lost,) = tracking(db_path).change_many([(before, after)], action="delete", now=NOW)
    assert str(lost).endswith("ago")
    query(db_path, "UPDATE claude_sessions SET stage = 'of the pipeline'")
    with pytest.raises(
        Conflict, match=r"stage is now of the pipeline, expires_at is now [-:T\d]+$"
    ):
        tracking(db_path).change(before, after, action="delete", now=NOW)


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("UPDATE claude_sessions SET expires_at = '2031-01-01T00:00:00'", "expires_at is now 2031"),
        ("UPDATE claude_sessions SET status = 'failed'", "status is now failed"),
        ("UPDATE claude_sessions SET status = NULL", "status is now empty"),
        ("UPDATE claude_sessions SET metadata = '{}'", "metadata"),
        ("UPDATE claude_sessions SET stage = '4' || char(27) || '[31m'", "stage is now 4"),
        ("DELETE FROM claude_sessions", "no longer in the table"),
        ("DROP TABLE claude_sessions", "no longer in the table"),
    ],
)
def test_a_lost_race_overwrites_nothing_and_says_what_changed(
    db_path: Path, sql: str, words: str
) -> None:
    """Without the comparison in `Tracking.change` the pipeline's write would be lost."""
    before = track(db_path)
    query(db_path, sql)
    kept, noted = read_rows(db_path) if "DROP" not in sql else (), events(db_path)
    after = replace(before, status="deleted")
    with pytest.raises(Conflict, match=words) as raised:
        tracking(db_path).change(before, after, action="delete", now=NOW)
    assert "\x1b" not in str(raised.value)
    assert events(db_path) == noted
    if "DROP" not in sql:
        assert read_rows(db_path) == kept


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("(NULL, 'l', 's', 'c', 'e', NULL, NULL)", Row("", "l", "s", "c", "e", "", None)),
        ("(7, 8, 9, 10, 11, 12, 13)", Row("7", "8", "9", "10", "11", "12", "13")),
        ("('a', X'FF41', 1.5, '', '', X'', X'7B7D')", Row("a", "\ufffdA", "1.5", "", "", "", "{}")),
        ("('a', 'l', 's', 'c', 'e', 'active', CAST(X'FF' AS TEXT))",
         Row("a", "l", "s", "c", "e", "active", "\ufffd")),
    ],
)  # fmt: skip
async def test_any_stored_value_is_read_as_text(db_path: Path, sql: str, expected: Row) -> None:
    await guide.init_table(db_path)
    query(db_path, f"INSERT INTO claude_sessions VALUES {sql}")  # noqa: S608 (the table above)
    assert read_rows(db_path) == (expected,)
    assert dict(read_rows(db_path)[0].details()) == {}


async def test_other_tables_and_columns_are_left_alone(db_path: Path) -> None:
    await guide.init_table(db_path)
    query(db_path, "CREATE TABLE buyers (name TEXT)")
    query(db_path, "INSERT INTO buyers VALUES ('Grundfos')")
    query(db_path, "ALTER TABLE claude_sessions ADD COLUMN cost REAL DEFAULT 1.25")
    before = track(db_path)
    tracking(db_path).change(before, replace(before, status="failed"), action="fail", now=NOW)
    assert query(db_path, "SELECT name FROM buyers") == [("Grundfos",)]
    assert query(db_path, "SELECT cost, status FROM claude_sessions") == [(1.25, "failed")]


async def test_only_what_changes_is_written(db_path: Path) -> None:
    """Written back as they were read, bytes that are no text would become others."""
    await guide.init_table(db_path)
    odd = "('9f2c', 'l', 's', 'c', 'e', NULL, CAST(X'7BFF7D' AS TEXT))"
    query(db_path, f"INSERT INTO claude_sessions VALUES {odd}")  # noqa: S608 (as above)
    (before,) = read_rows(db_path)
    after = replace(before, expires_at="2030-01-01T00:00:00")
    tracking(db_path).change(before, after, action="extend", now=NOW)
    stored = query(db_path, "SELECT expires_at, status, hex(metadata) FROM claude_sessions")
    assert stored == [("2030-01-01T00:00:00", None, "7BFF7D")]


@pytest.mark.parametrize("journal", ["delete", "wal"])
async def test_the_journal_mode_is_never_touched(db_path: Path, journal: str) -> None:
    await guide.init_table(db_path)
    query(db_path, f"PRAGMA journal_mode = {journal}")
    track(db_path)
    read_rows(db_path)
    assert query(db_path, "PRAGMA journal_mode") == [(journal,)]


def test_a_failed_write_leaves_neither_row_nor_event(db_path: Path) -> None:
    before, other = track(db_path), track(db_path, "a1b2")
    query(db_path, "UPDATE claude_sessions SET status = 'x' WHERE session_id = 'a1b2'")
    query(db_path, "CREATE UNIQUE INDEX no ON claude_sessions (status) WHERE status = 'x'")
    noted = events(db_path)
    with pytest.raises(DatabaseProblem, match="UNIQUE"):
        tracking(db_path).change(before, replace(before, status="x"), action="delete", now=NOW)
    rows = before, replace(other, status="x")
    assert (read_rows(db_path), events(db_path)) == (rows, noted)


@pytest.mark.parametrize("is_dangling", [True, False])
def test_a_link_is_never_written_through(tmp_path: Path, db_path: Path, is_dangling: bool) -> None:
    elsewhere = tmp_path / "elsewhere.db"
    if not is_dangling:
        track(elsewhere)
    db_path.symlink_to(elsewhere)
    with pytest.raises(DatabaseProblem, match="link"):
        track(db_path, "a1b2")
    assert elsewhere.exists() is not is_dangling
