"""The log is short: what says the same of several sessions is one line, and it says what it lacks.

`--all` lists each.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import (
    FIRST,
    SECOND,
    THIRD,
    SampleListing,
    of_three,
    run_cli,
)
from tui.core.models.audit import AuditEvent
from tui.operations.sessions.extend import extend, plan_extension
from tui.operations.trash.undo import undo_many
from tui.storage.table.tracking import Tracking

NOW = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    return of_three(tmp_path / "outputs")


def logged(listing: SampleListing, *flags: str) -> list[str]:
    lines = run_cli(listing.root, "log", *flags).stdout.splitlines()[1:]
    return [" ".join(one.split()[2:]) for one in lines]


def test_what_failed_for_one_reason_is_one_line(listing: SampleListing) -> None:
    tracking = Tracking(listing.db_path, UTC, "anna")
    for number, own in enumerate((FIRST, SECOND, THIRD)):
        at = NOW + timedelta(seconds=number)
        turn = AuditEvent(at=at, action="fail", session_id=own, detail='{"run": "r1"}')
        tracking.mark_failed(own, now=at, reason="401 invalid key", turn=turn)
    one = "- fail hollis_park - active -> failed: 401 invalid key (x3)"
    assert logged(listing) == [one]
    assert [line.split()[3] for line in logged(listing, "--all")] == [
        own[:8] for own in (FIRST, SECOND, THIRD)
    ]
    assert len(json.loads(run_cli(listing.root, "log", "--json").stdout)) == 3


def test_what_is_done_to_each_in_turn_is_one_line_but_what_ends_is_not(
    listing: SampleListing,
) -> None:
    for own in (FIRST, SECOND, THIRD):
        run_cli(listing.root, "tag", own, "client", "--operator", "anna")
    for own in (FIRST, SECOND):
        run_cli(listing.root, "fail", own, "--reason", "wrong", "--operator", "anna")
    tagged, *failed = logged(listing)
    assert tagged.startswith("anna tag hollis_park - ")
    assert tagged.endswith(" (x3)")
    assert [one.split()[3] for one in failed] == [FIRST[:8], SECOND[:8]]


def test_an_undo_of_many_is_one_line(listing: SampleListing) -> None:
    context = listing.context().at_one_moment()
    sessions = [listing.session(own) for own in (FIRST, SECOND, THIRD)]
    acts = [extend(context, plan_extension(one, "60d", context.clock())) for one in sessions]
    undo_many(listing.context(), acts)
    assert "undid an action on 3 sessions" in logged(listing)[-1]


def test_it_says_when_there_are_older_ones(listing: SampleListing) -> None:
    for word in ("one", "two", "three"):
        run_cli(listing.root, "note", FIRST, word)
    said = run_cli(listing.root, "log", "-n", "2")
    assert len(said.stdout.splitlines()) == 3
    assert "these are the last 2 actions; older: -n 8" in said.stderr
    assert "older" not in run_cli(listing.root, "log", "-n", "3").stderr
    assert len(json.loads(run_cli(listing.root, "log", "--json", "-n", "2").stdout)) == 2
