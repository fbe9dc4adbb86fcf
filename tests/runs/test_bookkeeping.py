"""The row of a run's session: written in the end, and without secrets."""

from __future__ import annotations

import errno
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.hostile.read_errors import reads_fail
from tests.support.listings.run_spec import run_spec
from tui.core.errors import Kind, RunFailed
from tui.core.values import replace
from tui.runs.bookkeeping import Bookkeeper
from tui.runs.folder.agent_events import TurnEnded
from tui.runs.folder.protocol import SPEC, RunSpec, new_run_id
from tui.runs.journal.run_journal import Journal
from tui.runs.starting.launcher import make_folder
from tui.storage.table.tracking import Tracking, read_rows

NOW = datetime(2026, 11, 22, 7, 15, 30, tzinfo=UTC)


def spec(listing: Path, **changes: Any) -> RunSpec:
    own: dict[str, Any] = {"session_id": "9f2c", "mode": "resume", "prompt": "go on"}
    return run_spec(listing, NOW, **(own | changes))


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


@pytest.mark.parametrize(
    ("cwd", "chosen", "kept"), [("/srv", "", None), ("/srv", "/srv", "/srv"), ("own", "", "own")]
)
async def test_a_folder_outside_the_listing_is_recorded_only_if_it_was_chosen(
    tmp_path: Path, cwd: str, chosen: str, kept: str | None
) -> None:
    agent = {"cwd": chosen} if chosen else {}
    own = spec(tmp_path, mode="new", agent=agent, cwd=tmp_path / cwd)
    await Bookkeeper(own, lambda: NOW).begun()
    (row,) = read_rows(tmp_path / "buyers.db")
    assert row.details()["agent"].get("cwd") == (kept and str(tmp_path / kept))


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


COMMAND = TurnEnded(subtype="success")


def after(listing: Path, *, is_left: bool, mode: str = "resume") -> tuple[Bookkeeper, Path]:
    """Return what keeps the books of a run, and the folder of the one of its session before."""
    listing.mkdir(exist_ok=True)
    before = new_run_id(NOW - timedelta(minutes=1))
    folder = make_folder(listing, spec(listing, run_id=before))
    journal = Journal(folder, lambda: NOW)
    for event in ("turn", "left" if is_left else "result", "ended"):
        journal.event(event)
    return Bookkeeper(spec(listing, mode=mode), lambda: NOW), folder


@pytest.mark.parametrize(
    ("ended", "is_left"),
    [
        (COMMAND, True),
        (replace(COMMAND, is_answer=True), False),
        (replace(COMMAND, is_aborted=True), False),
        (replace(COMMAND, error=RunFailed("gone")), False),
    ],
    ids=["a command", "an answer", "interrupted", "failed"],
)
async def test_only_what_the_model_did_not_answer_leaves_the_turn_before_as_it_was(
    tmp_path: Path, ended: TurnEnded, is_left: bool
) -> None:
    books, _ = after(tmp_path, is_left=True)
    assert (await books.still_left(ended))["is_left"] is is_left


async def test_nothing_is_left_where_no_run_was_or_the_model_has_answered(tmp_path: Path) -> None:
    cases: dict[str, dict[str, Any]] = {
        "a": {"is_left": False},
        "b": {"is_left": True, "mode": "fork"},
    }
    for name, more in cases.items():
        books, _ = after(tmp_path / name, **more)
        assert not (await books.still_left(COMMAND))["is_left"]
    books, _ = after(tmp_path / "c", is_left=True)
    await books.succeeded(is_answer=False)
    assert (await books.still_left(COMMAND))["is_left"]
    await books.succeeded(is_answer=True)
    assert not (await books.still_left(COMMAND))["is_left"]


async def test_a_run_before_that_cannot_be_read_counts_as_left(tmp_path: Path) -> None:
    books, folder = after(tmp_path, is_left=False)
    with reads_fail(folder / SPEC, errno.EIO):
        assert (await books.still_left(COMMAND))["is_left"]
