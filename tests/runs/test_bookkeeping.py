"""The row of a run's session: written in the end, and without secrets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tui.core.errors import Kind
from tui.runs.bookkeeping import Bookkeeper
from tui.runs.folder.protocol import RunSpec
from tui.storage.table.tracking import Tracking, read_rows

NOW = datetime(2026, 11, 22, 7, 15, 30, tzinfo=UTC)


def spec(listing: Path, **changes: Any) -> RunSpec:
    values: dict[str, Any] = {
        "run_id": "20261122T071530Z-1f9c00",
        "session_id": "9f2c",
        "listing_id": "hollis_park",
        "stage": "stage_3",
        "mode": "resume",
        "prompt": "go on",
        "db_path": listing / "buyers.db",
        "config_dir": listing / ".claude_sessions",
        "cwd": listing,
        "operator": "anna",
        "created_at": NOW,
        "expires_at": NOW + timedelta(days=7),
        "keeps_until": NOW + timedelta(days=1),
        "zone": "UTC",
    }
    return RunSpec(**(values | changes))


async def test_what_the_database_refuses_is_written_later(tmp_path: Path) -> None:
    books = Bookkeeper(spec(tmp_path), lambda: NOW)
    await books.failed("401 invalid key", Kind.CREDENTIAL)
    assert "no buyers.db yet" in books.trouble
    Tracking(tmp_path / "buyers.db", UTC, "anna").track(
        "9f2c", listing_id="hollis_park", stage="stage_3", now=NOW, expires_at=NOW
    )
    await books.settle()
    assert books.trouble == ""
    (row,) = read_rows(tmp_path / "buyers.db")
    assert (row.status, row.details()["last_error"]) == ("failed", "401 invalid key")


@pytest.mark.parametrize("mode", ["new", "resume"])
async def test_a_bad_settings_file_of_the_cli_never_keeps_the_row_from_being_written(
    tmp_path: Path, mode: str
) -> None:
    config_dir = tmp_path / ".claude_sessions"
    config_dir.mkdir()
    (config_dir / "settings.json").write_text("{ not JSON")
    Tracking(tmp_path / "buyers.db", UTC, "anna").track(
        "9f2c", listing_id="hollis_park", stage="stage_3", now=NOW, expires_at=NOW
    )
    far = NOW + timedelta(days=90)
    books = Bookkeeper(spec(tmp_path, mode=mode, expires_at=far, keeps_until=far), lambda: NOW)
    await books.begun()
    await books.failed("401 invalid key", Kind.CREDENTIAL)
    assert books.trouble == ""
    assert ("settings.json" in books.sweep_trouble) is (mode == "new")
    (row,) = read_rows(tmp_path / "buyers.db")
    assert (row.status, row.details()["last_error"]) == ("failed", "401 invalid key")
    assert row.expires_at == "2027-02-20T07:15:30"


async def test_the_row_records_the_agent_but_no_secret(tmp_path: Path) -> None:
    agent = {
        "model": "opus",
        "max_turns": None,
        "mcp_servers": {"crm": {"env": {"TOKEN": "hidden"}}},
        "env": {"KEY": "hidden"},
    }
    await Bookkeeper(spec(tmp_path, mode="new", agent=agent), lambda: NOW).begun()
    (row,) = read_rows(tmp_path / "buyers.db")
    assert row.details()["agent"] == {"model": "opus", "cwd": str(tmp_path)}
    assert row.expires_at == "2026-11-29T07:15:30"


@pytest.mark.parametrize("mode", ["new", "fork"])
async def test_a_session_that_failed_before_it_began_has_its_row_with_the_reason(
    tmp_path: Path, mode: str
) -> None:
    books = Bookkeeper(spec(tmp_path, mode=mode), lambda: NOW)
    await books.failed("the Claude CLI is missing", Kind.SETUP)
    assert books.trouble == ""
    (row,) = read_rows(tmp_path / "buyers.db")
    assert (row.status, row.stage) == ("failed", "stage_3")
    assert row.details()["last_error"] == "the Claude CLI is missing"
    assert row.details()["last_error_kind"] == Kind.SETUP
