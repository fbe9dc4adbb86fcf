"""A pipeline's own query, end to end with the real CLI: tracked, resumed, followed and steered."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from claude_agent_sdk import ClaudeAgentOptions, Message, PermissionResultAllow, ResultMessage

from tests.support.listings import guide_class, guide_statements
from tests.support.processes.children import Child
from tests.support.processes.own_pipeline import (
    Heard,
    ask,
    began,
    console,
    last_run,
    soon,
)
from tests.support.processes.runs_site import Site, cli_is_gone
from tui import (
    PermissionAnswered,
    Refused,
    RunEvent,
    RunFailed,
    SessionManager,
    UsageError,
    prompted_by,
)
from tui.core.models.catalog import Hold
from tui.core.models.session import Liveness
from tui.operations.running.resume import plan_resume
from tui.operations.running.steer import answer, mode, model, send
from tui.runs.folder.protocol import read_events, read_owner, read_run, run_folders
from tui.storage.session_locks import held
from tui.storage.state.hold import write_hold


async def test_a_query_is_tracked_at_init_and_resumed_by_id_as_the_same_agent(
    site: Site, manager: SessionManager
) -> None:
    projects = site.listing / ".claude_sessions" / "projects"
    projects.mkdir(parents=True)
    os.utime(projects, (0, 0))
    options = ClaudeAgentOptions(
        model="claude-opus-4-5",
        system_prompt="You know every maker of pumps.",
        tools=["Read", "WebSearch"],
        allowed_tools=["WebSearch"],
        permission_mode="acceptEdits",
        env={"CRM_TOKEN": "crm-secret"},
        mcp_servers={"crm": {"type": "http", "url": "http://127.0.0.1:9/crm-secret"}},
        cwd=site.listing,
    )
    session_id = ""
    async for message in ask(manager, "ECHO this", options=options):
        if began(message):
            session_id = began(message)
            assert site.row(session_id)
            (row,) = await manager.list_active_sessions()
            await guide_class.cleanup_expired_sessions(manager.sessions_dir)
    assert (row["session_id"], row["stage"]) == (session_id, "stage_3")
    agent = json.loads(row["metadata"])["agent"]
    assert agent["permission_mode"] == "acceptEdits"
    assert "You said: ECHO this" in site.transcript(session_id)
    assert json.loads((projects.parent / "settings.json").read_text())["cleanupPeriodDays"] == 41
    ours = [*last_run(site).rglob("*"), manager.db_path]
    assert not [one for one in ours if one.is_file() and b"secret" in one.read_bytes()]
    first = site.api.requests[-1]

    env = ClaudeAgentOptions(env={"CRM_TOKEN": "crm-secret"})  # it may hold the agent back
    asking = ask(manager, "ECHO more", resume=session_id, options=env)
    resumed = [began(one) async for one in asking]
    asked = site.api.requests[-1]
    assert resumed[0] == session_id
    assert asked.prompts == ("ECHO this", "ECHO more")
    assert (asked.model, asked.tools) == (first.model, ("Read", "WebSearch"))
    assert "You know every maker of pumps." in json.dumps(asked.body["system"])
    (event,) = [one for one in read_events(last_run(site)) if one["type"] == "init"]
    assert (event["permission_mode"], event["cwd"]) == ("acceptEdits", str(site.listing))


async def test_what_a_resume_gives_wins_and_is_recorded_with_the_rest(
    site: Site, manager: SessionManager
) -> None:
    first = ClaudeAgentOptions(model="claude-opus-4-5", tools=["Read"])
    ids = [began(one) async for one in ask(manager, "ECHO this", options=first)]
    await manager.track_session(ids[0], "stage_3", "hollis_park", {"workers": 8})
    other = ClaudeAgentOptions(model="claude-sonnet-4-5", resume=ids[0])
    assert [one async for one in ask(manager, "ECHO more", options=other)]
    assert site.api.requests[-1].model.startswith("claude-sonnet-4-5")
    assert site.api.requests[-1].tools == ("Read",)
    (row,) = await manager.list_active_sessions()
    details = json.loads(row["metadata"])
    assert details["workers"] == 8
    assert details["agent"]["model"] == "claude-sonnet-4-5"
    assert details["agent"]["tools"] == ["Read"]


async def test_a_resume_from_the_guides_older_table_has_the_recorded_limits(
    site: Site, manager: SessionManager
) -> None:
    """Without the column for them, the second agent would have every tool."""
    await guide_statements.track_older(manager.db_path, "9f2c", "hollis_park", "stage_1")
    options = ClaudeAgentOptions(tools=["Read"])
    heard = Heard(site)
    await heard.listen(ask(manager, "ECHO this", options=options))
    limited = site.api.requests[-1].tools
    await Heard(site).listen(ask(manager, "ECHO more", resume=heard.session_id))
    assert site.api.requests[-1].tools == limited
    assert "Bash" not in limited
    await guide_statements.track_older(manager.db_path, "a1b2", "hollis_park", "stage_1")


async def test_a_refused_key_fails_the_row_and_reaches_the_pipeline(
    site: Site, manager: SessionManager
) -> None:
    heard, errors = Heard(site), []
    try:
        await heard.listen(ask(manager, "BADKEY"))
    except Exception as error:  # as the guide's pipeline catches it
        await manager.mark_session_failed(heard.session_id)
        errors.append(str(error))
    assert "Invalid API key" in errors[0]
    assert isinstance(heard.messages[-1], ResultMessage)
    row = site.row(heard.session_id)
    assert row
    assert row.status == "failed"
    assert "Invalid API key" in row.details()["last_error"]
    assert read_run(last_run(site)).state == "failed"


async def test_a_cli_that_dies_fails_the_row_and_tells_the_pipeline(
    site: Site, manager: SessionManager
) -> None:
    heard = Heard(site)
    task = asyncio.create_task(heard.listen(ask(manager, "LONG tale")))
    await soon(lambda: heard.session_id)
    os.kill(read_owner(last_run(site))["cli_pid"], signal.SIGKILL)
    with pytest.raises(RunFailed, match=r"the CLI was ended by SIGKILL \(exit code: -9"):
        await task
    row = site.row(heard.session_id)
    assert row
    assert (row.status, "exit code: -9" in row.details()["last_error"]) == ("failed", True)
    assert not held(site.listing)


async def test_a_console_answers_follows_and_sends_while_a_second_resume_is_refused(
    site: Site, manager: SessionManager
) -> None:
    heard = Heard(site)
    options = ClaudeAgentOptions(cwd=site.listing)
    query = ask(manager, "PERMIT this", options=options, follow_ups=True)
    task = asyncio.create_task(heard.listen(query))
    request = await soon(lambda: run_folders(site.listing) and read_run(last_run(site)).request)
    assert (request.tool, request.input["command"]) == ("Bash", "touch made-0")
    session = heard.session()
    assert (session.liveness, session.waiting_for) == (Liveness.WAITING, "permission for Bash")
    again = SessionManager(site.listing)
    with pytest.raises(Refused, match="is running"):
        await Heard(site).listen(ask(again, "me too", resume=heard.session_id))
    with pytest.raises(Refused, match="is running"):
        plan_resume(console(site), session)
    send(console(site), session, "ECHO from the console")
    answer(console(site), session, "allow", shown=request.digest)
    await soon(lambda: (now := read_run(last_run(site)).request) and now != request)
    answer(console(site), heard.session(), "deny", "not that one")
    await task
    assert "You said: ECHO from the console" in heard.texts
    assert "not that one" in heard.texts
    assert (site.listing / "made-0").exists()
    assert not (site.listing / "made-1").exists()
    results = [one for one in heard.messages if isinstance(one, ResultMessage)]
    assert [prompted_by(one) for one in results] == ["", "bert"]
    assert read_run(last_run(site)).state == "done"


async def test_a_console_changes_model_and_mode_and_answers_a_question(
    site: Site, manager: SessionManager
) -> None:
    heard = Heard(site)
    task = asyncio.create_task(heard.listen(ask(manager, "QUESTION then more")))
    await soon(lambda: run_folders(site.listing) and read_run(last_run(site)).request)
    session = heard.session()
    assert session.run is not None
    assert session.run.request is not None
    answering = partial(answer, shown=session.run.request.digest)
    for act, name in ((model, "claude-opus-4-5"), (mode, "plan"), (answering, "2")):
        done = await asyncio.to_thread(act, console(site), session, name)
        assert "not taken" not in done.words
    await task
    assert '"Which region?"="Asia"' in heard.texts
    assert site.api.requests[-1].model == "claude-opus-4-5"
    run = read_run(last_run(site))
    assert (run.model, run.permission_mode) == ("claude-opus-4-5", "plan")


async def test_a_query_that_would_leave_its_session_is_refused_unless_it_is_text(
    site: Site, manager: SessionManager
) -> None:
    with pytest.raises(UsageError, match="/clear is not sent"):
        await Heard(site).listen(ask(manager, "/clear"))
    assert not run_folders(site.listing)
    options = ClaudeAgentOptions(verbatim_prompts=True)
    await Heard(site).listen(ask(manager, "/clear", options=options))
    assert site.api.requests[-1].prompt == "/clear"


async def _break(messages: AsyncIterator[Message]) -> None:
    async for message in messages:
        if began(message):
            break


async def _fail(messages: AsyncIterator[Message]) -> None:
    with suppress(ZeroDivisionError):
        async for message in messages:
            assert 1 / (not began(message))


async def _cancel(messages: AsyncIterator[Message]) -> None:
    begun = asyncio.Event()

    async def listen() -> None:
        async for message in messages:
            if began(message):
                begun.set()

    task = asyncio.create_task(listen())
    await begun.wait()
    task.cancel()
    await asyncio.wait([task])


@pytest.mark.parametrize("leave", [_break, _fail, _cancel])
async def test_leaving_early_ends_the_cli_and_no_other_child_and_frees_the_session(
    site: Site, manager: SessionManager, leave: Callable[[AsyncIterator[Message]], Awaitable[None]]
) -> None:
    with Child(["sleep", "600"]) as other:
        await leave(ask(manager, "LONG story"))
        await soon(lambda: read_run(last_run(site)).is_over)
        assert cli_is_gone(last_run(site))
        assert not held(site.listing)
        assert read_run(last_run(site)).state == "done"
        assert other.poll() is None
        other.kill()


async def test_a_pipeline_that_answers_for_itself_is_asked_and_nobody_else(
    site: Site, manager: SessionManager
) -> None:
    asked = []

    async def allow(tool: str, given: Any, context: Any) -> PermissionResultAllow:
        asked.append(given["command"])
        return PermissionResultAllow()

    options = ClaudeAgentOptions(can_use_tool=allow, cwd=site.listing)
    await Heard(site).listen(ask(manager, "PERMIT this", options=options))
    assert asked == ["touch made-0", "touch made-1"]
    assert "permission" not in [event["type"] for event in read_events(last_run(site))]


async def test_a_permission_that_nobody_gives_is_denied_in_time(
    site: Site, manager: SessionManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SESSION_CONSOLE_PERMISSION_TIMEOUT", "1s")
    heard = Heard(site)
    await heard.listen(ask(manager, "PERMIT late", options=ClaudeAgentOptions(cwd=site.listing)))
    assert "Nobody answered within 1 s." in heard.texts
    assert not (site.listing / "made-0").exists()


async def test_a_pipeline_that_nobody_watches_has_denied_at_once_what_it_has_not_allowed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SESSION_CONSOLE_PERMISSION_TIMEOUT", "2s")
    events: list[RunEvent] = []
    alone = SessionManager(site.listing, permission_timeout=timedelta(0), on_event=events.append)
    for prompt in ("PERMIT this", "QUESTION it"):
        heard = Heard(site)
        await heard.listen(ask(alone, prompt, options=ClaudeAgentOptions(cwd=site.listing)))
        assert "It was not allowed beforehand, and this run waits for nobody" in heard.texts
        assert isinstance(heard.messages[-1], ResultMessage)
    told = [
        (one.tool, one.decision, one.by) for one in events if isinstance(one, PermissionAnswered)
    ]
    clock = ("deny", "the clock")
    assert told == [("Bash", *clock), ("Bash", *clock), ("AskUserQuestion", *clock)]
    assert not (site.listing / "made-0").exists()


@pytest.mark.parametrize("wrong", [timedelta(seconds=-1), timedelta.max])
def test_a_timeout_that_is_none_is_refused(site: Site, wrong: timedelta) -> None:
    with pytest.raises(UsageError, match="permission_timeout must be"):
        SessionManager(site.listing, permission_timeout=wrong)


async def test_nothing_begins_in_a_root_that_is_held_or_without_a_transcript(
    site: Site, manager: SessionManager
) -> None:
    with pytest.raises(Refused, match="has no transcript"):
        await _break(ask(manager, "go on", resume="9f2c0000-1111-4222-8333-444455556666"))
    options = ClaudeAgentOptions(continue_conversation=True)
    with pytest.raises(UsageError, match="name the one that you mean"):
        await _break(ask(manager, "go on", options=options))
    write_hold(site.listing.parent, Hold("anna", datetime.now(UTC), "moving the disk"))
    with pytest.raises(Refused, match=r"paused by anna .*: moving the disk"):
        await _break(ask(manager, "hello"))
    assert not run_folders(site.listing)
    assert not held(site.listing)


async def test_an_environment_that_names_another_place_is_refused(
    site: Site, manager: SessionManager
) -> None:
    for name in ("CLAUDE_CONFIG_DIR", "CLAUDE_SESSION_DIR"):
        options = ClaudeAgentOptions(env={name: str(site.listing / "elsewhere")})
        with pytest.raises(UsageError, match=f"options.env sets {name}"):
            await _break(ask(manager, "hello", options=options))
    assert not run_folders(site.listing)
    options = ClaudeAgentOptions(env={"CLAUDE_CONFIG_DIR": str(manager.sessions_dir)})
    assert [one async for one in ask(manager, "hello", options=options)]


async def test_listings_in_one_process_do_not_mix(site: Site) -> None:
    folders = [site.listing.with_name(name) for name in ("alpha", "beta")]
    managers = [SessionManager(folder) for folder in folders for _ in range(2)]

    async def one(manager: SessionManager) -> tuple[Path, str]:
        heard = Heard(site)
        name = manager.output_dir.name
        await heard.listen(manager.query(f"ECHO {name}", stage="s", listing_id=name))
        return manager.output_dir, heard.session_id

    found = await asyncio.gather(*(one(manager) for manager in managers))
    for folder in folders:
        ids = {session_id for output_dir, session_id in found if output_dir == folder}
        paths = list((folder / ".claude_sessions").glob("projects/*/*.jsonl"))
        assert {path.stem for path in paths} == ids
        assert all(f"You said: ECHO {folder.name}" in path.read_text() for path in paths)
        rows = await SessionManager(folder).list_active_sessions()
        assert {row["session_id"] for row in rows} == ids
        assert {row["listing_id"] for row in rows} == {folder.name}
    assert len({read_owner(run)["cli_pid"] for one in folders for run in run_folders(one)}) == 4
