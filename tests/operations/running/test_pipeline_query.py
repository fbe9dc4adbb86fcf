"""What a pipeline's query becomes: its session, its agent's options, its lifetime."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from claude_agent_sdk import ClaudeAgentOptions

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing
from tui.core.errors import DatabaseProblem, Refused, UsageError
from tui.operations.running.pipeline_query import Query, prepare
from tui.runs.hosted.run import PreparedRun
from tui.runs.prompt_queue import OwnPrompt
from tui.storage.session_locks import SessionLock, held

WEEK = timedelta(days=7)
ASKED = Query("go", stage="stage_3", listing_id="hollis_park")


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    return SampleListing(tmp_path / "outputs")


def prepared(listing: SampleListing, **changes: Any) -> PreparedRun:
    """Prepare a query and release its session."""
    settings = changes.pop("settings", {})
    asked = replace(ASKED, **changes)
    found = prepare(listing.context(**settings), listing.folder, asked, OwnPrompt("go"), 7)
    assert held(listing.folder) == {found.spec.session_id}
    found.lock.release()
    assert not held(listing.folder)
    return found


def resumed(listing: SampleListing, recorded: dict[str, Any], **changes: Any) -> PreparedRun:
    listing.add(FIRST, metadata={"agent": recorded})
    return prepared(listing, resume=FIRST, **changes)


def test_a_new_session_is_as_the_pipeline_says_and_works_where_it_does(
    listing: SampleListing,
) -> None:
    stages = {"stage_3": {"model": "opus"}}
    spec = prepared(listing, settings={"stages": stages}).spec
    assert (spec.mode, spec.agent, spec.cwd) == ("new", {}, Path.cwd())
    assert spec.expires_at == spec.created_at + WEEK
    options = ClaudeAgentOptions(session_id=SECOND, model="haiku", cwd="/srv")
    found = prepared(listing, options=options)
    assert found.spec.session_id == SECOND
    assert found.spec.agent == {"model": "haiku", "cwd": "/srv"}
    assert not found.spec.decides_itself
    assert prepared(listing, options=ClaudeAgentOptions(settings="{}")).spec.decides_itself
    assert (found.given.options, found.given.recorded) == (options, found.spec.agent)


def test_a_resumed_one_is_the_recorded_agent_within_the_bounds_of_a_row(
    listing: SampleListing, caplog: pytest.LogCaptureFixture
) -> None:
    recorded = {"model": "opus", "permission_mode": "bypassPermissions", "tools": ["Read"]}
    with caplog.at_level(logging.WARNING):
        spec = resumed(listing, recorded).spec
    assert (spec.mode, spec.session_id) == ("resume", FIRST)
    assert spec.agent == {"model": "opus", "tools": ["Read"]}
    assert "permission_mode of the row ignored" in caplog.text
    named = {"stage_3": {"permission_mode": "bypassPermissions"}}
    spec = prepared(listing, resume=FIRST, settings={"stages": named}).spec
    assert spec.agent["permission_mode"] == "bypassPermissions"


def test_what_the_pipeline_sets_wins_over_what_was_recorded(listing: SampleListing) -> None:
    options = ClaudeAgentOptions(model="haiku", permission_mode="bypassPermissions")
    spec = resumed(listing, {"model": "opus", "max_turns": 3}, options=options).spec
    assert spec.agent == {
        "model": "haiku",
        "max_turns": 3,
        "permission_mode": "bypassPermissions",
    }


@pytest.mark.parametrize(
    ("recorded", "works_in"),
    [
        (lambda listing: listing.folder, lambda listing: listing.folder),
        (lambda listing: Path.cwd(), lambda listing: Path.cwd()),
        (lambda listing: Path("/etc"), lambda listing: Path.cwd()),
    ],
)
def test_a_row_does_not_choose_any_folder(
    listing: SampleListing,
    recorded: Callable[[SampleListing], Path],
    works_in: Callable[[SampleListing], Path],
) -> None:
    assert resumed(listing, {"cwd": str(recorded(listing))}).spec.cwd == works_in(listing)


def test_a_resumed_session_lasts_a_day_more_and_never_less_than_before(
    listing: SampleListing,
) -> None:
    listing.add(FIRST, days=90)
    spec = prepared(listing, resume=FIRST).spec
    assert spec.keeps_until == spec.created_at + timedelta(days=1)
    assert spec.expires_at
    assert spec.expires_at - spec.created_at > timedelta(days=89)
    spec = prepared(listing, resume=FIRST, max_age_days=7).spec
    assert spec.keeps_until == spec.created_at + WEEK


def test_a_fork_has_an_id_of_its_own_and_leaves_the_source_to_whoever_runs_it(
    listing: SampleListing,
) -> None:
    listing.add(FIRST, metadata={"agent": {"model": "opus"}})
    options = ClaudeAgentOptions(fork_session=True)
    with SessionLock.take(listing.folder, FIRST):
        asked = replace(ASKED, resume=FIRST, options=options)
        found = prepare(listing.context(), listing.folder, asked, OwnPrompt("go"), 7)
    found.lock.release()
    spec = found.spec
    assert (spec.mode, spec.source_id, spec.agent) == ("fork", FIRST, {"model": "opus"})
    assert spec.session_id != FIRST


def test_a_session_whose_options_cannot_be_read_is_not_resumed_as_another_agent(
    listing: SampleListing,
) -> None:
    listing.write_transcript(FIRST)
    listing.db_path.write_text("no database")
    with pytest.raises(DatabaseProblem, match="not a SQLite database"):
        prepared(listing, resume=FIRST)
    assert not held(listing.folder)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"stage": ""}, "needs the stage"),
        ({"resume": FIRST, "options": ClaudeAgentOptions(resume=SECOND)}, "name the session"),
        ({"options": ClaudeAgentOptions(continue_conversation=True)}, "whichever session"),
        ({"metadata": {"agent": {"model": "opus"}}}, "cannot have agent"),
        ({"metadata": {"operator": "anna"}}, "cannot have operator"),
        ({"metadata": {"at": object()}}, "kept as JSON"),
        ({"metadata": {"share": float("nan")}}, "kept as JSON"),
        ({"metadata": ["workers"]}, "kept as JSON"),
    ],
)
def test_what_makes_no_sense_is_told(
    listing: SampleListing, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        prepared(listing, **changes)
    assert not listing.folder.exists()


def test_a_live_session_is_refused_before_anything_else_is_said_of_it(
    listing: SampleListing,
) -> None:
    listing.track(FIRST)
    with SessionLock.take(listing.folder, FIRST), pytest.raises(Refused, match="is running"):
        prepared(listing, resume=FIRST)
    with pytest.raises(Refused, match="has no transcript"):
        prepared(listing, resume=FIRST)
    assert not held(listing.folder)


def test_metadata_that_no_writer_can_follow_is_refused(listing: SampleListing) -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(UsageError, match="kept as JSON"):
        prepared(listing, metadata={"deep": deep})
    while deep:  # one by one: freeing all at once would recurse, too
        deep = deep.pop()
    assert not held(listing.folder)


@pytest.mark.parametrize("days", [float("nan"), 1e12, "week"])
def test_a_time_that_cannot_be_is_refused_before_anything_is_made(
    listing: SampleListing, days: Any
) -> None:
    with pytest.raises(UsageError, match="max_age_days cannot be"):
        prepared(listing, max_age_days=days)
    assert not held(listing.folder)
