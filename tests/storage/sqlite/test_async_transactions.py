"""Both drivers run a transaction alike; a cancelled one is written whole or not at all."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.listings import guide_statements as guide
from tests.support.listings.sample_listing import snapshot
from tests.support.open_files import open_files
from tests.support.place import REPOSITORY
from tests.support.processes.runs_site import wait
from tui.core.errors import Conflict, DatabaseProblem, NotTracked
from tui.core.models.row import Row
from tui.storage.sqlite import async_transactions, transactions
from tui.storage.sqlite.transactions import Steps
from tui.storage.table.tracking import (
    Transactions,
    active_rows,
    all_rows,
    read_events,
    read_rows,
    read_table,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TRACK: dict[str, Any] = {"listing_id": "x", "stage": "3", "now": NOW, "expires_at": NOW + DAY}

ACTS = Transactions(UTC, "anna")
EACH: tuple[Callable[[], Steps[Any]], ...] = (
    lambda: ACTS.init_table(),
    lambda: ACTS.track("9f2c", **TRACK, metadata={"workers": 8}),
    lambda: ACTS.track("a1b2", **TRACK),
    lambda: ACTS.mark_extended("9f2c", now=NOW, until=NOW + 9 * DAY, has_transcript=True),
    lambda: ACTS.mark_failed("9f2c", now=NOW, reason="API error 529"),
    lambda: ACTS.mark_resumed("9f2c", now=NOW, keeps_until=NOW + DAY),
    lambda: ACTS.mark_succeeded("9f2c", now=NOW),
    lambda: ACTS.mark_succeeded("nobody", now=NOW),
    lambda: ACTS.track("9f2c", **TRACK),
)


@pytest.fixture
def db_path(tmp_path: Path) -> Path:
    return tmp_path / "buyers.db"


async def track(db_path: Path, session_id: str, **facts: Any) -> Row:
    steps = ACTS.track(session_id, **(TRACK | facts))
    return await async_transactions.write(db_path, steps, creates=True)


async def mark_failed(db_path: Path, session_id: str) -> Row | None:
    steps = ACTS.mark_failed(session_id, now=NOW, reason="API error")
    return await async_transactions.write(db_path, steps)


async def change(db_path: Path, before: Row, after: Row) -> Row:
    steps = ACTS.change(before, after, action="extend", now=NOW)
    return await async_transactions.write(db_path, steps)


def query(db_path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(db_path, timeout=0, isolation_level=None)) as connection:
        return connection.execute(sql).fetchall()


async def test_both_drivers_do_the_same(tmp_path: Path, db_path: Path) -> None:
    other = tmp_path / "other.db"
    for act in EACH:
        awaited = await async_transactions.write(db_path, act(), creates=True)
        assert awaited == transactions.write(other, act(), creates=True)
    rows = read_rows(db_path)
    pairs = [(row, replace(row, status="expired")) for row in rows]
    pairs.append((replace(rows[0], stage="other"), rows[0]))
    for answers in (
        await async_transactions.write(db_path, ACTS.change_many(pairs, action="x", now=NOW)),
        transactions.write(other, ACTS.change_many(pairs, action="x", now=NOW)),
    ):
        assert answers[:2] == (None, None)
        assert isinstance(answers[2], Conflict)
    assert await async_transactions.read(db_path, all_rows()) == read_rows(other)
    assert read_table(db_path) == read_table(other)
    assert read_events(db_path) == read_events(other)


async def test_a_lost_race_overwrites_nothing(db_path: Path) -> None:
    before = await track(db_path, "9f2c")
    query(db_path, "UPDATE claude_sessions SET stage = '4'")
    with pytest.raises(Conflict, match="stage is now 4"):
        await change(db_path, before, replace(before, stage="5"))
    assert read_rows(db_path) == (replace(before, stage="4"),)


async def test_the_active_rows_are_listed_as_the_guide_lists_them(db_path: Path) -> None:
    await track(db_path, "9f2c", metadata={"workers": 8})
    await track(db_path, "a1b2", now=NOW + DAY)
    await track(db_path, "c3d4")
    await mark_failed(db_path, "c3d4")
    query(db_path, 'ALTER TABLE claude_sessions ADD COLUMN "a ""b" REAL DEFAULT 1.25')
    listed = await async_transactions.read(db_path, active_rows())
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
    for steps in (all_rows(), active_rows()):
        with pytest.raises(DatabaseProblem, match=words):
            await async_transactions.read(db_path, steps)
    assert not db_path.with_name("elsewhere.db").exists()


async def test_a_write_makes_no_database_but_the_first_act(db_path: Path) -> None:
    with pytest.raises(NotTracked):
        await mark_failed(db_path, "9f2c")
    assert snapshot(db_path.parent).keys() == {"."}


@pytest.mark.parametrize("journal", ["delete", "wal"])
async def test_cancelled_anywhere_an_act_is_written_whole_or_not_at_all(
    db_path: Path, journal: str
) -> None:
    """Without the wait for its end, connections are left open."""
    row = await track(db_path, "9f2c")
    query(db_path, f"PRAGMA journal_mode = {journal}")
    threads, files, written = threading.active_count(), open_files(), 0
    for number in range(60):
        after = replace(row, stage=f"stage_{number}")
        task = asyncio.ensure_future(change(db_path, row, after))
        await asyncio.sleep(number / 60 * 0.008)
        task.cancel()
        await asyncio.wait([task])
        (stored,) = query(db_path, "SELECT stage FROM claude_sessions")
        is_written = stored == (after.stage,)
        assert task.cancelled() or is_written
        row, written = (after, written + 1) if is_written else (row, written)
        query(db_path, "BEGIN EXCLUSIVE")
    assert len(read_events(db_path, limit=100)) == written + 1
    wait(lambda: threading.active_count() <= threads)  # the last ones may be about to end
    assert open_files() <= files
    assert written > 0


async def test_cancelled_while_it_waits_for_a_lock_it_ends_before_the_cancellation_goes_on(
    db_path: Path,
) -> None:
    """Without the wait for its end, nobody could say yet whether it will be written."""
    row = await track(db_path, "9f2c")
    pipeline = sqlite3.connect(db_path, isolation_level=None)
    with closing(pipeline):
        pipeline.execute("BEGIN IMMEDIATE")
        task = asyncio.ensure_future(change(db_path, row, replace(row, stage="4")))
        for _ in range(6000):  # until it waits for the lock
            if times_open(db_path) > 1:
                break
            await asyncio.sleep(0.01)
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
    await async_transactions.write(db_path, ACTS.init_table(), creates=True)
    names = [f"a{number}" for number in range(20)]
    rows = await asyncio.gather(*(track(db_path, name) for name in names))
    assert sorted(read_rows(db_path), key=by_id) == sorted(rows, key=by_id)


async def test_writers_of_one_event_loop_take_turns_and_none_starves_at_the_lock(
    db_path: Path,
) -> None:
    """SQLite gives its lock to whoever polls first: of many writers one could wait too long."""
    await async_transactions.write(db_path, ACTS.init_table(), creates=True)
    writers = [asyncio.create_task(track(db_path, f"a{number}")) for number in range(30)]
    open_at_once = 0
    while not all(one.done() for one in writers):
        open_at_once = max(open_at_once, times_open(db_path))
        await asyncio.sleep(0)
    await asyncio.gather(*writers)
    assert open_at_once == 1


def times_open(path: Path) -> int:
    """Return how many descriptors of this process may write to a file."""
    found = 0
    for one in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            if one.readlink() == path:
                about = Path(f"/proc/self/fdinfo/{one.name}").read_text()
                flags = int(about.split("flags:")[1].split()[0], 8)
                found += flags & os.O_ACCMODE != os.O_RDONLY
    return found


def by_id(row: Row) -> str:
    return row.session_id


PROGRAM = """
import asyncio, sys, threading, time
from datetime import UTC, datetime
from pathlib import Path
from tui.storage.sqlite import async_transactions, connection
from tui.storage.table.tracking import Transactions

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
come = threading.Event()

def slowly(act):
    def slow(*args, **kwargs):
        come.set()
        time.sleep(0.1)
        return act(*args, **kwargs)
    return slow

async def main():
    acts, db_path = Transactions(UTC, "anna"), Path(sys.argv[1])
    steps = [acts.mark_failed("9f2c", now=NOW, reason=f"API error {n}") for n in range(9)]
    writes = (async_transactions.write(db_path, one) for one in steps)
    tasks = [asyncio.ensure_future(one) for one in writes]
    if sys.argv[2]:
        await asyncio.to_thread(come.wait, 60)

match sys.argv[2]:
    case "opening":
        async_transactions.writing = slowly(async_transactions.writing)
    case "writing":
        connection.WriteConnection.execute = slowly(connection.WriteConnection.execute)
    case "closing":
        connection.WriteConnection.close = slowly(connection.WriteConnection.close)
asyncio.run(main())
"""


@pytest.mark.parametrize("step", ["", "opening", "writing", "closing"])
async def test_a_program_that_ends_in_the_middle_ends_and_leaves_all_of_it_whole(
    db_path: Path, step: str
) -> None:
    """A connection left open would keep the process from ever exiting.

    Without the wait for its thread, that would report to a loop that is closed.
    """
    await track(db_path, "9f2c")
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
