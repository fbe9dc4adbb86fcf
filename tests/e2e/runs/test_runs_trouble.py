"""Runs that go wrong, end to end with the real CLI: nothing is lost, and a way out is left."""

from __future__ import annotations

import asyncio
import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.processes.past_session import BEGINNING, past
from tests.support.processes.runs_site import Site, cli_is_gone, command, kinds, over, wait
from tui import SessionManager
from tui.core.errors import Refused
from tui.core.models.session import Liveness, Session
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.catalog.session_lookup import find_session
from tui.operations.context import Context
from tui.operations.running.resume import plan_resume
from tui.operations.running.steer import send, stop
from tui.operations.trash.delete import delete
from tui.runs.folder.protocol import read_events, read_owner, read_partial, read_run
from tui.settings import Settings
from tui.storage.session_locks import held


def context(site: Site, later: timedelta = timedelta()) -> Context:
    settings = Settings(root=site.listing.parent, operator="anna", time_zone="UTC")
    return Context(settings, lambda: datetime.now(UTC) + later)


def look(site: Site, folder: Path) -> Session:
    return find_session(CatalogScanner(context(site)).look(), read_run(folder).session_id)


def test_what_looks_like_a_command_of_the_cli_reaches_the_agent_as_text(site: Site) -> None:
    """Sent as it is, `/clear` goes on as another session, and `/context` never reaches the API.

    No key and no verb sends `/clear`; a run that finds it in its folder says it as text.
    """
    first = past(site)
    folder = site.start("/clear", mode="resume", session_id=first)
    wait(lambda: "init" in kinds(folder))
    command(folder, "prompt", "/context now")
    run = over(folder)
    assert (run.state, run.error) == ("done", "")
    assert site.api.requests[-1].prompts[-3:] == (BEGINNING, "/clear", "/context now")
    transcripts = (site.listing / ".claude_sessions").glob("projects/*/*.jsonl")
    assert [path.stem for path in transcripts] == [first]


def test_a_prompt_that_a_failed_turn_leaves_behind_is_told(site: Site) -> None:
    folder = site.start("PERMIT then fail")
    wait(lambda: read_run(folder).request)
    command(folder, "prompt", "ECHO this too")
    wait(lambda: "ack" in kinds(folder))
    os.kill(read_owner(folder)["cli_pid"], signal.SIGKILL)
    run = over(folder)
    assert run.state == "failed"
    assert "; 1 queued prompt was not sent: 'ECHO this too'" in run.error
    (dropped,) = (event for event in read_events(folder) if event.get("kind") == "dropped")
    assert (dropped["words"], dropped["by"]) == ("ECHO this too", "bert")
    with pytest.raises(Refused, match="is over"):
        command(folder, "prompt", "too late")
    row = site.row(run.session_id)
    assert row
    assert "ECHO this too" in row.details()["last_error"]


def test_no_agent_is_started_behind_a_linked_config_dir(site: Site, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (site.listing / ".claude_sessions").symlink_to(tmp_path / "elsewhere")
    run = over(site.start("hello"))
    assert run.state == "failed"
    assert "is a link" in run.error
    assert not list((tmp_path / "elsewhere").iterdir())


def test_an_orphan_is_the_cli_of_a_killed_runner_and_stop_ends_it(site: Site) -> None:
    folder = site.start("LONG gone")
    wait(lambda: read_partial(folder))
    assert look(site, folder).liveness is Liveness.BUSY
    os.kill(read_owner(folder)["pid"], signal.SIGKILL)
    session = wait(lambda: (now := look(site, folder)).liveness is Liveness.ORPHAN and now)
    for refused in (
        lambda: plan_resume(context(site), session),
        lambda: delete(context(site), session),
        lambda: send(context(site), session, "hello"),
    ):
        with pytest.raises(Refused, match="orphan"):
            refused()
    manager = SessionManager(site.listing)
    again = manager.query("go on", stage="s", listing_id="x", resume=session.session_id)
    with pytest.raises(Refused, match="is an orphan") as lone:
        asyncio.run(again.__anext__())
    assert lone.value.remedy == "take_over=True"
    assert "ended the orphaned CLI" in stop(context(site), session).words
    assert cli_is_gone(folder)
    assert look(site, folder).liveness is Liveness.NONE
    assert plan_resume(context(site), look(site, folder)).mode == "resume"


def test_a_frozen_runner_is_ended_with_its_cli_and_can_be_resumed(site: Site) -> None:
    folder = site.start("LONG sleep")
    wait(lambda: read_partial(folder))
    os.kill(read_owner(folder)["pid"], signal.SIGSTOP)
    words = stop(context(site, timedelta(seconds=60)), look(site, folder)).words
    assert "had not responded for" in words
    assert "and its CLI" in words
    assert cli_is_gone(folder)
    assert read_run(folder).state == "lost"
    assert not held(site.listing)
    assert plan_resume(context(site), look(site, folder)).mode == "resume"
