"""The row that a run could not write is written once the database is free, and only then."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.busy_database import kept_busy
from tests.support.hostile.full_disk import fill, need_mounts, small_disk
from tests.support.listings.run_spec import run_spec
from tests.support.listings.sample_listing import FIRST
from tui.core.errors import DatabaseProblem, Kind, Reason, Refused
from tui.core.models.audit import AuditEvent
from tui.core.models.run import Run
from tui.operations.stream.run_notices import RunNotices
from tui.runs import bookkeeping
from tui.runs.bookkeeping import Bookkeeper
from tui.runs.folder.protocol import EVENTS, SPEC, RunSpec, has_ended, read_run
from tui.runs.hosted.late_rows import due_runs, is_due, write_row, write_soon
from tui.runs.journal.run_journal import Journal
from tui.runs.starting.launcher import make_folder
from tui.storage.session_locks import SessionLock
from tui.storage.table.tracking import Tracking, read_events, read_rows

NOW = datetime.now(UTC).replace(microsecond=0)
AGENT = {"disallowed_tools": ["Bash"], "model": "opus"}


def clock() -> datetime:
    return NOW


def spec_of(listing: Path, **changes: Any) -> RunSpec:
    own: dict[str, Any] = {"agent": AGENT, "metadata": {"round": 2}, "keeps_until": None}
    return run_spec(listing, NOW, **(own | changes))


async def left(
    listing: Path,
    *,
    error: str = "",
    by: str = "",
    ended: bool = True,
    answers: bool | None = None,
    **changes: Any,
) -> tuple[Run, Bookkeeper]:
    """Run to the end, or die, beside a database that is busy for longer than a run waits."""
    spec = spec_of(listing, **changes)
    journal = Journal(make_folder(listing, spec), clock)
    with kept_busy(spec.db_path):
        journal.event("started", pid=os.getpid())
        journal.event("init", model="opus", session_id=FIRST)
        books = Bookkeeper(spec, clock, None, journal.event, patience_s=0.1)
        await books.begun()
        if error:
            journal.event("failed", reason=error, by=by)
            await books.failed(error, Kind.OTHER, by)
        elif answers is not None:
            journal.event("turn")
            journal.event("result", is_answer=answers)
            await books.succeeded(is_answer=answers)
        if ended:
            await books.settle()
            journal.event("ended")
        else:
            died(journal)
    return read_run(journal.folder), books


def died(journal: Journal) -> None:
    """Let a run be that of a process which is gone."""
    own_domain = json.loads((journal.folder / "owner.json").read_text())["pid_domain"]
    journal.owner({"pid": 2**22 - 1, "proc_start": "1", "pid_domain": own_domain})


def begin_anew(listing: Path, **metadata: Any) -> None:
    Tracking(listing / "buyers.db", UTC, "bert").track(
        FIRST, listing_id="x", stage="s", now=NOW, expires_at=NOW, metadata=metadata
    )


def before(listing: Path, **metadata: Any) -> None:
    """Track the session days before the run."""
    Tracking(listing / "buyers.db", UTC, "bert").track(
        FIRST,
        listing_id="x",
        stage="s",
        now=NOW - timedelta(days=3),
        expires_at=NOW - timedelta(days=1),
        metadata=metadata,
    )


@pytest.mark.parametrize("ended", [True, False])
async def test_a_busy_database_leaves_a_row_that_is_due_and_written_later(
    listing: Path, *, ended: bool
) -> None:
    """Without it the session stays untracked for ever, and what its agent may do is forgotten."""
    run, _ = await left(listing, ended=ended)
    assert run.state == ("done" if ended else "lost")
    assert "locked by another program" in run.row_problem
    assert [one.session_id for one in due_runs(listing)] == [FIRST]
    assert write_row(run, clock)
    (row,) = read_rows(listing / "buyers.db")
    assert (row.listing_id, row.stage, row.status) == ("hollis_park", "stage_3", "active")
    assert row.expires_at == f"{NOW + timedelta(days=7):%Y-%m-%dT%H:%M:%S}"
    assert row.details() == {
        "round": 2,
        "agent": {**AGENT, "cwd": str(listing)},
        "operator": "anna",
    }
    after = read_run(run.folder)
    assert (after.row_problem, after.state, after.ended_at) == ("", run.state, run.ended_at)
    assert has_ended(run.folder) is ended
    assert not list(due_runs(listing))


async def test_a_failure_that_could_not_be_written_is_written_too(listing: Path) -> None:
    run, _ = await left(listing, error="401 invalid key")
    assert write_row(run, clock)
    (row,) = read_rows(listing / "buyers.db")
    assert (row.status, row.details()["last_error"]) == ("failed", "401 invalid key")


async def test_a_follow_up_that_failed_is_no_failure_of_a_row_that_is_written_later(
    listing: Path,
) -> None:
    run, _ = await left(listing, error="401 invalid key", by="bert")
    assert (run.failed_by, run.state) == ("bert", "failed")
    assert write_row(run, clock)
    (row,) = read_rows(listing / "buyers.db")
    assert (row.status, "last_error" in row.details()) == ("active", False)


async def test_a_run_that_lives_writes_it_as_soon_as_the_database_is_free(listing: Path) -> None:
    """Without trying again in between, a long turn is untracked until its end."""
    spec = spec_of(listing)
    told: list[str] = []

    def tell(kind: str, *, problem: str) -> None:
        told.append(f"{kind}: {problem}")

    with kept_busy(spec.db_path):
        books = Bookkeeper(spec, clock, None, tell)
        await books.begun()
        assert told == ["tracked: buyers.db is locked by another program"]
    await _until(lambda: told[1:] == ["tracked: "])
    assert len(read_rows(spec.db_path)) == 1
    await books.settle()
    assert len(read_events(spec.db_path)) == 1


async def test_the_thread_writes_it_once_the_database_is_free(listing: Path) -> None:
    run, _ = await left(listing)
    db_path = listing / "buyers.db"
    with kept_busy(db_path):
        write_soon(run.folder, clock)
        write_soon(run.folder, clock)
        await asyncio.sleep(0.5)
    await _until(lambda: not read_run(run.folder).row_problem)
    assert [one.action for one in read_events(db_path)] == ["track"]


async def test_the_thread_writes_it_once_there_is_room(tmp_path: Path) -> None:
    """Without it a row that a full disk did not take is left to whoever looks."""
    need_mounts(tmp_path)
    with small_disk(tmp_path / "disk") as disk:
        listing = disk / "outputs" / "hollis_park"
        listing.mkdir(parents=True)
        run, _ = await left(listing)
        ballast, tries = fill(disk), itertools.count()
        write_soon(run.folder, clock, lambda: next(tries) >= 0)
        await _until(lambda: next(copy(tries)) > 1)
        ballast.unlink()
        await _until(lambda: not read_run(run.folder).row_problem)
        assert len(read_rows(listing / "buyers.db")) == 1


async def _until(is_so: Callable[[], bool]) -> None:
    for _ in range(600):
        if is_so():
            return
        await asyncio.sleep(0.1)
    raise AssertionError("it never came to pass")


async def test_what_happened_since_is_not_undone(listing: Path) -> None:
    """Without the check an old run would take back what a later one, or an operator, did."""
    run, _ = await left(listing, error="401 invalid key")
    begin_anew(listing, mine=1)
    before = read_rows(listing / "buyers.db")
    assert not write_row(run, clock)
    assert read_rows(listing / "buyers.db") == before
    assert not is_due(read_run(run.folder))


async def test_a_session_that_was_deleted_meanwhile_stays_deleted(listing: Path) -> None:
    begin_anew(listing)
    tracking = Tracking(listing / "buyers.db", UTC, "bert")
    (row,) = read_rows(listing / "buyers.db")
    tracking.change(row, replace(row, status="deleted"), action="delete", now=NOW)
    run, _ = await left(listing, created_at=NOW + timedelta(seconds=1))
    assert not write_row(run, clock)
    assert [one.status for one in read_rows(listing / "buyers.db")] == ["deleted"]


async def test_a_row_of_the_pipelines_own_keeps_its_metadata_and_gets_the_agent(
    listing: Path,
) -> None:
    run, _ = await left(listing)
    tracking = Tracking(listing / "buyers.db", UTC, "bert")
    tracking.track(
        FIRST,
        listing_id="theirs",
        stage="s",
        now=NOW - timedelta(days=1),
        expires_at=NOW,
        metadata={"workers": 8},
    )
    assert write_row(run, clock)
    (row,) = read_rows(listing / "buyers.db")
    assert (row.listing_id, row.details()["workers"]) == ("theirs", 8)
    assert row.details()["agent"] == {**AGENT, "cwd": str(listing)}


async def test_what_operators_do_to_a_row_of_the_pipelines_own_does_not_hide_that_ours_is_due(
    listing: Path,
) -> None:
    """Its audit has nothing of how the row came to be: without our own act the agent is unknown."""
    run, _ = await left(listing)
    init = "CREATE TABLE claude_sessions (session_id TEXT PRIMARY KEY, listing_id TEXT NOT NULL, "
    init += "stage TEXT NOT NULL, created_at TEXT NOT NULL, expires_at TEXT NOT NULL, "
    with closing(sqlite3.connect(listing / "buyers.db")) as guide, guide:
        guide.execute(init + "status TEXT DEFAULT 'active', metadata TEXT)")
        own = (FIRST, "theirs", "s", NOW.isoformat(), NOW.isoformat(), "active", None)
        guide.execute("INSERT INTO claude_sessions VALUES (?, ?, ?, ?, ?, ?, ?)", own)
    later, tracking = NOW + timedelta(seconds=1), Tracking(listing / "buyers.db", UTC, "bert")
    for action in ("answer", "extend", "stop"):
        tracking.note(AuditEvent(at=later, action=action, session_id=FIRST))
    assert write_row(run, clock)
    (row,) = read_rows(listing / "buyers.db")
    assert row.details()["agent"] == {**AGENT, "cwd": str(listing)}


async def test_a_resume_that_could_not_be_written_is_written_with_what_its_pipeline_gave(
    listing: Path,
) -> None:
    """Without it the next resume would lack the bans that this one was given."""
    before(listing, agent={"model": "haiku", "max_turns": 3})
    run, _ = await left(listing, mode="resume", keeps_until=NOW + timedelta(days=2))
    owner = run.folder / "owner.json"
    owner.write_text(json.dumps(json.loads(owner.read_text()) | {"in_pipeline": True}))
    assert write_row(run, clock)
    (row,) = read_rows(listing / "buyers.db")
    assert row.expires_at == f"{NOW + timedelta(days=2):%Y-%m-%dT%H:%M:%S}"
    assert row.details()["agent"] == {"max_turns": 3, **AGENT, "cwd": str(listing)}
    assert row.details()["round"] == 2


async def test_a_resume_that_is_written_later_leaves_what_nobody_of_us_had_recorded(
    listing: Path,
) -> None:
    """Else the tools of another program's row would be what the run had recorded."""
    before(listing, agent={"model": "haiku", "max_turns": 3})
    run, _ = await left(listing, mode="resume", keeps_until=NOW + timedelta(days=2))
    owner = run.folder / "owner.json"
    owner.write_text(json.dumps(json.loads(owner.read_text()) | {"in_pipeline": True}))
    with closing(sqlite3.connect(listing / "buyers.db", isolation_level=None)) as theirs:
        given = json.dumps({"agent": {"allowed_tools": ["Bash"]}})
        theirs.execute("UPDATE claude_sessions SET metadata = ?", (given,))
    assert write_row(run, clock)
    (row,) = read_rows(listing / "buyers.db")
    assert row.details()["agent"] == {"max_turns": 3, **AGENT, "cwd": str(listing)}


@pytest.mark.parametrize("answers", [True, False])
async def test_only_an_answer_of_a_resume_that_is_written_later_settles_the_failure(
    listing: Path, *, answers: bool
) -> None:
    """Without it a command such as `/cost` would take away what nobody has mended."""
    before(listing)
    then = NOW - timedelta(days=2)
    tracking = Tracking(listing / "buyers.db", UTC, "bert")
    tracking.mark_failed(FIRST, now=then, reason="401 invalid key", kind=Kind.OTHER)
    run, _ = await left(listing, mode="resume", answers=answers)
    assert write_row(run, clock)
    (row,) = read_rows(listing / "buyers.db")
    assert row.status == ("active" if answers else "failed")
    assert ("last_error" in row.details()) is not answers


async def test_it_waits_while_the_session_is_in_use_or_the_database_busy(listing: Path) -> None:
    run, _ = await left(listing)
    with SessionLock.take(listing, FIRST), pytest.raises(Refused, match="in use"):
        write_row(run, clock)
    with kept_busy(listing / "buyers.db"), pytest.raises(DatabaseProblem) as busy:
        write_row(run, clock)
    assert busy.value.reason is Reason.LOCKED
    assert is_due(read_run(run.folder))


async def test_a_task_of_another_session_writes_nothing(listing: Path) -> None:
    run, _ = await left(listing)
    other = spec_of(listing, session_id="9f2e0000-1111-4222-8333-444455556666")
    (run.folder / SPEC).write_text(other.to_json())
    with pytest.raises(Refused):
        write_row(run, clock)
    for text in ("", "{}", "no JSON", (run.folder / EVENTS).read_text()):
        (run.folder / SPEC).write_text(text)
        write_soon(run.folder, clock)
        assert not list(due_runs(listing))


async def test_no_more_writes_wait_than_fit_and_the_first_one_stays(
    listing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the bound a run of many turns would grow; without the first it stays untracked."""
    monkeypatch.setattr(bookkeeping, "_MOST_WAITING", 3)
    spec = spec_of(listing)
    with kept_busy(spec.db_path):
        books = Bookkeeper(spec, clock, patience_s=60)
        await books.begun()
        for number in range(8):
            await books.failed(f"API error {number}", Kind.OTHER)
    await books.settle()
    (row,) = read_rows(spec.db_path)
    assert (row.status, row.details()["last_error"]) == ("failed", "API error 7")
    actions = [one.action for one in read_events(spec.db_path)]
    assert actions == ["fail", "fail", "track"]


async def test_it_is_told_in_the_stream(listing: Path) -> None:
    run, _ = await left(listing)
    notices = RunNotices()
    (due,) = notices.poll(run.folder)
    assert due.text == "its row could not be written yet: buyers.db is locked by another program"
    write_row(run, clock)
    (done,) = notices.poll(run.folder)
    assert done.text == "its row is written now"
