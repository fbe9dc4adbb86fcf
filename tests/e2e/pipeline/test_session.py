"""A pipeline that holds its agent: further turns, streams, steering, and how it is left."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from claude_agent_sdk import AssistantMessage, ClaudeAgentOptions, ResultMessage

from tests.support.processes.own_pipeline import ask, began, console, last_run, soon
from tests.support.processes.runs_site import Site, cli_is_gone
from tui import ConsoleError, Refused, RunFailed, RunStopped, SessionManager, SessionRun, UsageError
from tui.core.models.session import Session
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.catalog.session_lookup import find_session
from tui.operations.running.steer import answer, send, stop
from tui.runs.folder.protocol import read_events, read_owner, read_run, run_folders
from tui.storage.session_locks import held
from tui.storage.table.tracking import read_rows

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJg"
    "gg=="
)


def hold(manager: SessionManager, prompt: Any, **more: Any) -> SessionRun:
    return manager.session(prompt, stage="stage_3", listing_id="hollis_park", **more)


def has_no_cli(folder: Path) -> bool:
    return "cli_pid" not in read_owner(folder) or cli_is_gone(folder)


def session_of(site: Site, run: SessionRun) -> Session:
    return find_session(CatalogScanner(console(site)).look(), run.session_id)


def user(*blocks: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "user", "message": {"role": "user", "content": list(blocks)}}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


async def test_a_held_session_is_known_at_once_and_takes_turn_after_turn(
    site: Site, manager: SessionManager
) -> None:
    options = ClaudeAgentOptions(model="claude-opus-4-5", cwd=site.listing)
    async with hold(manager, "ECHO 0", options=options, metadata={"workers": 8}) as run:
        assert held(site.listing) == {run.session_id}
        assert (run.result, run.cost_usd) == (None, 0.0)
        assert await run.answer() == "You said: ECHO 0"
        assert run.cost_usd
        await run.send("ECHO 1")
        await run.send(user(text("ECHO 2")))
        texts = [
            block.text
            async for message in run
            if isinstance(message, AssistantMessage)
            for block in message.content
            if hasattr(block, "text")
        ]
        assert texts == ["You said: ECHO 1", "You said: ECHO 2"]
        assert [one async for one in run] == []
        await run.set_model("claude-sonnet-4-5")
        await run.send("ECHO 3")
        await run.answer()
        assert held(site.listing) == {run.session_id}
        row = site.row(run.session_id)
    assert site.api.requests[-1].prompts == ("ECHO 0", "ECHO 1", "ECHO 2", "ECHO 3")
    assert site.api.requests[-1].model.startswith("claude-sonnet-4-5")
    assert row
    details = row.details()
    assert (details["workers"], details["agent"]["model"]) == (8, "claude-opus-4-5")
    assert run.result
    assert run.result.total_cost_usd
    assert run.cost_usd == pytest.approx(run.result.total_cost_usd)
    assert (read_run(last_run(site)).state, held(site.listing)) == ("done", frozenset())
    assert cli_is_gone(last_run(site))


async def test_metadata_is_kept_at_a_resume_too_and_never_says_what_the_agent_may(
    site: Site, manager: SessionManager
) -> None:
    async with hold(manager, "ECHO 0", metadata={"workers": 8, "round": 1}) as run:
        await run.answer()
    async for _ in ask(manager, "ECHO 1", resume=run.session_id, metadata={"round": 2}):
        pass
    row = site.row(run.session_id)
    assert row
    details = row.details()
    assert (details["workers"], details["round"], details["operator"]) == (8, 2, "pipeline")
    for bad in ({"agent": {"permission_mode": "bypassPermissions"}}, {"at": object()}):
        with pytest.raises(UsageError, match="metadata"):
            await (await hold(manager, "ECHO", metadata=bad).__aenter__()).answer()


async def test_a_stream_of_user_messages_is_sent_whole_each_as_a_turn(
    site: Site, manager: SessionManager
) -> None:
    image = {"type": "base64", "media_type": "image/png", "data": PIXEL}

    async def prompts() -> AsyncIterator[dict[str, Any]]:
        yield user({"type": "image", "source": image}, text("ECHO what is this?"))
        await asyncio.sleep(0.3)
        yield user(text("ECHO and this?"))

    messages = [one async for one in ask(manager, prompts())]
    results = [one.result or "" for one in messages if isinstance(one, ResultMessage)]
    assert results[0].startswith("You said: ECHO what is this?")
    assert results[1:] == ["You said: ECHO and this?"]
    assert PIXEL in json.dumps(site.api.requests[-1].body)
    assert read_run(last_run(site)).title == "[image] ECHO what is this?"
    async with hold(manager, prompts()) as run:
        assert await run.answer() == "You said: ECHO and this?"
        await run.send("ECHO more")
        assert await run.answer() == "You said: ECHO more"
    assert not held(site.listing)


async def test_a_stream_that_fails_reaches_the_pipeline_and_ends_the_agent(
    site: Site, manager: SessionManager
) -> None:
    async def prompts(rest: Any) -> AsyncIterator[dict[str, Any]]:
        yield user(text("ECHO one"))
        yield rest if isinstance(rest, dict) else {}[rest]

    for rest, error in (("key", KeyError), (user(text("/clear")), UsageError)):
        with pytest.raises(error):
            async with hold(manager, prompts(rest)) as run:
                await run.answer()
        assert cli_is_gone(last_run(site))
    assert not held(site.listing)


async def test_operators_answer_and_send_while_a_pipeline_holds_the_session(
    site: Site, manager: SessionManager
) -> None:
    async with hold(manager, "QUESTION first") as run:
        listening = asyncio.create_task(run.answer())
        request = await soon(lambda: run_folders(site.listing) and read_run(last_run(site)).request)
        answer(console(site), session_of(site, run), "2", shown=request.digest)
        assert await listening == "Very well."
        send(console(site), session_of(site, run), "ECHO from bert")
        await soon(lambda: "You said: ECHO from bert" in site.transcript(run.session_id))
        assert await run.answer() == ""  # what an operator asked is not ours
        await run.send("ECHO mine")
        assert await run.answer() == "You said: ECHO mine"
        send(console(site), session_of(site, run), "ECHO the last of bert")
    assert "You said: ECHO the last of bert" in site.transcript(run.session_id)
    assert run.result
    assert run.result.result == "You said: ECHO mine"
    assert (read_run(last_run(site)).state, read_run(last_run(site)).sent) == ("done", ())


async def test_a_held_session_that_an_operator_stops_is_over_in_words(
    site: Site, manager: SessionManager
) -> None:
    async with hold(manager, "ECHO it") as run:
        await run.answer()
        stop(console(site), session_of(site, run))
        await soon(lambda: not held(site.listing))
        for act in (run.send("ECHO more"), run.set_model("claude-opus-4-5"), run.answer()):
            with pytest.raises(RunStopped, match="bert stopped the run"):
                await act
    with pytest.raises(RunStopped):
        await run.interrupt()


@pytest.mark.parametrize("is_later", [False, True])
async def test_an_interrupt_reaches_the_turn_that_was_sent_last(
    site: Site, manager: SessionManager, is_later: bool
) -> None:
    async with hold(manager, "ECHO it" if is_later else "LONG tale") as run:
        if is_later:
            await run.answer()
            await run.interrupt()
            await run.send("LONG story")
        await run.interrupt()
        await run.answer()
        assert run.result
        assert run.result.is_error
        await run.send("ECHO this instead")
        await run.answer()
        assert not run.result.is_error
    assert site.api.requests[-1].prompt.endswith("ECHO this instead")
    assert read_run(last_run(site)).state == "done"


async def test_what_cannot_be_sent_is_refused_and_the_run_goes_on(
    site: Site, manager: SessionManager
) -> None:
    async with hold(manager, "ECHO 0") as run:
        await run.answer()
        with pytest.raises(UsageError, match="/clear is not sent"):
            await run.send("/clear")
        for bad in ("", {"type": "control_request"}, user({"type": "text", "text": "/exit"})):
            with pytest.raises(UsageError):
                await run.send(bad)
        await run.send("ECHO 1")
        assert await run.answer() == "You said: ECHO 1"


async def test_a_failed_turn_ends_a_held_session_and_every_further_call_says_why(
    site: Site, manager: SessionManager
) -> None:
    async with hold(manager, "BADKEY") as run:
        with pytest.raises(RunFailed, match="Invalid API key"):
            await run.answer()
        with pytest.raises(RunFailed, match="Invalid API key"):
            await run.send("ECHO more")
    row = site.row(run.session_id)
    assert row
    assert row.status == "failed"
    assert not held(site.listing)


async def test_a_cli_that_dies_between_two_turns_is_noticed(
    site: Site, manager: SessionManager
) -> None:
    async with hold(manager, "ECHO it") as run:
        await run.answer()
        os.kill(read_owner(last_run(site))["cli_pid"], signal.SIGKILL)
        await soon(lambda: read_run(last_run(site)).is_over)
        with pytest.raises(RunFailed, match="SIGKILL"):
            await run.send("ECHO more")
    assert not held(site.listing)


async def test_a_handle_is_entered_once_and_of_no_use_before_or_after(
    site: Site, manager: SessionManager
) -> None:
    run = hold(manager, "ECHO it")
    for act in (run.send("ECHO more"), run.interrupt(), run.answer(), anext(run)):
        async with asyncio.timeout(60):
            with pytest.raises(UsageError, match="has not begun"):
                await act
    async with run:
        await run.answer()
        with pytest.raises(UsageError, match="entered once"):
            await run.__aenter__()
        with pytest.raises(Refused, match="is running"):
            await hold(manager, "me too", resume=run.session_id).__aenter__()
    with pytest.raises(Refused, match="the run is over"):
        await run.send("ECHO more")
    with pytest.raises(Refused, match=f"the run is over.*`resume={run.session_id}`") as over:
        await run.answer()
    assert (over.value.session_id, over.value.cost_usd) == (run.session_id, run.cost_usd)
    async with hold(manager, "ECHO again", resume=run.session_id) as again:
        assert await again.answer() == "You said: ECHO again"


async def test_a_manager_that_is_left_ends_what_it_still_runs(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", "")
    async with SessionManager(site.listing) as manager:
        assert os.environ["CLAUDE_CONFIG_DIR"] == str(site.listing / ".claude_sessions")
        assert read_rows(manager.db_path) == ()  # the table is there
        run = await hold(manager, "LONG story").__aenter__()
        messages = ask(manager, "LONG tale")
        await anext(messages)
        assert len(held(site.listing)) == 2
    assert not held(site.listing)
    assert all(map(has_no_cli, run_folders(site.listing)))
    for act in (run.answer(), anext(messages)):
        with pytest.raises(Refused, match="the run is over"):
            await act


async def test_a_manager_that_another_loop_leaves_ends_nothing_of_this_one(
    site: Site, manager: SessionManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", "")

    async def leave() -> None:
        async with manager:
            pass

    async with hold(manager, "ECHO 0") as run:
        await asyncio.to_thread(lambda: asyncio.run(leave()))
        assert await run.answer() == "You said: ECHO 0"


async def test_a_run_that_waits_is_refused_where_an_event_loop_runs(
    site: Site, manager: SessionManager
) -> None:
    with pytest.raises(UsageError, match="would hold up the event loop"):
        manager.run("ECHO it", stage="stage_3", listing_id="hollis_park")

    def run() -> ResultMessage:
        return manager.run("ECHO it", stage="stage_3", listing_id="x", metadata={"n": 1})

    result = await asyncio.to_thread(run)
    assert result.result == "You said: ECHO it"
    row = site.row(result.session_id)
    assert row
    assert row.details()["n"] == 1


async def _break(run: SessionRun) -> None:
    async with run:
        async for message in run:
            if began(message):
                break


async def _at_once(run: SessionRun) -> None:
    async with run:
        pass


async def _fail(run: SessionRun) -> None:
    with suppress(ZeroDivisionError):
        async with run:
            async for message in run:
                assert 1 / (not began(message))


async def _run_out(run: SessionRun) -> None:
    with suppress(TimeoutError):
        async with run, asyncio.timeout(None) as patience:
            async for message in run:
                if began(message):
                    patience.reschedule(0)


async def _cancel(run: SessionRun) -> None:
    begun = asyncio.Event()

    async def listen() -> None:
        async with run:
            async for message in run:
                if began(message):
                    begun.set()

    task = asyncio.create_task(listen())
    await begun.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


async def _cancel_at_the_door(run: SessionRun, after_s: float) -> None:
    async def stay() -> None:
        async with run:
            await asyncio.sleep(60)

    task = asyncio.create_task(stay())
    await asyncio.sleep(after_s)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


_DOORS = [partial(_cancel_at_the_door, after_s=after_s) for after_s in (0, 0.005, 0.05, 0.4)]


@pytest.mark.parametrize("leave", [_break, _at_once, _fail, _run_out, _cancel, *_DOORS])
async def test_however_a_held_session_is_left_its_agent_is_gone_and_its_lock_free(
    site: Site, manager: SessionManager, leave: Callable[[SessionRun], Awaitable[None]]
) -> None:
    run = hold(manager, "LONG story")
    await leave(run)
    assert not held(site.listing)
    if run_folders(site.listing):
        assert read_run(last_run(site)).is_over
        assert not [e for e in read_events(last_run(site)) if e["type"] == "failed"]
        assert has_no_cli(last_run(site))
    with pytest.raises((Refused, UsageError), match=r"the run is over|has not begun"):
        await run.send("ECHO more")


async def test_errors_of_what_steers_a_run_name_its_session(
    site: Site, manager: SessionManager
) -> None:
    nothing: Any = 7
    async with hold(manager, "ECHO 0", options=ClaudeAgentOptions(cwd=site.listing)) as run:
        async for _ in run:
            pass
        with pytest.raises(UsageError) as wrong:
            await run.send(nothing)
        assert (wrong.value.session_id, wrong.value.cost_usd) == (run.session_id, run.cost_usd)
        with pytest.raises(RunFailed) as failed:
            await run.set_model("")
        assert (failed.value.session_id, failed.value.cost_usd) == (run.session_id, run.cost_usd)
    with pytest.raises(ConsoleError) as late:
        await run.send("ECHO 1")
    assert late.value.session_id == run.session_id


async def test_what_is_awaited_in_another_event_loop_is_refused_and_harms_nothing(
    site: Site, manager: SessionManager
) -> None:
    """There it would end nothing, and wait for ever."""
    async with hold(manager, "LONG tale") as run, asyncio.timeout(60):
        await soon(lambda: site.transcript(run.session_id))
        for act in (run.end, run.interrupt, run.answer, partial(run.send, "ECHO"), run.__aexit__):
            given = (None, None, None) if act == run.__aexit__ else ()
            with pytest.raises(UsageError, match="of another event loop") as refused:
                await asyncio.to_thread(_run_elsewhere, act, *given)
            assert refused.value.session_id == run.session_id
        assert not has_no_cli(last_run(site))
        await run.end()
    assert has_no_cli(last_run(site))


def _run_elsewhere(act: Callable[..., Any], *given: Any) -> None:
    asyncio.run(act(*given))
