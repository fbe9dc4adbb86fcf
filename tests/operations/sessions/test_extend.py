"""An extension raises both clocks, never shortens, and loses no race."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.listings import guide_statements as guide
from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, change_row, snapshot
from tui.claude.config_dir import sweep_days
from tui.core.errors import Conflict, DatabaseProblem, Refused, UsageError
from tui.operations.context import ActionResult
from tui.operations.sessions.extend import extend, plan_extension
from tui.operations.trash.delete import delete
from tui.operations.trash.undo import undo
from tui.storage.table.tracking import read_rows

DAY = timedelta(days=1)


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST, days=2)
    return listing


def act_on(listing: SampleListing, words: str, session_id: str = FIRST) -> ActionResult:
    context = listing.context()
    return extend(context, plan_extension(listing.session(session_id), words, context.clock()))


def left(listing: SampleListing) -> timedelta:
    expires_at = listing.session(FIRST).expires_at
    assert expires_at is not None
    return expires_at - datetime.now(UTC)


@pytest.mark.parametrize(
    ("words", "days"), [("7", 7), ("7d", 7), ("12h", 2), ("1", 2), ("+7d", 9), ("90", 90)]
)
def test_it_lasts_as_long_as_asked_and_never_less(
    listing: SampleListing, words: str, days: int
) -> None:
    before = listing.session(FIRST).expires_at
    act_on(listing, words)
    assert abs(left(listing) - days * DAY) < timedelta(hours=1, minutes=5)
    after = listing.session(FIRST).expires_at
    assert before is not None
    assert after is not None
    assert after >= before


def test_the_clis_sweep_is_put_off_past_it(listing: SampleListing) -> None:
    act_on(listing, "90")
    session = listing.session(FIRST)
    assert sweep_days(listing.config_dir) >= 90
    assert session.sweep_at is not None
    assert session.expires_at is not None
    assert session.sweep_at > session.expires_at
    assert not session.is_swept_first


def test_a_transcript_long_untouched_is_kept_as_well(listing: SampleListing) -> None:
    """The sweep counts from the last write: counted from now it would come too early."""
    listing.write_transcript(FIRST, age=28 * DAY)
    act_on(listing, "7d")
    assert not listing.session(FIRST).is_swept_first


def test_the_guides_clean_up_by_age_finds_young_children(listing: SampleListing) -> None:
    projects = listing.config_dir / "projects"
    os.utime(projects, (0, 0))
    act_on(listing, "7d")
    assert datetime.now(UTC).timestamp() - projects.stat().st_mtime < 60


def test_what_lasts_longer_already_is_left_and_said(listing: SampleListing) -> None:
    rows = read_rows(listing.db_path)
    act = act_on(listing, "1h")
    assert "already lasts longer" in act.words
    assert read_rows(listing.db_path) == rows


@pytest.mark.parametrize(
    ("status", "has_transcript", "becomes"),
    [("expired", True, "active"), ("expired", False, "expired"), ("failed", True, "failed")],
)
def test_an_expired_row_lives_again_only_with_its_transcript(
    listing: SampleListing, status: str, has_transcript: bool, becomes: str
) -> None:
    change_row(listing, f"UPDATE claude_sessions SET status = '{status}'")  # noqa: S608
    if not has_transcript:
        listing.transcript_path(FIRST).unlink()
    act_on(listing, "1h")
    assert listing.session(FIRST).status == becomes


def test_the_guide_sees_what_was_extended(listing: SampleListing) -> None:
    change_row(listing, "UPDATE claude_sessions SET expires_at = '2020-01-01T00:00:00'")
    assert asyncio.run(guide.expired_now(listing.db_path)) == [FIRST]
    act_on(listing, "7d")
    assert asyncio.run(guide.expired_now(listing.db_path)) == []


@pytest.mark.parametrize("stored", ["soon", "", "2020-99-99"])
def test_a_date_that_cannot_be_read_is_set_anew(listing: SampleListing, stored: str) -> None:
    change_row(listing, f"UPDATE claude_sessions SET expires_at = '{stored}'")  # noqa: S608
    act_on(listing, "7d")
    assert abs(left(listing) - 7 * DAY) < timedelta(minutes=5)


def test_a_lost_race_overwrites_nothing(listing: SampleListing) -> None:
    context, session = listing.context(), listing.session(FIRST)
    planned = plan_extension(session, "7d", context.clock())
    asyncio.run(guide.extend_session(listing.db_path, FIRST, 90))
    rows = read_rows(listing.db_path)
    with pytest.raises(Conflict, match="expires_at is now"):
        extend(context, planned)
    assert read_rows(listing.db_path) == rows


def test_undo_takes_it_back_unless_somebody_wrote_since(listing: SampleListing) -> None:
    rows = read_rows(listing.db_path)
    undo(listing.context(), act_on(listing, "7d"))
    assert read_rows(listing.db_path) == rows
    act = act_on(listing, "7d")
    asyncio.run(guide.extend_session(listing.db_path, FIRST, 90))
    with pytest.raises(Conflict):
        undo(listing.context(), act)


def test_undo_stays_in_the_listing_of_the_act(listing: SampleListing) -> None:
    """Listings may look alike once their names are cleaned: undo uses the folder."""
    disguised = replace(listing, listing_id=f"\u200b{listing.listing_id}")
    disguised.add(FIRST, days=2)
    rows = read_rows(listing.db_path), read_rows(disguised.db_path)
    act = act_on(disguised, "7d", f"\u200b{listing.listing_id}/{FIRST}")
    assert (act.listing, act.folder) == (listing.listing_id, disguised.folder)
    undo(listing.context(), act)
    assert (read_rows(listing.db_path), read_rows(disguised.db_path)) == rows


def test_every_extension_is_on_record(listing: SampleListing) -> None:
    act = act_on(listing, "7d")
    undo(listing.context(), act)
    with closing(sqlite3.connect(listing.db_path)) as connection:
        events = connection.execute(
            "SELECT operator, action, before, after FROM claude_session_events"
        ).fetchall()
    assert act.before is not None
    assert [event[:2] for event in events] == [("anna", "extend"), ("anna", "undo")]
    assert json.loads(events[0][2])["expires_at"] == act.before.expires_at


def test_what_has_no_expiry_is_refused(listing: SampleListing) -> None:
    listing.write_transcript(SECOND)
    with pytest.raises(Refused, match="not tracked"):
        act_on(listing, "7d", SECOND)
    delete(listing.context(), listing.session(FIRST))
    with pytest.raises(Refused, match="is deleted: `show"):
        act_on(listing, "7d")


@pytest.mark.parametrize("words", ["soon", "0", "-7", "", "+", "2020-01-01"])
def test_words_that_are_no_duration_change_nothing(listing: SampleListing, words: str) -> None:
    before = snapshot(listing.root)
    with pytest.raises(UsageError):
        act_on(listing, words)
    assert snapshot(listing.root) == before


def test_a_read_only_console_extends_nothing(listing: SampleListing) -> None:
    context, before = listing.context(read_only=True), snapshot(listing.root)
    planned = plan_extension(listing.session(FIRST), "7d", context.clock())
    with pytest.raises(Refused, match="read-only"):
        extend(context, planned)
    assert snapshot(listing.root) == before


def test_a_session_that_the_cli_would_sweep_first_is_not_said_to_last_longer(
    listing: SampleListing,
) -> None:
    listing.add(FIRST, days=60)
    path = listing.transcript_path(FIRST)
    old = (datetime.now(UTC) - timedelta(days=29)).timestamp()
    os.utime(path, (old, old))
    session = listing.session(FIRST)
    assert session.is_swept_first
    plan = plan_extension(session, "7d", datetime.now(UTC))
    assert (plan.is_needless, plan.until) == (False, plan.was)
    act = extend(listing.context(), plan)
    assert "already" not in act.words
    assert act.before == act.after
    kept = listing.session(FIRST)
    assert not kept.is_swept_first
    assert plan_extension(kept, "7d", datetime.now(UTC)).is_needless


def test_what_cannot_be_read_is_not_called_untracked(listing: SampleListing) -> None:
    listing.add(FIRST)
    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as pipeline:
        pipeline.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DatabaseProblem, match="locked"):
            plan_extension(listing.session(FIRST), "7d", datetime.now(UTC))
