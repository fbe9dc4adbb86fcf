"""Operators beside a pipeline's own query, with the real CLI; and a loop that is left early."""

from __future__ import annotations

import ast
import asyncio
import inspect
import os
import pickle
import re
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import pytest
from claude_agent_sdk import (
    ClaudeAgentOptions,
    Message,
    PermissionResultDeny,
    ResultError,
    ResultMessage,
)

from tests.support.processes.own_pipeline import Heard, ask, console, last_run, listening, soon
from tests.support.processes.runs_site import Site
from tui import (
    ConsoleError,
    Kind,
    Refused,
    RunFailed,
    RunInterrupted,
    RunStopped,
    SessionManager,
    UsageError,
    prompted_by,
)
from tui.core.models.session import Session
from tui.core.sessions.attention import why_failed
from tui.guides import read_guide
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.catalog.session_lookup import find_session
from tui.operations.context import Context
from tui.operations.running.steer import answer, interrupt, send, stop
from tui.runs.folder.protocol import read_owner, read_run, run_folders
from tui.storage.table.tracking import read_rows


async def test_a_prompt_goes_as_the_sdk_sends_it_and_what_is_typed_as_text(
    site: Site, manager: SessionManager
) -> None:
    commands = site.listing / ".claude" / "commands"
    commands.mkdir(parents=True)
    (commands / "greet.md").write_text("Greet PERMIT $ARGUMENTS.")
    options = ClaudeAgentOptions(setting_sources=["project"], cwd=site.listing)
    heard = Heard(site)
    task = asyncio.create_task(heard.listen(ask(manager, "/greet Acme", options=options)))
    request = await soon(lambda: run_folders(site.listing) and read_run(last_run(site)).request)
    assert site.api.requests[-1].prompt == "Greet PERMIT Acme."
    for held_back in ("/clear", " /new buyers"):
        with pytest.raises(UsageError, match="is not sent"):
            send(console(site), heard.session(), held_back)
    send(console(site), heard.session(), "/greet ECHO them")
    send(console(site), heard.session(), " /compact keep ECHO names")
    answer(console(site), heard.session(), "deny", shown=request.digest)
    await soon(lambda: (now := read_run(last_run(site)).request) and now != request)
    answer(console(site), heard.session(), "deny")
    await task
    asked = [one.prompt for one in site.api.requests]
    assert "/greet ECHO them" in asked
    assert "/compact keep ECHO names" not in asked
    assert any("keep ECHO names" in one and "summary" in one for one in asked)


def is_running(session: Session) -> bool:
    return session.is_live and session.run is not None and not session.run.is_over


async def test_an_interrupt_ends_the_turn_and_a_stop_reaches_the_pipeline(
    site: Site, manager: SessionManager
) -> None:
    heard, task = await listening(site, ask(manager, "LONG story"))
    interrupt(console(site), heard.session())
    with pytest.raises(RunInterrupted, match="bert interrupted the turn") as interrupted:
        await task
    assert (interrupted.value.kind, interrupted.value.is_retryable) == (Kind.INTERRUPTED, False)
    assert (interrupted.value.stopped_by, interrupted.value.session_id) == (
        "bert",
        heard.session_id,
    )
    assert not isinstance(interrupted.value, RunFailed | ResultError)
    assert isinstance(heard.messages[-1], ResultMessage)
    assert heard.messages[-1].is_error
    resumed = asyncio.create_task(
        Heard(site).listen(ask(manager, "LONG again", resume=heard.session_id))
    )
    await soon(lambda: is_running(heard.session()))  # the CLI of the first may still be ending
    stop(console(site), heard.session())
    with pytest.raises(RunStopped, match="bert stopped the run") as stopped:
        await resumed
    assert (stopped.value.stopped_by, stopped.value.session_id) == ("bert", heard.session_id)
    assert not isinstance(stopped.value, RunFailed)
    row = site.row(heard.session_id)
    assert row
    assert row.status == "active"


async def _with_follow_up(
    site: Site,
    manager: SessionManager,
    prompt: str,
    act: Callable[[Context, Session], object],
    **more: Any,
) -> Heard:
    """Run a query to whose session an operator sends `prompt`, and then does `act`."""
    heard = Heard(site)
    task = asyncio.create_task(heard.listen(ask(manager, "QUESTION for you", **more)))
    request = await soon(lambda: run_folders(site.listing) and read_run(last_run(site)).request)
    send(console(site), heard.session(), prompt)
    answer(console(site), heard.session(), "2", shown=request.digest)
    begun = '"by": "bert", "id": "2'
    await soon(lambda: f'"turn", {begun}' in (last_run(site) / "events.jsonl").read_text())
    act(console(site), heard.session())
    await task
    return heard


async def test_the_last_result_is_the_pipelines_whatever_operators_add(
    site: Site, manager: SessionManager
) -> None:
    heard = await _with_follow_up(site, manager, "ECHO from bert", lambda *_: None)
    assert "You said: ECHO from bert" in site.transcript(heard.session_id)
    assert "ECHO from bert" not in heard.texts
    (result,) = (one for one in heard.messages if isinstance(one, ResultMessage))
    assert (result.result, prompted_by(result)) == ("Very well.", "")


@pytest.mark.parametrize("prompt", ["BADKEY", "LONG tale"])
async def test_a_follow_up_that_fails_or_is_stopped_is_no_failure_of_the_pipelines(
    site: Site, manager: SessionManager, prompt: str, caplog: pytest.LogCaptureFixture
) -> None:
    act = stop if "LONG" in prompt else lambda *_: None
    heard = await _with_follow_up(site, manager, prompt, act)
    assert isinstance(heard.messages[-1], ResultMessage)
    assert heard.messages[-1].result == "Very well."
    row = site.row(heard.session_id)
    assert row
    assert (row.status, "last_error" in row.details()) == ("active", False)
    stats = await manager.get_session_stats()
    assert (stats["active"], stats.get("failed", 0)) == (1, 0)
    is_failed, session = "LONG" not in prompt, heard.session()
    assert ("the follow-up of bert failed" in caplog.text) == is_failed
    assert ("a prompt that bert added: " in why_failed(session)) == is_failed
    again = Heard(site)
    await again.listen(ask(manager, "ECHO it", resume=heard.session_id))
    assert why_failed(again.session()) == ""


async def test_a_cli_that_dies_in_a_follow_up_is_no_failure_of_the_pipelines(
    site: Site, manager: SessionManager
) -> None:
    def kill(*_: object) -> None:
        os.kill(read_owner(last_run(site))["cli_pid"], signal.SIGKILL)

    heard = await _with_follow_up(site, manager, "LONG tale", kill)
    row = site.row(heard.session_id)
    assert row
    assert row.status == "active"
    assert "a prompt that bert added: the CLI was" in why_failed(heard.session())


async def test_a_follow_up_that_is_the_pipelines_too_fails_its_session(
    site: Site, manager: SessionManager
) -> None:
    with pytest.raises(RunFailed, match="Invalid API key"):
        await _with_follow_up(site, manager, "BADKEY", lambda *_: None, follow_ups=True)
    (row,) = read_rows(manager.db_path)
    assert row.status == "failed"


async def test_a_prompt_after_an_interrupt_is_answered_in_the_pipelines_place(
    site: Site, manager: SessionManager
) -> None:
    heard, task = await listening(site, ask(manager, "LONG story"))
    send(console(site), heard.session(), "ECHO this instead")
    interrupt(console(site), heard.session())
    await task
    results = [one for one in heard.messages if isinstance(one, ResultMessage)]
    assert [one.is_error for one in results] == [True, False]
    assert results[-1].result == "You said: ECHO this instead"


RECIPES = re.findall(r"^```python\n(.*?)^```$", read_guide("recipes"), re.S | re.M)[:3]


class _Fails(Exception):
    """Airflow's own, which is not installed here."""


def _stage(code: str) -> Callable[..., object]:
    """Return what a recipe has its scheduler run, without the scheduler."""
    (found,) = (one for one in ast.parse(code).body if getattr(one, "name", "") == "run_stage")
    assert isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef)
    found.decorator_list = []
    names: dict[str, Any] = {"Path": Path, "SessionManager": SessionManager}
    names |= {"ConsoleError": ConsoleError, "AirflowFailException": _Fails}
    exec(f"from __future__ import annotations\n{ast.unparse(found)}", names)  # noqa: S102 (ours)
    return cast("Callable[..., object]", names["run_stage"])


@pytest.mark.parametrize("code", RECIPES)
async def test_a_recipe_takes_no_interrupted_turn_for_an_answer(site: Site, code: str) -> None:
    stage = _stage(code)
    given: tuple[str | None, ...] = (str(site.listing), "LONG story")
    given = (None, *given) if "task" in inspect.signature(stage).parameters else given
    does = stage(*given) if inspect.iscoroutinefunction(stage) else asyncio.to_thread(stage, *given)
    task = asyncio.ensure_future(cast("Awaitable[object]", does))
    run = await soon(lambda: run_folders(site.listing) and read_run(last_run(site)))
    await soon(lambda: site.transcript(run.session_id))
    interrupt(console(site), find_session(CatalogScanner(console(site)).look(), run.session_id))
    with pytest.raises((RunInterrupted, _Fails)) as raised:
        await task
    error = raised.value
    assert isinstance(error.__cause__ if isinstance(error, _Fails) else error, RunInterrupted)


async def test_a_denial_that_interrupts_is_raised_as_the_sdk_raises_it(
    site: Site, manager: SessionManager
) -> None:
    async def deny(*_: Any) -> PermissionResultDeny:
        return PermissionResultDeny(message="no", interrupt=True)

    heard, options = Heard(site), ClaudeAgentOptions(can_use_tool=deny, cwd=site.listing)
    with pytest.raises(RunInterrupted) as interrupted:
        await heard.listen(ask(manager, "PERMIT it", options=options))
    error = interrupted.value
    assert isinstance(error, ResultError)
    assert (error.subtype, error.kind) == ("error_during_execution", Kind.INTERRUPTED)
    assert (error.stopped_by, error.session_id) == ("pipeline", heard.session_id)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 (our own)
    assert (type(again), str(again), again.kind) == (type(error), str(error), error.kind)


async def test_a_held_session_whose_turn_is_interrupted_says_so_and_goes_on(
    site: Site, manager: SessionManager
) -> None:
    async with manager.session("LONG story", stage="stage_3") as run:
        answering = asyncio.create_task(run.answer())
        await soon(lambda: site.transcript(run.session_id))
        held = find_session(CatalogScanner(console(site)).look(), run.session_id)
        interrupt(console(site), held)
        with pytest.raises(RunInterrupted, match="bert interrupted the turn"):
            await answering
        send(console(site), held, "ECHO this instead")
        await soon(lambda: "You said: ECHO this" in site.transcript(run.session_id))
        assert await run.answer() == "You said: ECHO this instead"
        await run.send("ECHO mine")
        assert await run.answer() == "You said: ECHO mine"


async def _to_result(messages: AsyncIterator[Message]) -> str:
    """Leave the loop at the result, as the SDK's users do; return the session."""
    async for message in messages:
        if isinstance(message, ResultMessage):
            return message.session_id
    raise AssertionError("there was no result")


def _relative(site: Site) -> SessionManager:
    return SessionManager(os.path.relpath(site.listing))


async def test_leaving_the_loop_at_the_result_and_resuming_at_once_is_never_refused(
    site: Site, manager: SessionManager
) -> None:
    session_id = await _to_result(ask(manager, "ECHO 0"))
    for turn in range(1, 6):
        again = _relative(site) if turn % 2 else manager
        kept = ask(again, f"ECHO {turn}", resume=session_id)
        assert await _to_result(kept) == session_id
        if turn < 3:  # else its generator is still there, and never closed
            del kept
    prompts = tuple(f"ECHO {turn}" for turn in range(6))
    assert site.api.requests[-1].prompts == prompts


async def test_a_run_that_is_left_in_mid_turn_is_waited_for_too(
    site: Site, manager: SessionManager
) -> None:
    heard, task = await listening(site, ask(manager, "LONG story"))
    with pytest.raises(Refused, match="is running"):
        await _to_result(ask(manager, "me too", resume=heard.session_id))
    task.cancel()
    assert await _to_result(ask(manager, "ECHO it", resume=heard.session_id)) == heard.session_id
