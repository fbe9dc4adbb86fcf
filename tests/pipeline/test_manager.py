"""The pipeline's `SessionManager`: the guide's class as a drop-in, and safe beside others."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.listings import guide_statements as guide
from tests.support.listings.guide_class import SessionManager as GuideManager
from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, snapshot
from tui import SessionManager
from tui.claude.config_dir import sweep_days
from tui.core.errors import ConsoleError, DatabaseProblem, UnknownId
from tui.core.models.catalog import Hold
from tui.core.models.row import Row
from tui.storage.session_locks import SessionLock
from tui.storage.state.hold import write_hold
from tui.storage.table.tracking import read_rows

THIRD = "9f2e0000-1111-4222-8333-444455556666"
FOURTH = "9f2f0000-1111-4222-8333-444455556666"


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    return SampleListing(tmp_path / "outputs")


@pytest.fixture
def manager(listing: SampleListing, monkeypatch: pytest.MonkeyPatch) -> SessionManager:
    for name in ("CLAUDE_CONFIG_DIR", "CLAUDE_SESSION_DIR"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("SESSION_CONSOLE_CONFIG", "/dev/null")
    made = SessionManager(listing.folder, max_age_days=7)
    made.setup()
    asyncio.run(made.init_table())
    return made


def row(listing: SampleListing, session_id: str) -> Row:
    return next(one for one in read_rows(listing.db_path) if one.session_id == session_id)


def add(
    listing: SampleListing, session_id: str, *, status: str = "active", days: float = -1
) -> Path:
    """Add a session with a transcript, which ends in so many days."""
    listing.track(session_id, days=days + 1 / 24)
    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as connection:
        connection.execute(
            "UPDATE claude_sessions SET status = ? WHERE session_id = ?", (status, session_id)
        )
    return listing.write_transcript(session_id, "Let me look.")


def days_left(stored: str) -> int:
    left = datetime.fromisoformat(stored).astimezone() - datetime.now(UTC)
    return round(left / timedelta(days=1))


def test_importing_the_package_brings_nothing_with_it_until_the_class_is_asked_for() -> None:
    code = (
        "import sys, tui; before = {*sys.modules}; from tui import SessionManager\n"
        "assert before.isdisjoint({'sqlite3', 'asyncio', 'aiosqlite', 'tui.pipeline.manager'})\n"
        "assert 'claude_agent_sdk' not in sys.modules\n"
        "assert SessionManager.__module__ == 'tui.pipeline.manager'\n"
        "try: tui.Nothing\n"
        "except AttributeError as error: print(error)\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "has no attribute 'Nothing'" in found.stdout


def test_it_is_made_and_set_up_as_the_guides_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    output_dir = Path("outputs/hollis_park")
    ours, theirs = SessionManager(output_dir, 7), GuideManager(output_dir, 7)
    for name in ("output_dir", "sessions_dir", "db_path", "max_age_days"):
        assert getattr(ours, name) == getattr(theirs, name)
    assert SessionManager(output_dir).max_age_days == 30
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", "")
    old = tmp_path / output_dir / ".claude_sessions" / "projects"
    old.mkdir(parents=True)
    os.utime(old, (0, 0))
    assert ours.setup() == theirs.setup()
    ours.setup()
    for name in ("CLAUDE_CONFIG_DIR", "CLAUDE_SESSION_DIR"):
        assert os.environ[name] == str(old.parent)
    assert time.time() - old.stat().st_mtime < 60


async def _track(manager: SessionManager) -> None:
    await manager.track_session(FIRST, "stage_3", "hollis_park", {"workers": 8})


def test_tracking_again_keeps_what_was_won_and_the_recorded_agent(
    listing: SampleListing, manager: SessionManager
) -> None:
    agent = {"model": "opus"}
    listing.track(FIRST, days=90, metadata={"agent": agent, "note": "old"})
    before = row(listing, FIRST)
    asyncio.run(_track(manager))
    after = row(listing, FIRST)
    assert (after.created_at, after.expires_at) == (before.created_at, before.expires_at)
    assert after.details() == {"workers": 8, "agent": agent}
    asyncio.run(manager.track_session(FIRST, "stage_3", "hollis_park"))
    assert row(listing, FIRST) == after
    assert sweep_days(manager.sessions_dir) >= 90


def test_an_extension_moves_both_clocks_and_never_shortens(
    listing: SampleListing, manager: SessionManager
) -> None:
    path = add(listing, FIRST, days=3)
    old = time.time() - 60 * 86400
    os.utime(path, (old, old))
    os.utime(path.parent.parent, (0, 0))
    asyncio.run(manager.extend_session(FIRST, additional_days=40))
    assert days_left(row(listing, FIRST).expires_at) == 40
    assert sweep_days(manager.sessions_dir) in (101, 102)
    assert time.time() - path.parent.parent.stat().st_mtime < 60
    asyncio.run(manager.extend_session(FIRST))
    assert days_left(row(listing, FIRST).expires_at) == 40


def test_an_extension_takes_a_leftover_back_to_life(
    listing: SampleListing, manager: SessionManager
) -> None:
    add(listing, FIRST, status="expired")
    listing.track(SECOND, days=-1)
    asyncio.run(manager.extend_session(FIRST))
    asyncio.run(manager.extend_session(SECOND))
    assert row(listing, FIRST).status == "active"
    assert {one["session_id"] for one in asyncio.run(manager.list_active_sessions())} == {
        FIRST,
        SECOND,
    }


def test_an_extension_whose_sweep_cannot_be_put_off_is_told(
    listing: SampleListing, manager: SessionManager
) -> None:
    add(listing, FIRST, days=3)
    (manager.sessions_dir / "settings.json").write_text("{ not JSON")
    before = row(listing, FIRST)
    with pytest.raises(ConsoleError, match=r"settings\.json"):
        asyncio.run(manager.extend_session(FIRST, 90))
    assert row(listing, FIRST) == before
    asyncio.run(manager.track_session(FIRST, "stage_3", "hollis_park"))


def test_clean_up_takes_the_expired_into_the_trash_and_leaves_what_lives(
    listing: SampleListing, manager: SessionManager
) -> None:
    gone = [add(listing, FIRST), add(listing, SECOND, status="expired")]
    kept = [add(listing, THIRD), add(listing, FOURTH, status="failed")]
    listing.track("ghost", days=-1)
    with SessionLock.take(listing.folder, THIRD):
        stats = asyncio.run(manager.get_session_stats())
        assert asyncio.run(manager.cleanup_expired()) == 3
    assert stats == {"active": 3, "expired": 1, "failed": 1, "expired_pending_cleanup": 3}
    assert [path.exists() for path in (*gone, *kept)] == [False, False, True, True]
    statuses = {one.session_id: one.status for one in read_rows(listing.db_path)}
    ended = dict.fromkeys((FIRST, SECOND, "ghost"), "expired")
    assert statuses == ended | {THIRD: "active", FOURTH: "failed"}
    trashed = (listing.root / ".session_console" / "trash").rglob("*")
    assert len([path for path in trashed if b"Let me look." in _bytes(path)]) == 2
    assert asyncio.run(manager.get_session_stats())["expired_pending_cleanup"] == 1
    assert asyncio.run(manager.cleanup_expired()) == 1


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def test_clean_up_by_age_and_by_size(listing: SampleListing, manager: SessionManager) -> None:
    ages = {FIRST: timedelta(days=40), SECOND: timedelta(days=20), THIRD: timedelta(hours=1)}
    for session_id, age in ages.items():
        listing.track(session_id, days=90)
        listing.write_transcript(session_id, "x" * 1000, age=age)
    assert asyncio.run(manager.cleanup_by_age(30)) == 1
    assert {one["session_id"] for one in asyncio.run(manager.list_active_sessions())} == {
        SECOND,
        THIRD,
    }
    assert asyncio.run(manager.cleanup_by_size(listing.transcript_path(THIRD).stat().st_size)) == 1
    assert row(listing, THIRD).status == "active"
    assert row(listing, SECOND).status == "expired"


def test_clean_up_waits_while_somebody_holds_the_root(
    listing: SampleListing, manager: SessionManager, caplog: pytest.LogCaptureFixture
) -> None:
    path = add(listing, FIRST)
    write_hold(listing.root, Hold("anna", datetime.now(UTC)))
    assert asyncio.run(manager.cleanup_expired()) == 0
    assert path.exists()
    assert "anna holds" in caplog.text


def test_clean_up_stays_in_its_own_listing(listing: SampleListing, manager: SessionManager) -> None:
    other = SampleListing(listing.root, "cranbury")
    path = add(other, FIRST)
    outside = listing.root.parent / "outside"
    outside.mkdir()
    (outside / "conversation.json").write_text("{}")
    (manager.sessions_dir / SECOND).symlink_to(outside)
    listing.track("../../outside", days=-1)
    listing.track(SECOND, days=-1)
    before = snapshot(outside)
    asyncio.run(manager.cleanup_expired())
    assert path.exists()
    assert snapshot(outside) == before
    assert row(other, FIRST).status == "active"


def resume(manager: SessionManager, session_id: str) -> Awaitable[Any]:
    return anext(manager.query("go", stage="s", listing_id="x", resume=session_id))


@pytest.mark.parametrize(
    "act",
    [
        lambda manager, name: manager.track_session(name, "stage_3", "hollis_park"),
        lambda manager, name: manager.extend_session(name),
        lambda manager, name: manager.mark_session_failed(name),
        resume,
    ],
)
@pytest.mark.parametrize("name", ["../../x", "a/b", "projects", "x\0y", ".."])
def test_a_hostile_id_is_refused_by_every_method(
    listing: SampleListing,
    manager: SessionManager,
    act: Callable[[SessionManager, str], Awaitable[Any]],
    name: str,
) -> None:
    before = snapshot(listing.root.parent)

    async def do() -> None:
        await act(manager, name)

    with pytest.raises(UnknownId):
        asyncio.run(do())
    assert snapshot(listing.root.parent) == before


def test_an_id_that_is_not_tracked_is_warned_about(
    listing: SampleListing, manager: SessionManager, caplog: pytest.LogCaptureFixture
) -> None:
    asyncio.run(manager.extend_session(FIRST))
    asyncio.run(manager.mark_session_failed(FIRST, "timeout"))
    assert caplog.text.count("is not tracked") == 2
    assert not read_rows(listing.db_path)


@pytest.mark.parametrize("name", [FIRST[:8], FIRST.upper()])
def test_an_id_that_is_not_whole_is_told_with_the_one_that_is_meant(
    listing: SampleListing, manager: SessionManager, name: str
) -> None:
    """A warning in the log alone would let a pipeline take it for extended."""

    async def track(short: str) -> None:
        await manager.track_session(short, "stage_1", "hollis_park")

    listing.track(FIRST)
    before = read_rows(listing.db_path)
    acts = (manager.extend_session, manager.mark_session_failed, track)
    for act in (*acts, lambda short: manager.mark_session_failed(short, "timeout")):
        with pytest.raises(UnknownId, match=f"^{name} is not a whole .* do you mean {FIRST}"):
            asyncio.run(act(name))
    assert read_rows(listing.db_path) == before


def test_a_failure_keeps_the_reason_that_was_known_first(
    listing: SampleListing, manager: SessionManager
) -> None:
    listing.track(FIRST)
    asyncio.run(manager.mark_session_failed(FIRST, "401 invalid key"))
    asyncio.run(manager.mark_session_failed(FIRST))
    failed = row(listing, FIRST)
    assert (failed.status, failed.details()["last_error"]) == ("failed", "401 invalid key")
    asyncio.run(manager.mark_session_failed(FIRST, "and again"))
    assert row(listing, FIRST).details()["last_error"] == "and again"


def test_the_guides_older_table_is_enough(listing: SampleListing) -> None:
    listing.folder.mkdir(parents=True)
    asyncio.run(guide.track_older(listing.db_path, FIRST, "hollis_park", "stage_1"))
    manager = SessionManager(listing.folder)

    async def everything() -> tuple[list[dict[str, Any]], dict[str, int]]:
        await manager.init_table()
        await manager.track_session(FIRST, "stage_1", "hollis_park", {"workers": 8})
        await manager.track_session(SECOND, "stage_1", "hollis_park", {"workers": 8})
        await manager.extend_session(FIRST, 60)
        await manager.mark_session_failed(SECOND, "timeout")
        await manager.cleanup_expired()
        return await manager.list_active_sessions(), await manager.get_session_stats()

    (found,), stats = asyncio.run(everything())
    assert found == asyncio.run(guide.list_active_sessions(listing.db_path))[0]
    assert json.loads(found["metadata"]) == {"workers": 8}
    assert days_left(found["expires_at"]) == 60
    assert stats == {"active": 1, "failed": 1, "expired_pending_cleanup": 0}


def test_lists_and_counts_as_the_guides_class_does(
    listing: SampleListing, manager: SessionManager
) -> None:
    for hours, session_id in enumerate((FIRST, SECOND, THIRD)):
        listing.track(session_id, age=timedelta(hours=hours), metadata={"n": hours})
    with closing(sqlite3.connect(listing.db_path)) as connection:
        connection.execute("ALTER TABLE claude_sessions ADD COLUMN cost REAL DEFAULT 1.5")
    theirs = GuideManager(listing.folder)
    found = asyncio.run(manager.list_active_sessions())
    assert found == asyncio.run(theirs.list_active_sessions())
    assert [one["session_id"] for one in found] == [FIRST, SECOND, THIRD]
    assert found[0]["cost"] == 1.5
    assert asyncio.run(manager.get_session_stats()) == asyncio.run(theirs.get_session_stats())


def test_without_a_table_nothing_is_listed_and_it_is_made_with_its_folder(
    listing: SampleListing,
) -> None:
    manager = SessionManager(listing.folder)
    assert asyncio.run(manager.list_active_sessions()) == []
    assert asyncio.run(manager.get_session_stats()) == {"expired_pending_cleanup": 0}
    assert asyncio.run(manager.cleanup_expired()) == 0
    assert not listing.root.exists()
    asyncio.run(SessionManager(listing.root / "new").init_table())
    asyncio.run(SessionManager(listing.folder).track_session(FIRST, "stage_1", "hollis_park"))
    assert row(listing, FIRST).stage == "stage_1"


def test_a_locked_database_is_told_and_the_loop_goes_on(
    listing: SampleListing, manager: SessionManager
) -> None:
    add(listing, FIRST, days=3)

    async def beside_a_writer() -> int:
        turns = 0
        acts = (manager.extend_session(FIRST), manager.cleanup_expired())
        acting = asyncio.gather(*acts, return_exceptions=True)
        while not acting.done():
            await asyncio.sleep(0.01)
            turns += 1
        assert [type(error) for error in await acting] == [DatabaseProblem, DatabaseProblem]
        return turns

    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        assert asyncio.run(beside_a_writer()) > 10  # in the seconds that both acts wait
        connection.execute("ROLLBACK")
    asyncio.run(manager.extend_session(FIRST, 30))
    assert days_left(row(listing, FIRST).expires_at) == 30


def test_settings_that_cannot_be_read_do_not_stop_a_pipeline(
    listing: SampleListing,
    manager: SessionManager,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    config = listing.root.parent / "config.toml"
    config.write_text("no such setting = 1")
    monkeypatch.setenv("SESSION_CONSOLE_CONFIG", str(config))
    path = add(listing, FIRST)
    assert asyncio.run(manager.cleanup_expired()) == 1
    assert not path.exists()
    assert "settings are ignored" in caplog.text


def test_eight_workers_and_two_processes_lose_nothing(
    listing: SampleListing, manager: SessionManager
) -> None:
    ids = [f"{index:08x}-1111-4222-8333-444455556666" for index in range(8)]
    code = (
        "import asyncio, sys; from tui import SessionManager\n"
        "async def main(manager, ids):\n"
        "    await asyncio.gather(*(one(manager, name) for name in ids))\n"
        "async def one(manager, name):\n"
        "    for days in range(20, 30):\n"
        "        await manager.track_session(name, 's', 'x')\n"
        "        await manager.extend_session(name, days)\n"
        "asyncio.run(main(SessionManager(sys.argv[1], 7), sys.argv[2:]))\n"
    )
    words = [sys.executable, "-c", code, str(listing.folder), *ids]
    both = [subprocess.Popen(words) for _ in range(2)]
    assert [one.wait(60) for one in both] == [0, 0]
    rows = read_rows(listing.db_path)
    assert {one.session_id for one in rows} == set(ids)
    assert {days_left(one.expires_at) for one in rows} == {29}
    with closing(sqlite3.connect(listing.db_path)) as connection:
        sql = "SELECT action, COUNT(*) FROM claude_session_events GROUP BY action"
        counted = dict(connection.execute(sql).fetchall())
    assert counted["track"] == 160


def test_what_it_writes_is_what_the_audit_says(
    listing: SampleListing, manager: SessionManager
) -> None:
    asyncio.run(_track(manager))
    with closing(sqlite3.connect(listing.db_path)) as connection:
        (event,) = connection.execute("SELECT operator, after FROM claude_session_events")
    assert event[0] == "pipeline"
    assert json.loads(event[1])["session_id"] == FIRST
