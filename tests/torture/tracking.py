"""The table under fire: lost updates, killed writers, twenty consoles beside a busy pipeline."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event
from pathlib import Path

from tui.core.errors import Conflict, DatabaseProblem
from tui.core.models.row import Row
from tui.core.time.zones import read_time, write_time
from tui.storage.sqlite import async_transactions
from tui.storage.table.tracking import Tracking, Transactions, read_events, read_rows, read_table

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
JOURNALS = ("delete", "wal")
CONSOLES = 20
_PATIENCE_S = 300

_Change = Callable[[Row, Row], object]


def run(scale: float) -> dict[str, object]:
    """Run all of it in both journal modes; the figures of the promises at scale 1."""
    said: dict[str, object] = {}
    for journal in JOURNALS:
        with table(journal) as db_path:
            lose_no_update(db_path, 8, max(1, round(100 * scale)))
        with table(journal) as db_path:
            said[f"{journal}: commits untold"] = kill_writers(db_path, max(1, round(100 * scale)))
        watched_ms, alone_ms = compare(journal, max(1.0, 10 * scale))
        said[f"{journal}: p99 ms of a commit, watched"] = watched_ms
        said[f"{journal}: p99 ms of a commit, not watched"] = alone_ms
        assert watched_ms <= alone_ms + 5, f"{said}: the pipeline waits for those who look"
    return said


def compare(journal: str, seconds: float) -> tuple[float, float]:
    """Return the 99th percentile of a commit's time, watched and not, in ms: the best of three.

    Not watched means that the consoles look as often at another database: a busy processor is
    none of a lock's doing.
    """
    watched, alone = [], []
    for _ in range(3):
        with table(journal) as db_path, table(journal) as other:
            watched.append(percentile(write_beside_consoles(db_path, seconds, db_path)))
            alone.append(percentile(write_beside_consoles(db_path, seconds, other)))
    return round(min(watched) * 1000, 2), round(min(alone) * 1000, 2)


@contextmanager
def table(journal: str) -> Iterator[Path]:
    """Make a table with one row, in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        yield make_table(Path(folder), journal)


def make_table(folder: Path, journal: str) -> Path:
    """Make a table with one row, which ends at `START`."""
    db_path = folder / "buyers.db"
    Tracking(db_path, UTC, "anna").track(
        "9f2c", listing_id="x", stage="0", now=START, expires_at=START
    )
    with closing(sqlite3.connect(db_path)) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal}")
    return db_path


def _forked() -> ForkServerContext:
    """Return what starts processes that have imported all of this before."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.torture.tracking"])
    return context


def lose_no_update(db_path: Path, processes: int, extensions: int) -> None:
    """Let processes, one in two through aiosqlite, extend one row by a second so often each."""
    context = _forked()
    workers = [
        context.Process(target=extend_often, args=(str(db_path), extensions, index % 2 == 1))
        for index in range(processes)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(_PATIENCE_S)
    assert [worker.exitcode for worker in workers] == [0] * processes
    (row,) = read_rows(db_path)
    lost = START + timedelta(seconds=processes * extensions) - _until(row)
    assert not lost, f"{lost.total_seconds():.0f} extensions are lost"
    events = read_events(db_path, limit=processes * extensions + 10)
    assert sum(event.action == "extend" for event in events) == processes * extensions


def extend_often(path: str, extensions: int, is_awaited: bool) -> None:
    """Extend as an operator would: look, plan, write, and look again when it was changed."""
    db_path, done = Path(path), 0
    change = changing(db_path, is_awaited=is_awaited)
    while done < extensions:
        try:
            (row,) = read_rows(db_path, timeout_s=5)
            later = _until(row) + timedelta(seconds=1)
            change(row, replace(row, expires_at=write_time(later, UTC)))
        except (Conflict, DatabaseProblem):
            continue
        done += 1


def changing(db_path: Path, *, is_awaited: bool) -> _Change:
    """Return what changes a row, through one driver or the other."""
    if not is_awaited:
        tracking = Tracking(db_path, UTC, "anna")
        return lambda before, after: tracking.change(before, after, action="extend", now=START)
    acts = Transactions(UTC, "anna")

    async def change(before: Row, after: Row) -> Row:
        steps = acts.change(before, after, action="extend", now=START)
        return await async_transactions.write(db_path, steps)

    return lambda before, after: asyncio.run(change(before, after))


def kill_writers(db_path: Path, times: int) -> int:
    """Kill a writer in the middle so often; return how often it had written more than it told.

    What it told is there, with at most one more; the row and its audit agree.
    """
    context = _forked()
    untold, moments = 0, random.Random(1)  # noqa: S311 (moments of a test)
    for number in range(times):
        told, tells = context.Pipe(duplex=False)
        with told:
            worker = context.Process(target=write_on, args=(str(db_path), tells, number % 2 == 1))
            worker.start()
            tells.close()
            begun = told.recv()
            time.sleep(moments.random() * 0.03)
            worker.kill()
            worker.join(_PATIENCE_S)
            more = _written(db_path) - max((begun, *_told(told)))
        assert more in (0, 1), f"a killed writer told {more} less than is there"
        untold += more
    return untold


def write_on(path: str, tells: Connection, is_awaited: bool) -> None:
    """Count in the row's stage until killed, telling each number once it is written."""
    db_path = Path(path)
    change = changing(db_path, is_awaited=is_awaited)
    (row,) = read_rows(db_path, timeout_s=5)
    while True:
        tells.send(int(row.stage))
        after = replace(row, stage=str(int(row.stage) + 1))
        change(row, after)
        row = after


def _told(told: Connection) -> Iterator[int]:
    with suppress(EOFError):
        while True:
            yield told.recv()


def _written(db_path: Path) -> int:
    """Check that the database is sound and return how many numbers were written."""
    table = read_table(db_path, timeout_s=5)
    (row,) = table.rows
    with closing(sqlite3.connect(db_path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        (events,) = connection.execute("SELECT COUNT(*) FROM claude_session_events").fetchone()
    assert (table.audited["9f2c"].after, events) == (row, int(row.stage) + 1)
    return int(row.stage)


def write_beside_consoles(db_path: Path, seconds: float, looked_at: Path) -> list[float]:
    """Write as a pipeline does while consoles look, each twice a second; see below."""
    context = _forked()
    is_over, looks = context.Event(), context.Value("q", 0)
    consoles = [
        context.Process(target=_look_often, args=(str(looked_at), number, is_over, looks))
        for number in range(CONSOLES)
    ]
    for console in consoles:
        console.start()
    try:
        times = write_as_a_pipeline(db_path, seconds)
        until = time.monotonic() + _PATIENCE_S
        while looks.value <= CONSOLES and time.monotonic() < until:  # on a busy machine
            times += write_as_a_pipeline(db_path, seconds)
    finally:
        is_over.set()
        for console in consoles:
            console.join(_PATIENCE_S)
    assert looks.value > CONSOLES, "the consoles hardly saw anything"
    return times


def _look_often(path: str, number: int, is_over: Event, looks: Synchronized[int]) -> None:
    is_over.wait(number / CONSOLES / 2)
    while not is_over.wait(0.5):
        with suppress(DatabaseProblem):
            read_table(Path(path))
            with looks.get_lock():
                looks.value += 1


def write_as_a_pipeline(db_path: Path, seconds: float) -> list[float]:
    """Write every 3 ms for a while, in a process of its own; return how long each took.

    Every error of the pipeline is raised.
    """
    context = _forked()
    told, tells = context.Pipe(duplex=False)
    with told:
        pipeline = context.Process(target=_write_often, args=(str(db_path), seconds, tells))
        pipeline.start()
        tells.close()
        times: list[float] = told.recv()
        pipeline.join(_PATIENCE_S)
    assert pipeline.exitcode == 0
    return times


def _write_often(path: str, seconds: float, tells: Connection) -> None:
    times, ends = [], time.monotonic() + seconds
    while (begun := time.monotonic()) < ends:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("UPDATE claude_sessions SET stage = ?", (str(begun),))
            connection.commit()
        times.append(time.monotonic() - begun)
        time.sleep(0.003)
    tells.send(times)


def percentile(times: Sequence[float], share: float = 0.99) -> float:
    """Return the time that this share of them stays below."""
    return sorted(times)[int(len(times) * share)]


def _until(row: Row) -> datetime:
    until = read_time(row.expires_at, UTC)
    assert until is not None
    return until
