"""A session that a pipeline holds between two turns: told apart, and as safe as a running one."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from tests.support.listings.sample_listing import run_cli
from tests.support.processes.own_pipeline import ask, console, last_run, soon
from tests.support.processes.runs_site import Site
from tui import Refused, SessionManager, SessionRun
from tui.core.models.session import Session
from tui.core.sessions.attention import need_of
from tui.core.sessions.session_state import state_word
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.catalog.session_lookup import find_session
from tui.operations.running.resume import plan_resume
from tui.operations.running.steer import interrupt, send
from tui.operations.trash.cleanup import plan_cleanup
from tui.operations.trash.delete import delete
from tui.runs.folder.protocol import read_events
from tui.storage.session_locks import held
from tui.view.stream.stream_title import title

QUIET = timedelta(minutes=10)


def seen(site: Site, run: SessionRun) -> Session:
    return find_session(CatalogScanner(console(site)).look(), run.session_id)


def word(site: Site, run: SessionRun) -> str:
    return str(state_word(seen(site, run), console(site).clock(), QUIET))


async def cut_short(site: Site, run: SessionRun) -> None:
    """See that a turn is running, and interrupt it."""
    await soon(lambda: word(site, run) == "running")
    await run.interrupt()
    await run.answer()


async def test_between_two_turns_it_is_attached_wherever_that_is_said(
    site: Site, manager: SessionManager
) -> None:
    async with manager.session("LONG tale", stage="stage_3", listing_id="hollis_park") as run:
        await cut_short(site, run)
        await soon(lambda: word(site, run) == "attached")
        (row,) = await asyncio.to_thread(listed, site, "attached")
        assert (row["state_word"], row["liveness"]) == ("attached", "idle")
        assert await asyncio.to_thread(listed, site, "running") == []
        (same,) = await asyncio.to_thread(listed, site, "idle")
        assert same["session_id"] == row["session_id"] == run.session_id
        assert "○ attached" in title(seen(site, run), console(site).clock(), QUIET)
        late = console(site).clock() + timedelta(hours=2)
        assert need_of(seen(site, run), late, QUIET) is None  # silence is nobody's concern
        await run.send("LONG story")
        await cut_short(site, run)
        await soon(lambda: word(site, run) == "attached")
        send(console(site), seen(site, run), "LONG wait")
        await cut_short(site, run)
        await soon(lambda: word(site, run) == "attached")
    assert word(site, run) == "ready"
    assert not held(site.listing)


def listed(site: Site, status: str) -> list[dict[str, Any]]:
    done = run_cli(site.listing.parent, "ls", "--status", status, "--json")
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


async def test_between_two_turns_nothing_deletes_resumes_or_cleans_it_up(
    site: Site, manager: SessionManager
) -> None:
    options: dict[str, Any] = {"stage": "stage_3", "listing_id": "hollis_park"}
    async with manager.session("ECHO this", max_age_days=0, **options) as run:
        await run.answer()
        await soon(lambda: word(site, run) == "attached")
        session, here = seen(site, run), console(site)
        with pytest.raises(Refused):
            delete(here, session)
        with pytest.raises(Refused):
            plan_resume(here, session)
        with pytest.raises(Refused):
            await iterated_query(manager, run.session_id)
        with pytest.raises(Refused, match="no turn"):
            interrupt(here, session)
        plan = plan_cleanup(here, CatalogScanner(here).look(), is_expired=True)
        assert session.key not in {one.key for one in plan.sessions}
        assert await manager.cleanup_expired() == 0
        assert await manager.recover() == ()
        assert held(site.listing) == {run.session_id}
        await run.send("ECHO more")
        assert await run.answer() == "You said: ECHO more"


async def iterated_query(manager: SessionManager, session_id: str) -> None:
    async for _ in ask(manager, "ECHO more", resume=session_id):
        pass


async def test_a_query_rests_only_while_its_stream_of_prompts_goes_on(
    site: Site, manager: SessionManager
) -> None:
    async for _ in ask(manager, "ECHO this"):
        pass
    assert "resting" not in [one["type"] for one in read_events(last_run(site))]
