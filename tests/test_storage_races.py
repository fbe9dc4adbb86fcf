"""Nothing silently overwrites a change made since the row was read."""

from __future__ import annotations

import multiprocessing
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tui.core.errors import Changed, DatabaseProblem
from tui.core.zones import read_time, write_time
from tui.storage.tracking import Tracking, read_rows

PROCESSES, EXTENSIONS = 8, 25
START = datetime(2026, 11, 20, 12, tzinfo=UTC)


def extend_often(path: str) -> None:
    """Add a minute `EXTENSIONS` times, as an operator would: look, plan, write, look again."""
    db_path, done = Path(path), 0
    tracking = Tracking(db_path, UTC, "anna")
    while done < EXTENSIONS:
        try:
            (row,) = read_rows(db_path, timeout_s=5)
            was = read_time(row.expires_at, UTC)
            assert was is not None
            later = replace(row, expires_at=write_time(was + timedelta(minutes=1), UTC))
            tracking.change(row, later, action="extend", now=START)
        except (Changed, DatabaseProblem):
            continue
        done += 1


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_no_extension_is_lost(tmp_path: Path, journal: str) -> None:
    """Without the comparison in `Tracking.change` it ends many minutes short."""
    db_path = tmp_path / "buyers.db"
    Tracking(db_path, UTC, "anna").track(
        "9f2c", listing_id="x", stage="3", now=START, expires_at=START
    )
    with closing(sqlite3.connect(db_path)) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal}")
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=extend_often, args=(str(db_path),)) for _ in range(PROCESSES)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0] * PROCESSES
    (row,) = read_rows(db_path)
    until = read_time(row.expires_at, UTC)
    assert until == START + timedelta(minutes=PROCESSES * EXTENSIONS)
    with closing(sqlite3.connect(db_path)) as connection:
        (count,) = connection.execute(
            "SELECT COUNT(*) FROM claude_session_events WHERE action = 'extend'"
        ).fetchone()
    assert count == PROCESSES * EXTENSIONS
