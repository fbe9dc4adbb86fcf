"""The failure of a session that was tracked, and whose row could not be marked: written later."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.runs.hosted.test_late_rows import NOW, died, spec_of
from tests.support.busy_database import kept_busy
from tests.support.listings.sample_listing import FIRST
from tui.core.errors import Kind
from tui.core.models.row import Row, Status
from tui.core.models.run import Run
from tui.runs.bookkeeping import Bookkeeper
from tui.runs.folder.protocol import read_run
from tui.runs.folder.run_state import RunState
from tui.runs.hosted.late_rows import due_runs, is_due, write_row
from tui.runs.journal.run_journal import Journal
from tui.runs.starting.launcher import make_folder
from tui.storage.table.tracking import Tracking, read_events, read_rows

WHY, LATER = "401 invalid key", NOW + timedelta(minutes=1)
_ticks = itertools.count()


def clock() -> datetime:
    return NOW + timedelta(milliseconds=next(_ticks))


async def failed(listing: Path, how: str = "ended", *, by: str = "", mode: str = "new") -> Run:
    """Track a session, and let its run fail beside a busy database; return the run.

    `how` it went on: it `ended`, it `died` while it waited, or `at once`, before it could say so.
    """
    spec = spec_of(listing, mode=mode)
    if mode == "resume":
        tracking(listing).track(FIRST, listing_id="x", stage="s", now=NOW, expires_at=NOW)
    journal = Journal(make_folder(listing, spec), clock)
    journal.event("started", pid=1)
    journal.event("init", model="opus", session_id=FIRST)
    books = Bookkeeper(spec, clock, None, journal.event, patience_s=0.1)
    await books.begun()
    with kept_busy(spec.db_path):
        journal.event("failed", reason=WHY, by=by, kind=Kind.CREDENTIAL)
        if how != "at once":
            await books.failed(WHY, Kind.CREDENTIAL, by)
        if how == "ended":
            await books.settle()
            journal.event("ended")
        else:
            died(journal)
    return read_run(journal.folder)


def tracking(listing: Path) -> Tracking:
    return Tracking(listing / "buyers.db", UTC, "bert")


def row_of(listing: Path) -> Row:
    (row,) = read_rows(listing / "buyers.db")
    return row


@pytest.mark.parametrize("mode", ["new", "resume"])
@pytest.mark.parametrize("how", ["ended", "died", "at once"])
async def test_a_failure_that_a_busy_database_did_not_take_is_written_later(
    listing: Path, how: str, mode: str
) -> None:
    """Without it the row says `active` for ever, and nobody is told why the session stands."""
    run = await failed(listing, how, mode=mode)
    assert row_of(listing).status == Status.ACTIVE
    assert run.row_problem
    assert [one.session_id for one in due_runs(listing)] == [FIRST]
    assert write_row(run, clock)
    row = row_of(listing)
    assert (row.status, row.details()["last_error"]) == ("failed", WHY)
    assert row.details()["last_error_kind"] == Kind.CREDENTIAL
    assert run.unmarked_since
    assert row.details()["failed_at"] == f"{run.unmarked_since:%Y-%m-%dT%H:%M:%S.%f}"
    actions = [one.action for one in read_events(listing / "buyers.db")]
    assert actions.count("fail") == 1
    assert not list(due_runs(listing))
    assert not write_row(run, clock)


async def test_the_failure_of_a_follow_up_is_none_of_the_row(listing: Path) -> None:
    run = await failed(listing, "at once", by="bert")
    assert not is_due(run)


async def test_a_mark_that_was_written_before_the_death_is_not_written_again(listing: Path) -> None:
    run = await failed(listing, "at once")
    tracking(listing).mark_failed(FIRST, now=LATER, reason="the same", kind=Kind.OTHER)
    assert not write_row(run, clock)
    assert row_of(listing).details()["last_error"] == "the same"
    assert not is_due(read_run(run.folder))


@pytest.mark.parametrize("act", ["resume", "activate", "delete"])
async def test_what_happened_to_the_session_since_stands(listing: Path, act: str) -> None:
    run = await failed(listing)
    row = row_of(listing)
    after = replace(row, status=Status.DELETED if act == "delete" else Status.ACTIVE, stage="new")
    tracking(listing).change(row, after, action=act, now=LATER)
    assert not write_row(run, clock)
    assert row_of(listing) == after


async def test_an_extension_does_not_hide_the_failure(listing: Path) -> None:
    run = await failed(listing)
    until = NOW + timedelta(days=30)
    tracking(listing).mark_extended(FIRST, now=LATER, until=until, has_transcript=True)
    assert write_row(run, clock)
    row = row_of(listing)
    assert (row.status, row.expires_at) == ("failed", f"{until:%Y-%m-%dT%H:%M:%S}")


@pytest.mark.parametrize(
    ("events", "is_unmarked"),
    [
        ("init tracked failed", True),
        ("init tracked failed tracked", False),
        ("init tracked failed ended", False),
        ("init failed ended", True),
        ("init tracked failed turn", False),
    ],
)
def test_when_a_failure_is_known_to_be_in_the_row(events: str, is_unmarked: bool) -> None:
    """Also as it is stored, and read again in the middle."""
    state = RunState()
    for one in events.split():
        told = {"type": one, "at": NOW.isoformat(), "problem": ""}
        state = RunState.after([told], RunState.from_json(state.to_json()))
    assert (state.unmarked_since is not None) is is_unmarked
