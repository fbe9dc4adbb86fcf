"""What operators and faults do between a pipeline's own prompts: none of these is lost silently."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from _pytest.outcomes import Failed
from claude_agent_sdk import ClaudeAgentOptions, HookMatcher, ResultMessage

from tests.support.processes.own_pipeline import Heard, ask, console, last_run, soon
from tests.support.processes.runs_site import SCENES, Site
from tui import (
    Kind,
    RunEnded,
    RunEvent,
    RunFailed,
    RunInterrupted,
    RunStopped,
    SessionManager,
    SessionRun,
    TurnFinished,
)
from tui.core.models.session import Session
from tui.demo.api import LoopbackApi, by_word
from tui.demo.api_request import ApiRequest
from tui.demo.turns import ToolUse, Turn, say
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.catalog.session_lookup import find_session
from tui.operations.running.steer import interrupt, model, send, stop
from tui.runs import driver
from tui.runs.folder.protocol import read_events, read_owner, read_run

Events = list[RunEvent]


def leave_agent_behind(asked: ApiRequest) -> Turn:
    task = {"description": "wait", "prompt": "LONG go", "subagent_type": "general-purpose"}
    call = ToolUse("Agent", task | {"run_in_background": True})
    return say("So be it.") if asked.step else say(call)


@pytest.fixture(scope="module")
def api() -> Iterator[LoopbackApi]:
    away = by_word({"AWAY": leave_agent_behind}, default=SCENES)
    with LoopbackApi(away) as server:
        yield server


@pytest.fixture
def events() -> Events:
    return []


@pytest.fixture
def manager(site: Site, events: Events) -> SessionManager:
    return SessionManager(site.listing, on_event=events.append)


def hold(manager: SessionManager, prompt: Any, **more: Any) -> SessionRun:
    return manager.session(prompt, stage="stage_3", listing_id="hollis_park", **more)


def user(words: str) -> dict[str, Any]:
    return {"type": "user", "message": {"role": "user", "content": words}}


def session_of(site: Site, session_id: str = "") -> Session:
    known = session_id or read_run(last_run(site)).session_id
    return find_session(CatalogScanner(console(site)).look(), known)


def kill_cli(site: Site) -> None:
    os.kill(read_owner(last_run(site))["cli_pid"], signal.SIGKILL)


async def begun_by_bert(site: Site, prompt: str) -> None:
    """Send an operator's prompt, and return once its turn has begun."""
    before = _turns_of_bert(site)
    send(console(site), session_of(site), prompt)
    await soon(lambda: _turns_of_bert(site) > before)


def _turns_of_bert(site: Site) -> int:
    events = read_events(last_run(site))
    return sum(one["type"] == "turn" and one["by"] == "bert" for one in events)


async def failed_of_bert(site: Site, prompt: str = "BADKEY") -> None:
    """Send an operator's prompt, and return once it has failed."""
    await begun_by_bert(site, prompt)
    await soon(lambda: read_run(last_run(site)).failed_by == "bert")


def ending(events: Events) -> RunEnded:
    (one,) = [each for each in events if isinstance(each, RunEnded)]
    return one


def turns(events: Events) -> list[tuple[str, bool]]:
    return [(one.by, one.is_error) for one in events if isinstance(one, TurnFinished)]


def answered(events: Events) -> list[TurnFinished]:
    every = (one for one in events if isinstance(one, TurnFinished))
    return [one for one in every if not one.is_error and not one.is_interrupted]


def row_status(site: Site, run: SessionRun) -> str:
    row = site.row(run.session_id)
    assert row
    return row.status


@pytest.mark.parametrize("is_queued", [True, False])
async def test_a_follow_up_that_fails_leaves_a_held_session_as_it_is(
    site: Site,
    manager: SessionManager,
    events: Events,
    caplog: pytest.LogCaptureFixture,
    is_queued: bool,
) -> None:
    async with hold(manager, "ECHO 0") as run:
        await run.answer()
        if is_queued:
            await begun_by_bert(site, "BADKEY")
        else:
            await failed_of_bert(site)
            await soon(lambda: read_run(last_run(site)).state == "idle")
            assert await run.answer() == ""
        await run.send("ECHO mine")
        assert (await run.answer()).endswith("ECHO mine")
    assert f"{run.session_id[:8]}: the follow-up of bert failed: Invalid API key" in caplog.text
    assert turns(events) == [("pipeline", False), ("bert", True), ("pipeline", False)]
    end = ending(events)
    assert (end.outcome, end.error, end.turns) == ("succeeded", None, 3)
    assert end.cost_usd == run.cost_usd
    assert (row_status(site, run), read_run(last_run(site)).state) == ("active", "done")


async def test_what_operators_have_queued_behind_one_that_fails_is_answered(
    site: Site, manager: SessionManager, events: Events
) -> None:
    async with hold(manager, "ECHO 0") as run:
        await run.answer()
        send(console(site), session_of(site), "BADKEY")
        send(console(site), session_of(site), "ECHO the last of bert")
    assert [one.by for one in answered(events)] == ["pipeline", "bert"]
    assert ending(events).outcome == "succeeded"


async def test_a_follow_up_that_fails_leaves_a_stream_of_prompts_as_it_is(
    site: Site, manager: SessionManager, events: Events
) -> None:
    async def prompts() -> AsyncIterator[dict[str, Any]]:
        yield user("ECHO one")
        await soon(lambda: "You said: ECHO one" in str(heard.messages))
        await failed_of_bert(site)
        yield user("ECHO two")

    heard = Heard(site)
    await heard.listen(ask(manager, prompts()))
    results = [one.result for one in heard.messages if isinstance(one, ResultMessage)]
    assert [(one or "").split("ECHO")[-1] for one in results] == [" one", " two"]
    assert ending(events).outcome == "succeeded"


@pytest.mark.parametrize("is_queued", [True, False])
async def test_a_cli_that_dies_in_a_follow_up_fails_what_the_pipeline_does_next(
    site: Site, manager: SessionManager, events: Events, is_queued: bool
) -> None:
    async with hold(manager, "ECHO 0") as run:
        await run.answer()
        await begun_by_bert(site, "LONG tale")
        if is_queued:
            await run.send("ECHO mine")
        kill_cli(site)
        for act in (run.answer(), run.send("ECHO more"), run.set_model("claude-opus-4-5")):
            with pytest.raises(RunFailed, match="SIGKILL") as failed:
                await act
            assert failed.value.kind is Kind.CLI_DIED
    assert (ending(events).outcome, ending(events).error) == ("failed", failed.value)
    assert row_status(site, run) == "failed"


@pytest.mark.parametrize("prompt", ["ECHO 0", "LONG tale"])
async def test_a_cli_that_dies_beside_an_open_stream_of_prompts_fails_it(
    site: Site, manager: SessionManager, events: Events, prompt: str
) -> None:
    """Between two turns, and in one."""

    async def prompts() -> AsyncIterator[dict[str, Any]]:
        yield user(prompt)
        word = "You said" if "ECHO" in prompt else "init"
        await soon(lambda: word in str(heard.messages))
        kill_cli(site)
        await asyncio.Event().wait()

    heard = Heard(site)
    with pytest.raises(RunFailed) as failed:
        await heard.listen(ask(manager, prompts()))
    assert failed.value.kind is Kind.CLI_DIED
    assert (ending(events).outcome, ending(events).error) == ("failed", failed.value)


async def test_a_stop_in_a_follow_up_is_raised_to_who_holds_the_session(
    site: Site, manager: SessionManager, events: Events
) -> None:
    async with hold(manager, "ECHO 0") as run:
        await run.answer()
        await begun_by_bert(site, "LONG tale")
        await run.send("ECHO mine")
        stop(console(site), session_of(site))
        for act in (run.answer(), run.send("ECHO more")):
            with pytest.raises(RunStopped, match="bert stopped the run"):
                await act
    assert ending(events).outcome == "stopped"


async def test_an_interrupt_of_a_follow_up_takes_no_prompt_of_the_pipelines_with_it(
    site: Site, manager: SessionManager, events: Events
) -> None:
    async with hold(manager, "ECHO 0") as run:
        await run.answer()
        await begun_by_bert(site, "LONG tale")
        await run.send("ECHO 1")
        await run.send("ECHO 2")
        await soon(lambda: "LONG" in site.api.requests[-1].prompt)
        interrupt(console(site), session_of(site))
        assert (await run.answer()).endswith("ECHO 2")
    assert [one.by for one in answered(events)] == ["pipeline"] * 3
    assert ending(events).outcome == "succeeded"


async def test_a_change_of_the_model_in_a_follow_up_takes_no_prompt_of_the_pipelines_with_it(
    site: Site, manager: SessionManager, events: Events
) -> None:
    async with hold(manager, "ECHO 0") as run:
        await run.answer()
        await begun_by_bert(site, "LONG tale")
        await run.send("ECHO mine")
        model(console(site), session_of(site), "claude-haiku-4-5")
        await soon(lambda: read_run(last_run(site)).model.startswith("claude-haiku"))
        site.hurry()
        assert (await run.answer()).endswith("ECHO mine")
    assert site.api.requests[-1].model.startswith("claude-haiku-4-5")
    assert ending(events).outcome == "succeeded"


async def test_a_prompt_that_fails_in_place_of_the_interrupted_one_leaves_it_interrupted(
    site: Site, manager: SessionManager, events: Events
) -> None:
    async with hold(manager, "LONG story") as run:
        await soon(lambda: site.transcript(run.session_id))
        send(console(site), session_of(site), "BADKEY")
        interrupt(console(site), session_of(site))
        with pytest.raises(RunInterrupted, match="bert interrupted the turn"):
            await run.answer()
        await run.send("ECHO mine")
        assert (await run.answer()).endswith("ECHO mine")
    assert turns(events) == [("pipeline", False), ("bert", True), ("pipeline", False)]
    assert ending(events).outcome == "succeeded"
    heard = Heard(site)
    query = ask(manager, "LONG tale")
    task = asyncio.create_task(heard.listen(query))
    await soon(lambda: heard.session_id and site.transcript(heard.session_id))
    send(console(site), heard.session(), "BADKEY")
    interrupt(console(site), heard.session())
    with pytest.raises(RunInterrupted, match="bert interrupted the turn"):
        await task
    row = site.row(heard.session_id)
    assert row
    assert row.status == "active"


async def test_what_follows_a_turn_that_the_pipeline_interrupted_is_not_its_answer(
    site: Site, manager: SessionManager, events: Events
) -> None:
    async with hold(manager, "LONG story") as run:
        await soon(lambda: site.transcript(run.session_id))
        send(console(site), session_of(site), "BADKEY")
        send(console(site), session_of(site), "ECHO of bert")
        await soon(lambda: len(read_run(last_run(site)).sent) == 2)
        await run.interrupt()
        assert await run.answer() == ""
        assert run.result
        assert run.result.is_error
        assert [one.by for one in answered(events)] == ["bert"]
    assert (ending(events).outcome, ending(events).error) == ("left", None)


async def test_a_stream_that_fails_fails_its_run_whatever_was_answered(
    site: Site, manager: SessionManager, events: Events
) -> None:
    async def gone() -> None:
        task = asyncio.create_task(asyncio.Event().wait())
        task.cancel()
        await task

    async def fail() -> None:
        raise KeyError("mine")

    async def fail_a_test() -> None:
        pytest.fail("mine")

    async def close() -> None:
        raise GeneratorExit

    faults = ((fail, KeyError), (gone, RunFailed), (fail_a_test, Failed), (close, RunFailed))

    async def prompts(then: Callable[[], Any]) -> AsyncIterator[dict[str, Any]]:
        yield user("ECHO one")
        await soon(lambda: "You said: ECHO one" in site.transcript(session_of(site).session_id))
        await then()

    for then, error in faults:
        events.clear()
        with pytest.raises(error) as failed:
            async with asyncio.timeout(60):
                await Heard(site).listen(ask(manager, prompts(then)))
        assert (ending(events).outcome, ending(events).error) == ("failed", failed.value)
    for then, error in faults:
        with pytest.raises(error):
            async with hold(manager, prompts(then)) as run, asyncio.timeout(60):
                await run.answer()


async def test_a_stream_that_is_cancelled_by_itself_at_once_is_told(
    manager: SessionManager, events: Events
) -> None:
    async def prompts() -> AsyncIterator[dict[str, Any]]:
        raise asyncio.CancelledError
        yield user("never")

    with pytest.raises(RunFailed, match="raised CancelledError by itself"):
        await anext(ask(manager, prompts()))
    assert isinstance(ending(events).error, RunFailed)


async def test_work_in_the_background_that_takes_too_long_ends_no_held_session(
    site: Site, manager: SessionManager, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "_BACKGROUND_WITHIN_S", 0.1)
    options = ClaudeAgentOptions(allowed_tools=["Agent"], cwd=site.listing)
    async with hold(manager, "AWAY with it", options=options) as run:
        assert await run.answer() == "So be it."
        await soon(lambda: "background" in [one.get("kind") for one in read_events(last_run(site))])
        await run.send("ECHO mine")
        assert await run.answer()
        assert any(one.prompt.endswith("ECHO mine") for one in site.api.requests)
    assert [one.by for one in answered(events)] == ["pipeline", "pipeline"]
    assert ending(events).outcome == "succeeded"


async def test_a_prompt_that_was_never_sent_is_no_success(
    site: Site, manager: SessionManager, events: Events
) -> None:
    async with hold(manager, "ECHO 0") as run:
        await run.answer()
        await begun_by_bert(site, "LONG tale")
        await run.send("ECHO mine")
    assert "ECHO mine" not in site.transcript(run.session_id)
    assert ending(events).outcome == "left"


async def test_a_run_that_waits_never_returns_nothing_for_a_result(
    site: Site, manager: SessionManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SessionRun, "result", None)
    with pytest.raises(RunFailed, match="without a result"):
        await asyncio.to_thread(manager.run, "ECHO it", stage="stage_3")


async def test_an_interrupt_that_comes_when_all_is_answered_takes_no_answer_away(
    site: Site, manager: SessionManager, events: Events
) -> None:
    async def late(*_: Any) -> Any:
        interrupt(console(site), session_of(site))
        await soon(lambda: "interrupt" in [e.get("command") for e in read_events(last_run(site))])
        return {}

    options = ClaudeAgentOptions(hooks={"Stop": [HookMatcher(hooks=[late])]}, cwd=site.listing)
    async with hold(manager, "ECHO 0", options=options) as run:
        assert await run.answer() == "You said: ECHO 0"
    assert ending(events).outcome == "succeeded"
