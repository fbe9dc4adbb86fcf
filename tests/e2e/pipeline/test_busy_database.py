"""A pipeline whose database another program keeps busy, with the real CLI."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from contextlib import ExitStack, suppress
from dataclasses import replace

import pytest
from claude_agent_sdk import ClaudeAgentOptions

from tests.e2e.pipeline.test_pipeline import pipeline
from tests.support.busy_database import kept_busy
from tests.support.processes.own_pipeline import Heard, ask, console, last_run, soon
from tests.support.processes.runs_site import Site, wait
from tui import DatabaseProblem, Kind, RunEnded, RunEvent, RunFailed, SessionManager, SessionTracked
from tui.operations.catalog.late_rows import write_late_rows_soon
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.catalog.session_lookup import find_session
from tui.operations.cause import cause_of
from tui.operations.running.resume import plan_resume
from tui.operations.stream.run_notices import RunNotices
from tui.runs import bookkeeping
from tui.runs.folder.protocol import read_events, read_owner, read_partial, read_run, run_folders
from tui.runs.hosted import run
from tui.safe_io.processes import is_gone
from tui.storage.session_locks import held
from tui.storage.sqlite import connection
from tui.storage.table.tracking import read_events as read_events_of

OPTIONS = ClaudeAgentOptions(disallowed_tools=["Bash"])


@pytest.fixture
def manager(site: Site, monkeypatch: pytest.MonkeyPatch) -> SessionManager:
    monkeypatch.setattr(connection, "WRITE_TIMEOUT_S", 0.2)
    made = SessionManager(site.listing)
    asyncio.run(made.init_table())
    return made


@pytest.fixture
def untracked(site: Site, manager: SessionManager) -> str:
    """The session of a pipeline that was killed while its row could not be written."""
    with kept_busy(site.listing / "buyers.db"):
        return killed(site)


async def test_a_busy_database_is_told_and_waited_for(
    site: Site, manager: SessionManager, caplog: pytest.LogCaptureFixture
) -> None:
    """Without trying again the session is untracked until its turn ends, or for good."""
    heard, words = (
        Heard(site),
        "its row could not be written yet: buyers.db is locked",
    )
    with caplog.at_level(logging.INFO, "tui.runs"):
        with kept_busy(site.listing / "buyers.db"):
            query = ask(manager, "LONG tale", options=OPTIONS, metadata={"round": 2})
            task = asyncio.create_task(heard.listen(query))
            await soon(lambda: words in caplog.text)
        row = await soon(lambda: site.row(heard.session_id) if heard.session_id else None)
        assert not task.done()
        await soon(lambda: caplog.messages[-1].endswith(": tracked"))
    assert (row.details()["round"], row.details()["agent"]["disallowed_tools"]) == (2, ["Bash"])
    assert "its row could not be written yet" in str(RunNotices().poll(last_run(site)))
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_pipeline_killed_before_its_row_is_written_is_recovered(
    site: Site, manager: SessionManager
) -> None:
    """Without it nobody ever tracks the session, or knows what its agent may do."""
    with kept_busy(site.listing / "buyers.db"):
        session_id = killed(site)
        with pytest.raises(DatabaseProblem) as busy:
            await ask(manager, "Go on.", resume=session_id).__anext__()
        assert busy.value.kind is Kind.BUSY
    session = find_session(CatalogScanner(console(site)).look(), session_id)
    assert session.run is not None
    between_turns = replace(session, run=replace(session.run, is_turn_open=False))
    assert cause_of(between_turns).startswith("not in the database yet: buyers.db is locked")
    (left,) = await manager.recover()
    row = site.row(session_id)
    assert row is not None
    assert (left.session_id, row.stage, row.status) == (session_id, "stage_3", "active")
    assert "agent" in row.details()


async def test_a_console_writes_at_its_next_look_what_a_killed_pipeline_could_not(
    site: Site, untracked: str
) -> None:
    write_late_rows_soon(console(site), CatalogScanner(console(site)).look().sessions)
    await soon(lambda: site.row(untracked))


async def test_a_console_that_resumes_it_first_writes_its_row(site: Site, untracked: str) -> None:
    """Without it the plan would say that its options are lost, though the run has them."""
    context = console(site)
    plan = plan_resume(context, find_session(CatalogScanner(context).look(), untracked))
    assert not plan.options_lost
    row = site.row(untracked)
    assert row is not None
    assert row.details()["agent"] == {}


async def test_a_pipeline_that_resumes_it_first_writes_its_row(
    site: Site, manager: SessionManager, untracked: str
) -> None:
    """Without it the resume would be refused, as if the options were lost."""
    heard = Heard(site)
    await heard.listen(ask(manager, "ECHO hello", resume=untracked))
    actions = [
        one.action for one in read_events_of(site.listing / "buyers.db", session_id=untracked)
    ]
    assert (actions[-1], "resume" in actions) == ("track", True)


async def test_a_pipeline_that_goes_on_writes_after_the_run_what_it_could_not(
    site: Site,
    manager: SessionManager,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Without it nobody writes the row before somebody looks, though the pipeline still runs."""
    monkeypatch.setattr(bookkeeping, "_PATIENCE_S", 0.1)
    heard, events = Heard(site), list[RunEvent]()
    with kept_busy(site.listing / "buyers.db"):
        await heard.listen(ask(manager, "ECHO hello", on_event=events.append))
        assert read_run(last_run(site)).row_problem
    assert isinstance(ended := events[-1], RunEnded)
    assert ended.unwritten == "to its row: buyers.db is locked by another program"
    (error,) = (one for one in caplog.records if one.levelname == "ERROR")
    assert error.getMessage().endswith(f"; not written yet {ended.unwritten}")
    await soon(lambda: site.row(heard.session_id))
    await soon(lambda: not read_run(last_run(site)).row_problem)


@pytest.mark.parametrize("who", ["the pipeline", "recover", "a console"])
async def test_a_failure_that_the_busy_database_did_not_take_is_marked_later(
    site: Site, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    """Without it the row says `active`, though the pipeline was told that it failed."""
    monkeypatch.setattr(connection, "WRITE_TIMEOUT_S", 0.2)
    monkeypatch.setattr(bookkeeping, "_PATIENCE_S", 0.1)
    if who != "the pipeline":  # which dies
        monkeypatch.setattr(run, "write_soon", lambda *_: None)
    with ExitStack() as busy:

        def hold(event: RunEvent) -> None:
            if isinstance(event, SessionTracked) and not event.problem:
                busy.enter_context(kept_busy(site.listing / "buyers.db"))

        manager = SessionManager(site.listing, on_event=hold)
        with pytest.raises(RunFailed) as failed:
            await Heard(site).listen(ask(manager, "BADKEY please"))
        assert read_run(last_run(site)).row_problem
    if who != "the pipeline":
        session = find_session(CatalogScanner(console(site)).look(), failed.value.session_id)
        lacks = "its row does not say how its last run ended: buyers.db is locked"
        assert cause_of(session).startswith(lacks)
    if who == "recover":
        assert not await manager.recover()
    if who == "a console":
        write_late_rows_soon(console(site), CatalogScanner(console(site)).look().sessions)

    def marked() -> bool:
        row = site.row(failed.value.session_id)
        return row is not None and row.status == "failed"

    await soon(marked)
    row = site.row(failed.value.session_id)
    assert row
    assert row.details()["last_error_kind"] == failed.value.kind


def killed(site: Site) -> str:
    """Kill a pipeline in the middle of its first turn; return its session."""
    with pipeline(site, "LONG tale") as process:
        folder = wait(lambda: run_folders(site.listing))[0]
        session_id = read_run(folder).session_id
        wait(lambda: read_partial(folder) and site.transcript(session_id))
        wait(lambda: any(one["type"] == "tracked" for one in read_events(folder)))
        cli, start = (read_owner(folder)[name] for name in ("cli_pid", "cli_start"))
        process.kill()
        with suppress(ProcessLookupError):
            os.kill(cli, signal.SIGKILL)
        process.wait(60)
    wait(lambda: read_run(folder).state == "lost")
    wait(lambda: is_gone(cli, start) and not held(site.listing))
    return session_id
