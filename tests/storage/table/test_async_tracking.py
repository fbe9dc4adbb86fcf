"""The awaited transactions do what the others do, and end whole when they are cancelled."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.listings import guide_statements as guide
from tests.support.listings.sample_listing import snapshot
from tests.support.place import REPOSITORY
from tui.core.errors import Conflict, DatabaseProblem, NotTracked
from tui.core.models.row import Row
from tui.storage.table.async_tracking import AsyncTracking
from tui.storage.table.tracking import Tracking, read_events, read_rows, read_table

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TRACK: dict[str, Any] = {"listing_id": "x", "stage": "3", "now": NOW, "expires_at": NOW + DAY}

Act = Callable[[Any], Any]
ACTS: tuple[Act, ...] = (
    lambda one: one.init_table(),
    lambda one: one.track("9f2c", **TRACK, metadata={"workers": 8}),
    lambda one: one.track("a1b2", **TRACK),
    lambda one: one.mark_extended("9f2c", now=NOW, until=NOW + 9 * DAY, has_transcript=True),
    lambda one: one.mark_failed("9f2c", now=NOW, reason="API error 529"),
    lambda one: one.mark_resumed("9f2c", now=NOW, keeps_until=NOW + DAY),
    lambda one: one.mark_succeeded("9f2c", now=NOW),
    lambda one: one.mark_succeeded("nobody", now=NOW),
    lambda one: one.track("9f2c", **TRACK),
)


@pytest.fixture
def db_path(tmp_path: Path) -> Path:
    return tmp_path / "buyers.db"


def awaited(db_path: Path) -> AsyncTracking:
    return AsyncTracking(db_path, UTC, "anna")


def query(db_path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(db_path, timeout=0, isolation_level=None)) as connection:
        return connection.execute(sql).fetchall()


async def test_every_act_does_what_the_other_driver_does(tmp_path: Path, db_path: Path) -> None:
    other = tmp_path / "other.db"
    plain, tracking = Tracking(other, UTC, "anna"), awaited(db_path)
    for act in ACTS:
        assert await act(tracking) == act(plain)
    for one in (tracking, plain):
        rows = read_rows(one.db_path)
        pairs = [(row, replace(row, status="expired")) for row in rows]
        pairs.append((replace(rows[0], stage="other"), rows[0]))
        lost = one.change_many(pairs, action="clean-up", now=NOW)
        answers = await lost if isinstance(lost, Awaitable) else lost
        assert [str(one) if one else "" for one in answers][:2] == ["", ""]
        assert isinstance(answers[2], Conflict)
    assert await tracking.read_rows() == read_rows(db_path) == read_rows(other)
    assert read_table(db_path) == read_table(other)
    assert read_events(db_path) == read_events(other)


async def test_a_lost_race_overwrites_nothing(db_path: Path) -> None:
    before = await awaited(db_path).track("9f2c", **TRACK)
    query(db_path, "UPDATE claude_sessions SET stage = '4'")
    with pytest.raises(Conflict, match="stage is now 4"):
        await awaited(db_path).change(before, replace(before, stage="5"), action="x", now=NOW)
    assert await awaited(db_path).read_rows() == (replace(before, stage="4"),)


async def test_the_active_rows_are_listed_as_the_guide_lists_them(db_path: Path) -> None:
    await awaited(db_path).track("9f2c", **TRACK, metadata={"workers": 8})
    await awaited(db_path).track("a1b2", **TRACK | {"now": NOW + DAY})
    await awaited(db_path).track("c3d4", **TRACK)
    await awaited(db_path).mark_failed("c3d4", now=NOW, reason="API error")
    query(db_path, 'ALTER TABLE claude_sessions ADD COLUMN "a ""b" REAL DEFAULT 1.25')
    listed = await awaited(db_path).list_active()
    assert listed == await guide.list_active_sessions(db_path)
    assert [one["session_id"] for one in listed] == ["a1b2", "9f2c"]
    assert listed[0]['a "b'] == 1.25


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda path: None, "no buyers.db yet"),
        (lambda path: path.mkdir(), "buyers.db is not a file"),
        (lambda path: path.symlink_to("elsewhere.db"), "buyers.db is a link"),
        (lambda path: path.write_bytes(b"name,city\n" * 500), "is not a SQLite database"),
        (lambda path: path.touch(), "buyers.db has no claude_sessions table yet"),
    ],
)
async def test_what_is_wrong_is_said(
    db_path: Path, prepare: Callable[[Path], object], words: str
) -> None:
    prepare(db_path)
    for read in (awaited(db_path).read_rows, awaited(db_path).list_active):
        with pytest.raises(DatabaseProblem, match=words):
            await read()
    assert not db_path.with_name("elsewhere.db").exists()


async def test_a_write_makes_no_database_but_the_first_act(db_path: Path) -> None:
    with pytest.raises(NotTracked):
        await awaited(db_path).mark_failed("9f2c", now=NOW, reason="API error")
    assert snapshot(db_path.parent).keys() == {"."}


@pytest.mark.parametrize("journal", ["delete", "wal"])
async def test_cancelled_anywhere_an_act_is_written_whole_or_not_at_all(
    db_path: Path, journal: str
) -> None:
    """Without the wait for its end, connections are left open."""
    row = await awaited(db_path).track("9f2c", **TRACK)
    query(db_path, f"PRAGMA journal_mode = {journal}")
    threads, files, written = threading.active_count(), open_files(), 0
    for number in range(60):
        after = replace(row, stage=f"stage_{number}")
        act = awaited(db_path).change(row, after, action="extend", now=NOW)
        task = asyncio.ensure_future(act)
        await asyncio.sleep(number / 60 * 0.008)
        task.cancel()
        await asyncio.wait([task])
        (stored,) = query(db_path, "SELECT stage FROM claude_sessions")
        is_written = stored == (after.stage,)
        assert task.cancelled() or is_written
        row, written = (after, written + 1) if is_written else (row, written)
        query(db_path, "BEGIN EXCLUSIVE")
    assert len(read_events(db_path, limit=100)) == written + 1
    assert threading.active_count() <= threads + 2  # the last ones may be about to end
    assert open_files() == files
    assert written > 0


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def test_cancelled_while_it_waits_for_a_lock_it_ends_before_the_cancellation_goes_on(
    db_path: Path,
) -> None:
    """Without the wait for its end, nobody could say yet whether it will be written."""
    row = await awaited(db_path).track("9f2c", **TRACK)
    pipeline = sqlite3.connect(db_path, isolation_level=None)
    with closing(pipeline):
        pipeline.execute("BEGIN IMMEDIATE")
        act = awaited(db_path).change(row, replace(row, stage="4"), action="extend", now=NOW)
        task = asyncio.ensure_future(act)
        await asyncio.sleep(0.1)
        for _ in range(3):
            task.cancel()
            await asyncio.sleep(0.05)
        assert not task.done()
        pipeline.execute("COMMIT")
        await asyncio.wait([task])
    assert task.cancelled()
    assert [one.stage for one in read_rows(db_path)] == ["4"]
    assert len(read_events(db_path)) == 2


async def test_acts_at_once_do_not_hinder_each_other(db_path: Path) -> None:
    await awaited(db_path).init_table()
    names = [f"a{number}" for number in range(20)]
    rows = await asyncio.gather(*(awaited(db_path).track(name, **TRACK) for name in names))
    assert sorted(read_rows(db_path), key=by_id) == sorted(rows, key=by_id)


def by_id(row: Row) -> str:
    return row.session_id


PROGRAM = """
import asyncio, sys, threading, time
from datetime import UTC, datetime
from pathlib import Path
from tui.storage import async_tracking, connection

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
come = threading.Event()

def slowly(act):
    def slow(*args, **kwargs):
        come.set()
        time.sleep(0.1)
        return act(*args, **kwargs)
    return slow

async def main():
    tracking = async_tracking.AsyncTracking(Path(sys.argv[1]), UTC, "anna")
    acts = [tracking.mark_failed("9f2c", now=NOW, reason=f"API error {n}") for n in range(9)]
    tasks = [asyncio.ensure_future(act) for act in acts]
    if sys.argv[2]:
        await asyncio.to_thread(come.wait, 60)

match sys.argv[2]:
    case "opening":
        async_tracking.writing = slowly(async_tracking.writing)
    case "writing":
        connection.Writer.execute = slowly(connection.Writer.execute)
    case "closing":
        connection.Writer.close = slowly(connection.Writer.close)
asyncio.run(main())
"""


@pytest.mark.parametrize("step", ["", "opening", "writing", "closing"])
async def test_a_program_that_ends_in_the_middle_ends_and_leaves_all_of_it_whole(
    db_path: Path, step: str
) -> None:
    """A connection left open would keep the process from ever exiting.

    Without the wait for its thread, that would report to a loop that is closed.
    """
    await awaited(db_path).track("9f2c", **TRACK)
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", PROGRAM, str(db_path), step],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=REPOSITORY,
    )
    assert (done.returncode, done.stderr) == (0, "")
    query(db_path, "BEGIN EXCLUSIVE")
    (row,) = read_rows(db_path)
    assert read_events(db_path)[0].after == row
