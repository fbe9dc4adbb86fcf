"""A clean-up, or a look at what was left, of a database that another program writes."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support.listings.sample_listing import SampleListing
from tui import DatabaseProblem, Kind, SessionManager, UsageError
from tui.operations.catalog import patient_look
from tui.storage.sqlite import connection

SESSION = "11111111-1111-4111-8111-111111111111"
METHODS: dict[str, Callable[[SessionManager], Awaitable[object]]] = {
    "expired": lambda manager: manager.cleanup_expired(),
    "age": lambda manager: manager.cleanup_by_age(1),
    "size": lambda manager: manager.cleanup_by_size(0),
    "recover": lambda manager: manager.recover(),
    "stats": lambda manager: manager.get_session_stats(),
    "acknowledge": lambda manager: manager.acknowledge(SESSION),
    "stop": lambda manager: manager.stop_session(SESSION),
}


async def expired(tmp_path: Path) -> SessionManager:
    """Return the manager of a listing with one session that has expired."""
    then = datetime.now(UTC) - timedelta(days=3)
    before = SessionManager(tmp_path / "root" / "one", 1, clock=lambda: then)
    await before.init_table()
    await before.track_session(SESSION, "one", "stage_1")
    return SessionManager(before.output_dir, 1)


def held(manager: SessionManager, how: str) -> closing[sqlite3.Connection]:
    other = sqlite3.connect(manager.db_path, isolation_level=None, check_same_thread=False)
    other.execute(f"BEGIN {how}")
    return closing(other)


@pytest.mark.parametrize("how", METHODS)
async def test_a_database_that_stays_busy_is_named_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Without it a pipeline takes it for broken, and does not try again."""
    manager = await expired(tmp_path)
    monkeypatch.setattr(connection, "WRITE_TIMEOUT_S", 0.2)
    await manager.mark_session_failed(SESSION, "no money")
    with held(manager, "EXCLUSIVE"), pytest.raises(DatabaseProblem) as busy:
        await METHODS[how](manager)
    assert (busy.value.kind, busy.value.is_retryable) == (Kind.BUSY, True)


async def test_a_clean_up_that_could_write_no_row_is_no_clean_up_of_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it `0` reads as if nothing were to be done."""
    manager = await expired(tmp_path)
    monkeypatch.setattr(connection, "WRITE_TIMEOUT_S", 0.2)
    with held(manager, "IMMEDIATE"), pytest.raises(DatabaseProblem) as busy:
        await manager.cleanup_expired()
    assert busy.value.kind is Kind.BUSY
    assert await manager.cleanup_expired() == 1


async def test_a_clean_up_waits_for_a_busy_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it a write of another program that takes a second ends it."""
    manager = await expired(tmp_path)
    with held(manager, "EXCLUSIVE") as other:
        clock = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: other.close())
        monkeypatch.setattr(patient_look, "time", clock)
        assert await manager.cleanup_expired() == 1


async def test_a_database_without_the_table_has_nothing_to_clean_up(tmp_path: Path) -> None:
    """Without it a pipeline that cleans up before its first session gets an error."""
    manager = SessionManager(tmp_path / "root" / "one", 1)
    manager.output_dir.mkdir(parents=True)
    with closing(sqlite3.connect(manager.db_path)) as other:
        other.execute("CREATE TABLE theirs (x)")
    assert await manager.cleanup_expired() == 0
    assert await manager.recover() == ()
    assert await manager.get_session_stats() == {"expired_pending_cleanup": 0}


async def test_to_acknowledge_waits_for_a_busy_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it a failure that could not be read is told to need nothing, and alerts on."""
    manager = await expired(tmp_path)
    SampleListing(tmp_path / "root", "one").write_transcript(SESSION)
    await manager.mark_session_failed(SESSION, "no money")
    with held(manager, "EXCLUSIVE") as other:
        clock = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: other.close())
        monkeypatch.setattr(patient_look, "time", clock)
        await manager.acknowledge(SESSION)
    assert (await manager.get_session_stats())["failed_acknowledged"] == 1


async def test_a_clock_must_tell_a_time_and_a_naive_one_is_local(tmp_path: Path) -> None:
    """Without it a run ends in a `TypeError` that its pipeline is not told the end of."""
    with pytest.raises(UsageError, match="clock must return a datetime, not int"):
        SessionManager(tmp_path / "root" / "one", clock=lambda: 5)  # type: ignore[arg-type, return-value]
    manager = SessionManager(tmp_path / "root" / "one", clock=lambda: datetime(2030, 1, 1))  # noqa: DTZ001
    await manager.init_table()
    await manager.track_session(SESSION, "one", "stage_1")
    assert await manager.cleanup_expired() == 0
