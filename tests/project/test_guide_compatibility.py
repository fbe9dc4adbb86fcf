"""The guide's own code runs in UTC, ours in another zone: each reads what the other wrote."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.listings import guide_class
from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing
from tests.support.place import REPOSITORY
from tui import SessionManager
from tui.core.models.session import Session, State
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.context import Context
from tui.operations.sessions.extend import extend, plan_extension
from tui.operations.trash.cleanup import plan_cleanup
from tui.settings import Settings

DAY = timedelta(days=1)


@pytest.fixture(params=["Asia/Tokyo", "America/New_York"])
def _elsewhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put this process into a different zone from the pipeline's."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    return SampleListing(tmp_path / "outputs")


def guide(listing: SampleListing, days: int, method: str, *words: str) -> Any:
    """Let a pipeline's process in UTC call a method of the guide's class."""
    listing.folder.mkdir(parents=True, exist_ok=True)
    found = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.support.listings.guide_class",
            str(listing.folder),
            str(days),
            method,
            *words,
        ],
        env={"PATH": os.environ["PATH"], "TZ": "UTC"},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(found.stdout)


def context(listing: SampleListing) -> Context:
    return Context(Settings(root=listing.root, operator="anna"), lambda: datetime.now(UTC))


def look(listing: SampleListing) -> dict[str, Session]:
    return {one.session_id: one for one in CatalogScanner(context(listing)).look().sessions}


def days_left(session: Session) -> float:
    assert session.expires_at
    return round((session.expires_at - datetime.now(UTC)) / DAY, 1)


@pytest.mark.usefixtures("_elsewhere")
def test_both_sides_agree_on_when_a_session_ends(listing: SampleListing) -> None:
    guide(listing, 7, "init_table")
    guide(listing, 7, "track_session", FIRST, "stage_3", "hollis_park")
    guide(listing, 0, "track_session", SECOND, "stage_3", "hollis_park")
    for session_id in (FIRST, SECOND):
        listing.write_transcript(session_id, age=timedelta())
    sessions = look(listing)
    assert sessions[FIRST].zone == "UTC"
    assert (days_left(sessions[FIRST]), days_left(sessions[SECOND])) == (7.0, 0.0)
    plan = plan_cleanup(context(listing), CatalogScanner(context(listing)).look(), is_expired=True)
    assert [one.session_id for one in plan.sessions] == [SECOND]
    stats = asyncio.run(SessionManager(listing.folder).get_session_stats())
    assert stats == {"active": 2, "expired_pending_cleanup": 1}

    now = datetime.now(UTC)
    extend(context(listing), plan_extension(sessions[SECOND], "1h", now))
    extend(context(listing), plan_extension(sessions[FIRST], "30d", now))
    assert guide(listing, 7, "cleanup_expired") == 0
    rows = {row["session_id"]: row for row in guide(listing, 7, "list_active_sessions")}
    stored = datetime.fromisoformat(rows[FIRST]["expires_at"]).replace(tzinfo=UTC)
    assert abs(stored - now - 30 * DAY) < timedelta(minutes=1)
    guide(listing, 7, "extend_session", SECOND)
    assert days_left(look(listing)[SECOND]) == 7.0


@pytest.mark.usefixtures("_elsewhere")
def test_an_extension_that_the_pipeline_wipes_is_noticed(listing: SampleListing) -> None:
    guide(listing, 7, "init_table")
    guide(listing, 7, "track_session", FIRST, "stage_3", "hollis_park")
    listing.write_transcript(FIRST, age=timedelta())
    session = look(listing)[FIRST]
    extend(context(listing), plan_extension(session, "30d", datetime.now(UTC)))
    extended = look(listing)[FIRST]
    assert extended.overwritten is None
    guide(listing, 7, "track_session", FIRST, "stage_3", "hollis_park")
    wiped = look(listing)[FIRST]
    assert days_left(wiped) == 7.0
    assert wiped.overwritten == extended.row


@pytest.mark.usefixtures("_elsewhere")
def test_what_the_guides_clean_ups_leave_behind_is_named_and_taken(listing: SampleListing) -> None:
    guide(listing, 0, "init_table")
    guide(listing, 0, "track_session", FIRST, "stage_3", "hollis_park")
    listing.write_transcript(FIRST, age=timedelta())
    assert guide(listing, 0, "cleanup_expired") == 1
    assert look(listing)[FIRST].state is State.LEFTOVER
    assert guide(listing, 0, "get_session_stats")["expired_pending_cleanup"] == 1
    manager = SessionManager(listing.folder)
    assert asyncio.run(manager.get_session_stats())["expired_pending_cleanup"] == 1
    assert asyncio.run(manager.cleanup_expired()) == 1
    assert asyncio.run(manager.get_session_stats())["expired_pending_cleanup"] == 0


@pytest.mark.parametrize("is_extended", [True, False])
def test_the_guides_clean_up_by_age_spares_a_listing_in_use(
    listing: SampleListing, monkeypatch: pytest.MonkeyPatch, is_extended: bool
) -> None:
    """Unless extended, the transcript is deleted with its folder: the guide never looks inside."""
    monkeypatch.setenv("CLAUDE_SESSION_DIR", "")
    sessions_dir = guide_class.setup_claude_sessions(listing.root, listing.listing_id)
    path = listing.add(FIRST)
    os.utime(sessions_dir / "projects", (0, 0))
    if is_extended:
        asyncio.run(SessionManager(listing.folder).extend_session(FIRST))
    asyncio.run(guide_class.cleanup_expired_sessions(sessions_dir))
    assert path.exists() is is_extended
    db_clean_up = guide_class.cleanup_expired_sessions_from_db(listing.db_path, sessions_dir)
    asyncio.run(db_clean_up)
    assert look(listing)[FIRST].status == "active"
