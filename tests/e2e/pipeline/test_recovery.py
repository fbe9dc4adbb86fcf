"""What a pipeline stops, takes over and recovers, with the real CLI."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import uuid
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from claude_agent_sdk import ClaudeAgentOptions

from tests.e2e.pipeline.test_pipeline import pipeline, run_of
from tests.support.listings.sample_listing import register
from tests.support.processes.own_pipeline import (
    Heard,
    ask,
    console,
    last_run,
    listening,
    soon,
)
from tests.support.processes.runs_site import Site, cli_is_gone, over, wait
from tui import (
    CutOffSession,
    Kind,
    Refused,
    RunFailed,
    RunStopped,
    SessionManager,
    UnknownId,
    UsageError,
)
from tui.core.errors import Reason
from tui.core.models.audit import AuditEvent
from tui.core.sessions.attention import attention
from tui.core.values import replace
from tui.operations.running.ending import session_of
from tui.operations.running.resume import plan_resume, start
from tui.operations.running.steer import interrupt, send, stop
from tui.runs.folder.protocol import OWNER, read_owner, read_partial, read_run, run_folders
from tui.safe_io.processes import is_gone
from tui.storage.session_locks import held
from tui.storage.state.logbook import read_logbook

NOBODYS = str(uuid.UUID(int=7))


def killed(site: Site, *, with_cli: bool = True, **more: Any) -> str:
    """Kill a pipeline in the middle of its turn; return its session."""
    before = len(run_folders(site.listing))
    with pipeline(site, "LONG tale", **more) as process:
        folder = wait(lambda: run_folders(site.listing)[before:])[0]
        session_id = read_run(folder).session_id
        wait(lambda: read_partial(folder) and site.transcript(session_id))
        cli, start = (read_owner(folder)[name] for name in ("cli_pid", "cli_start"))
        process.kill()
        with suppress(ProcessLookupError):
            os.kill(cli, signal.SIGKILL if with_cli else signal.SIGSTOP)
        process.wait(60)
    wait(lambda: read_run(folder).state == "lost")
    if with_cli:
        wait(lambda: is_gone(cli, start) and not held(site.listing))
    return session_id


async def recovered(manager: SessionManager) -> CutOffSession:
    """Return the one session that was left in the middle of a turn."""
    (left,) = await manager.recover()
    return left


async def test_a_session_is_stopped_wherever_it_runs(site: Site, manager: SessionManager) -> None:
    heard, task = await listening(site, ask(manager, "LONG tale"))
    assert await manager.stop_session(heard.session_id)
    with pytest.raises(RunStopped, match="pipeline stopped the run"):
        await task
    assert not await manager.stop_session(heard.session_id)
    folder = site.start("LONG tale")
    wait(lambda: read_partial(folder))
    assert await manager.stop_session(read_run(folder).session_id)
    assert (read_run(folder).state, cli_is_gone(folder), held(site.listing)) == (
        "done",
        True,
        frozenset(),
    )
    assert await manager.recover() == ()  # what somebody stopped was left by nobody
    for unknown in (NOBODYS, heard.session_id[:8], "../x", ""):
        with pytest.raises(UnknownId):
            await manager.stop_session(unknown)


async def test_a_session_is_stopped_before_its_agent_has_begun(
    site: Site, manager: SessionManager
) -> None:
    async with manager.session("LONG tale", stage="stage_3") as run:
        assert await manager.stop_session(run.session_id)
        with pytest.raises(RunStopped):
            await run.answer()
    assert not held(site.listing)


async def test_a_run_that_does_not_end_is_not_waited_for_for_ever(
    site: Site, manager: SessionManager
) -> None:
    with pipeline(site, "LONG tale") as process:
        folder = run_of(site)
        wait(lambda: read_partial(folder) and site.transcript(read_run(folder).session_id))
        process.send_signal(signal.SIGSTOP)
        with pytest.raises(Refused, match=r"still runs after 0\.5 s") as refused:
            await manager.stop_session(read_run(folder).session_id, within_s=0.5)
        with pytest.raises(Refused):
            await Heard(site).listen(ask(manager, "more", resume=read_run(folder).session_id))
        process.send_signal(signal.SIGCONT)
        _, said = process.communicate(timeout=120)
    assert refused.value.reason is Reason.RUNNING
    assert "pipeline stopped the run" in said


async def test_what_a_crash_left_is_told_until_somebody_goes_on_or_knows(
    site: Site, manager: SessionManager
) -> None:
    assert await manager.recover() == ()
    session_id = killed(site)
    left = await recovered(manager)
    assert (left.session_id, left.stage, left.listing_id) == (session_id, "stage_3", "hollis_park")
    assert (left.can_resume, left.is_orphan) == (True, False)
    assert left.at
    assert left.at <= datetime.now(UTC)
    await manager.acknowledge(session_id)
    assert await manager.recover() == ()
    healthy = over(site.start("ECHO")).session_id
    with pytest.raises(Refused, match="needs no attention"):
        await manager.acknowledge(healthy)
    other = killed(site)
    assert (await recovered(manager)).session_id == other
    heard = Heard(site)
    await heard.listen(ask(manager, "ECHO go on", resume=other))
    assert "You said: ECHO go on" in heard.texts
    assert await manager.recover() == ()


@pytest.mark.parametrize("has_table", [False, True])
async def test_what_a_crash_left_before_its_agent_began_is_told_and_can_be_asked_again(
    site: Site, manager: SessionManager, tmp_path: Path, has_table: bool
) -> None:
    if has_table:
        await manager.init_table()
    (silent := tmp_path / "claude").write_text("#!/bin/sh\nexec sleep 600\n")
    silent.chmod(0o755)
    options, given = {"cli_path": str(silent)}, {"k": 1, "tags": ["\x1b[31m"]}
    with pipeline(site, "LONG tale", options=options, metadata=given) as process:
        folder = run_of(site)
        process.kill()
        process.wait(60)
    wait(lambda: read_run(folder).state == "lost" and not held(site.listing))
    assert (site.listing / "buyers.db").exists() is has_table
    left = await recovered(manager)
    assert (left.session_id, left.stage) == (read_run(folder).session_id, "stage_3")
    assert (left.can_resume, left.is_orphan, left.metadata) == (False, False, given)
    again = manager.session(
        "ECHO", stage=left.stage, retry_of=left.session_id, metadata=left.metadata
    )
    async with again as run:
        assert await run.answer() == "You said: ECHO"
    row = site.row(run.session_id)
    assert row
    assert row.details().items() >= given.items()
    assert await manager.recover() == ()


async def test_the_metadata_of_what_a_crash_left_is_the_pipelines_and_can_be_handed_on(
    site: Site, manager: SessionManager
) -> None:
    session_id = killed(site, metadata={"k": 1, "round": 1})
    await manager.mark_session_failed(session_id, "known")
    await manager.track_session(session_id, "stage_3", "x", {**_details(site, session_id), "k": 2})
    left = await recovered(manager)
    assert left.metadata == {"k": 2, "round": 1}
    again = ask(manager, "ECHO", retry_of=left.session_id, metadata=left.metadata)
    await (heard := Heard(site)).listen(again)
    assert _details(site, heard.session_id)["k"] == 2


async def test_a_query_that_is_cancelled_because_it_hangs_is_told_too(
    site: Site, manager: SessionManager
) -> None:
    heard, task = await listening(site, ask(manager, "LONG tale"))
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()
    assert (await recovered(manager)).session_id == heard.session_id


async def test_taking_over_ends_what_runs_and_resumes(site: Site, manager: SessionManager) -> None:
    heard, task = await listening(site, ask(manager, "LONG tale"))
    with pytest.raises(Refused):
        await Heard(site).listen(ask(manager, "ECHO more", resume=heard.session_id))
    mine = Heard(site)
    await mine.listen(ask(manager, "ECHO mine", resume=heard.session_id, take_over=True))
    with pytest.raises(RunStopped):
        await task
    assert "You said: ECHO mine" in mine.texts
    for nothing in ({}, {"resume": NOBODYS}):
        with pytest.raises((UsageError, Refused)):
            await Heard(site).listen(ask(manager, "ECHO more", take_over=True, **nothing))


async def test_taking_over_an_orphan_ends_it(site: Site, manager: SessionManager) -> None:
    session_id = killed(site, with_cli=False)
    left = await recovered(manager)
    assert (left.session_id, left.is_orphan) == (session_id, True)
    with pytest.raises(Refused) as refused:
        await Heard(site).listen(ask(manager, "ECHO more", resume=session_id))
    assert (refused.value.kind, refused.value.remedy) == (Kind.REFUSED, "take_over=True")
    heard = Heard(site)
    await heard.listen(ask(manager, "ECHO more", resume=session_id, take_over=True))
    assert "You said: ECHO more" in heard.texts


async def test_who_runs_elsewhere_must_be_silent(site: Site, manager: SessionManager) -> None:
    heard = Heard(site)
    await heard.listen(ask(manager, "ECHO this"))
    session_id, elsewhere = heard.session_id, "linux:elsewhere:pid:[1]"
    entry = register(
        site.listing / ".claude_sessions", session_id, pid=4_000_000, pidDomain=elsewhere
    )
    with pytest.raises(Refused, match="is not ours") as refused:
        await heard.listen(ask(manager, "ECHO more", resume=session_id, take_over=True))
    assert refused.value.reason is Reason.ELSEWHERE
    entry.unlink()
    session_id = killed(site)
    folder = last_run(site)
    dead = read_owner(folder)
    (folder / OWNER).write_text(json.dumps({**dead, "pid_domain": elsewhere, "host": "worker-7"}))
    old = datetime.now(UTC).timestamp() - 60
    for path in folder.iterdir():
        os.utime(path, (old, old))
    await heard.listen(ask(manager, "ECHO anew", resume=session_id, take_over=True))
    assert "You said: ECHO anew" in heard.texts
    (folder / OWNER).write_text(json.dumps(dict(dead)))  # so that the site can be left
    (taken,) = (one for one in _log(site) if one.action == "take over")
    assert (taken.session_id, "worker-7" in taken.note) == (session_id, True)


async def test_a_retry_that_succeeds_settles_the_failure(
    site: Site, manager: SessionManager
) -> None:
    failed = Heard(site)
    with pytest.raises(RunFailed):
        await failed.listen(ask(manager, "BADKEY"))
    again = Heard(site)
    with pytest.raises(RunFailed):
        await again.listen(ask(manager, "BADKEY", retry_of=failed.session_id))
    assert _need(site, failed.session_id)
    await again.listen(ask(manager, "ECHO this", retry_of=failed.session_id))
    assert _need(site, failed.session_id) is None
    row = site.row(failed.session_id)
    assert row
    assert row.status == "failed"
    note = next(one.note for one in _log(site) if one.session_id == failed.session_id)
    assert "succeeded" in note
    assert _need(site, again.session_id)  # of which this was no retry
    asked = len(site.api.requests)
    for wrong, more in ((NOBODYS, {}), (failed.session_id, {"resume": failed.session_id})):
        with pytest.raises((UnknownId, UsageError)):
            await Heard(site).listen(ask(manager, "ECHO", retry_of=wrong, **more))
    assert len(site.api.requests) == asked


@pytest.mark.parametrize("goes_on", [False, True])
async def test_what_succeeds_at_last_settles_all_that_it_tried_again(
    site: Site, manager: SessionManager, goes_on: bool
) -> None:
    tried: list[str] = []
    for _ in range(2):  # each with a manager of its own, as in a task queue
        failed, before = Heard(site), tried[-1] if tried else None
        with pytest.raises(RunFailed):
            await failed.listen(ask(SessionManager(site.listing), "BADKEY", retry_of=before))
        tried.append(failed.session_id)
    tried.append(killed(site, retry_of=tried[-1]))
    assert all(_need(site, one) for one in tried)
    how = {"resume": tried[-1], "take_over": True} if goes_on else {"retry_of": tried[-1]}
    await Heard(site).listen(ask(manager, "ECHO this", **how))
    assert [_need(site, one) for one in tried] == [None, None, None]


async def test_an_answer_in_place_of_the_retrys_own_prompt_settles_nothing(
    site: Site, manager: SessionManager
) -> None:
    failed = Heard(site)
    with pytest.raises(RunFailed):
        await failed.listen(ask(manager, "BADKEY"))
    heard, task = await listening(site, ask(manager, "LONG tale", retry_of=failed.session_id))
    send(console(site), heard.session(), "ECHO this instead")
    interrupt(console(site), heard.session())
    await task
    assert "ECHO this instead" in heard.texts
    assert _need(site, failed.session_id)
    async with manager.session("LONG tale", stage="s", retry_of=failed.session_id) as run:
        await soon(lambda: site.transcript(run.session_id))
        await run.interrupt()
        await run.answer()
        assert _need(site, failed.session_id)
        await run.send("ECHO mine")
        await run.answer()
        assert _need(site, failed.session_id) is None


@pytest.mark.parametrize("fork", [False, True])
async def test_a_chain_of_retries_is_settled_by_whoever_gets_an_answer(
    site: Site, manager: SessionManager, fork: bool
) -> None:
    """The run is an operator's, in a process of its own."""
    tried, options = list[str](), ClaudeAgentOptions(cwd=site.listing)
    for _ in range(3):
        failed, before = Heard(site), tried[-1] if tried else None
        with pytest.raises(RunFailed):
            await failed.listen(ask(manager, "BADKEY", retry_of=before, options=options))
        tried.append(failed.session_id)
    here = replace(console(site), settings=replace(console(site).settings, env_file=site.env_file))
    last = session_of(here, site.listing, tried[-1])
    start(here, plan_resume(here, last, fork=fork), "ECHO go on")
    run = await asyncio.to_thread(over, last_run(site))
    assert run.state == "done"
    assert [_need(site, one) is None for one in tried] == [True, True, not fork]
    notes = {one.session_id: (one.operator, one.note) for one in _log(site)}
    said = "bert", f"its retry {run.session_id[:8]} succeeded"
    assert notes == dict.fromkeys(tried[:2], said)
    for again in (False, True):
        known = session_of(here, site.listing, run.session_id)
        start(here, plan_resume(here, known, fork=again), "ECHO more")
        assert (await asyncio.to_thread(over, last_run(site))).state == "done"
    assert len(_log(site)) == 2


async def test_a_fork_of_a_pipelines_own_settles_the_chain_too(
    site: Site, manager: SessionManager
) -> None:
    first, second = Heard(site), Heard(site)
    with pytest.raises(RunFailed):
        await first.listen(ask(manager, "BADKEY"))
    with pytest.raises(RunFailed):
        await second.listen(ask(manager, "BADKEY", retry_of=first.session_id))
    options = ClaudeAgentOptions(resume=second.session_id, fork_session=True, cwd=site.listing)
    await (forked := Heard(site)).listen(ask(manager, "ECHO it", options=options))
    assert forked.session_id not in (first.session_id, second.session_id)
    assert _need(site, first.session_id) is None
    assert _need(site, second.session_id)


async def test_what_failed_before_its_agent_began_can_be_tried_again(
    site: Site, manager: SessionManager, tmp_path: Path
) -> None:
    first = Heard(site)
    with pytest.raises(RunFailed):
        await first.listen(ask(manager, "BADKEY"))
    (broken := tmp_path / "claude").write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    options = ClaudeAgentOptions(cli_path=broken)
    with pytest.raises(RunFailed) as failed:
        await Heard(site).listen(ask(manager, "ECHO", options=options, retry_of=first.session_id))
    await Heard(site).listen(ask(manager, "ECHO", retry_of=failed.value.session_id))
    assert _need(site, first.session_id) is None


async def test_a_retry_that_is_left_in_the_middle_or_stopped_settles_nothing(
    site: Site, manager: SessionManager
) -> None:
    failed = Heard(site)
    with pytest.raises(RunFailed):
        await failed.listen(ask(manager, "BADKEY"))
    async for _ in ask(manager, "LONG tale", retry_of=failed.session_id):
        break
    heard, task = await listening(site, ask(manager, "LONG t", retry_of=failed.session_id))
    stop(console(site), heard.session())
    with pytest.raises(RunStopped):
        await task
    assert _need(site, failed.session_id)


def _details(site: Site, session_id: str) -> dict[str, Any]:
    row = site.row(session_id)
    assert row
    return dict(row.details())


def _need(site: Site, session_id: str) -> object:
    context = console(site)
    session = session_of(context, site.listing, session_id)
    return attention(session, context.clock(), context.settings.quiet_after)


def _log(site: Site) -> tuple[AuditEvent, ...]:
    return read_logbook(site.listing.parent)
