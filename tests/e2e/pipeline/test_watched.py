"""A pipeline's runs as it is told of them, with the real CLI: log, callback, and trace."""

from __future__ import annotations

import asyncio
import logging
import re
import runpy
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, get_args

import pytest
from claude_agent_sdk import ClaudeAgentOptions, ResultMessage
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

import tui
from tests.support.processes.own_pipeline import (
    Heard,
    ask,
    began,
    console,
    last_run,
    soon,
)
from tests.support.processes.runs_site import Site
from tui import (
    PermissionAnswered,
    PermissionAsked,
    Refused,
    RunEnded,
    RunEvent,
    RunFailed,
    RunInterrupted,
    RunStarted,
    RunStopped,
    SessionManager,
    TurnFinished,
)
from tui.core.run_events import Outcome
from tui.guides import read_guide
from tui.operations.running.steer import answer, interrupt, send, stop
from tui.runs.folder.protocol import read_run, run_folders
from tui.storage.session_locks import held

WORDS = "ECHO the secret plan"
ALL = ["RunStarted", "SessionTracked", "TurnFinished", "RunEnded"]


@pytest.fixture(scope="module")
def exporter() -> InMemorySpanExporter:
    """Trace this process, as a pipeline does: OpenTelemetry takes a provider only once."""
    memory, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    trace.set_tracer_provider(provider)
    return memory


@pytest.fixture
def spans(exporter: InMemorySpanExporter) -> Iterator[InMemorySpanExporter]:
    exporter.clear()
    yield exporter
    exporter.clear()


def watched(site: Site, **more: Any) -> tuple[SessionManager, list[RunEvent]]:
    events: list[RunEvent] = []
    return SessionManager(site.listing, on_event=events.append, **more), events


def kinds(events: list[RunEvent]) -> list[str]:
    return [type(one).__name__ for one in events]


def ending(events: list[RunEvent]) -> RunEnded:
    (one,) = [each for each in events if isinstance(each, RunEnded)]
    assert events[-1] is one
    return one


def lines(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [one for one in caplog.records if one.name == "tui.runs"]


async def test_what_happens_is_logged_and_told_in_order_without_a_word_of_the_prompt(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    manager, events = watched(site)
    async for message in ask(manager, WORDS):
        if began(message):
            assert kinds(events) == ALL[:2]
            assert site.row(events[-1].session_id)
            session_id = began(message)
    assert kinds(events) == ALL
    whose = {(one.session_id, one.listing_id, one.stage) for one in events}
    assert whose == {(session_id, "hollis_park", "stage_3")}
    turn, end = events[2], ending(events)
    assert isinstance(turn, TurnFinished)
    assert (turn.by, turn.is_error, turn.is_interrupted, turn.steps) == ("pipeline", 0, 0, 1)
    assert turn.cost_usd
    assert (end.outcome, end.error, end.turns) == ("succeeded", None, 1)
    assert end.cost_usd == turn.cost_usd
    assert end.input_tokens == turn.input_tokens > 0
    told = [one.getMessage() for one in lines(caplog)]
    start = f"hollis_park stage_3 {session_id[:8]}: "
    assert told[:2] == [f"{start}started (new)", f"{start}tracked"]
    assert told[2] == f"{start}turn of pipeline ended, ${turn.cost_usd:.4f}"
    assert told[3].startswith(f"{start}succeeded (1 turn, $")
    first, last = vars(lines(caplog)[0]), vars(lines(caplog)[-1])
    assert (first["session_id"], first["stage"], first["event"]) == (
        session_id,
        "stage_3",
        "RunStarted",
    )
    assert (last["outcome"], last["cost_usd"], last["levelname"]) == (
        "succeeded",
        end.cost_usd,
        "INFO",
    )
    assert "secret plan" not in repr([vars(one) for one in caplog.records])
    assert "secret plan" not in repr(events)
    assert [one.prompt for one in events if isinstance(one, RunStarted)] == [WORDS]


async def test_a_run_has_a_callback_of_its_own_besides_that_of_the_manager(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    manager, events = watched(site)
    own: list[RunEvent] = []
    held_ones: list[RunEvent] = []

    def bad(event: RunEvent) -> None:
        raise ValueError("mine")

    async for _ in ask(manager, "ECHO this", on_event=own.append):
        pass
    assert own == events
    assert kinds(own) == ALL
    run = manager.session(
        "ECHO more", stage="stage_1", listing_id="hollis_park", on_event=held_ones.append
    )
    async with run:
        async for _ in run:
            pass
    assert (kinds(held_ones), own + held_ones) == (ALL, events)
    async for _ in ask(manager, "ECHO this", on_event=bad):
        pass
    assert kinds(events) == ALL * 3
    assert caplog.text.count("ValueError: mine") == 1


async def test_a_prompt_is_logged_when_that_is_asked_for(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    manager, _ = watched(site, log_prompts=True)
    await Heard(site).listen(ask(manager, WORDS + "\nERROR forged line"))
    (first, *_) = lines(caplog)
    assert first.getMessage().endswith("started (new): 'ECHO the secret plan ERROR forged line'")


async def test_who_answered_and_prompted_is_told(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    manager, events = watched(site)
    heard = Heard(site)
    query = ask(manager, "PERMIT this", options=ClaudeAgentOptions(cwd=site.listing))
    task = asyncio.create_task(heard.listen(query))
    request = await soon(lambda: run_folders(site.listing) and read_run(last_run(site)).request)
    send(console(site), heard.session(), "ECHO from the console")
    answer(console(site), heard.session(), "allow", shown=request.digest)
    request = await soon(lambda: (now := read_run(last_run(site)).request) != request and now)
    answer(console(site), heard.session(), "deny", "not that one", shown=request.digest)
    await task
    asked = [one for one in events if isinstance(one, PermissionAsked)]
    settled = [one for one in events if isinstance(one, PermissionAnswered)]
    assert [one.tool for one in asked] == ["Bash", "Bash"]
    assert [one.request_id for one in asked] == [one.request_id for one in settled]
    assert [(one.tool, one.decision, one.by) for one in settled] == [
        ("Bash", "allow", "bert"),
        ("Bash", "deny", "bert"),
    ]
    turns = [one.by for one in events if isinstance(one, TurnFinished)]
    assert turns == ["pipeline", "bert"]
    assert ending(events).turns == 2
    told = [one.getMessage().partition(": ")[2] for one in lines(caplog)]
    assert {"asks for Bash", "Bash: allow by bert", "Bash: deny by bert"} <= set(told)
    assert "made-0" not in repr([vars(one) for one in caplog.records])


async def test_a_failure_a_refusal_and_a_stop_are_told_with_their_cause(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    manager, events = watched(site)
    with pytest.raises(RunFailed) as raised:
        await Heard(site).listen(ask(manager, "BADKEY"))
    assert (ending(events).outcome, ending(events).error) == ("failed", raised.value)
    last = lines(caplog)[-1]
    assert last.levelno == logging.WARNING
    assert "failed: Invalid API key" in last.getMessage()

    events.clear()
    gone = "0" * 8 + "-0000-4000-8000-" + "0" * 12
    with pytest.raises(Refused):
        await Heard(site).listen(ask(manager, "go on", resume=gone))
    assert kinds(events) == ALL[-1:]
    end = ending(events)
    assert (end.outcome, end.session_id, end.run_id) == ("refused", gone, "")
    assert type(end.error) is Refused

    events.clear()
    heard = Heard(site)
    task = asyncio.create_task(heard.listen(ask(manager, "LONG tale")))
    await soon(lambda: heard.session_id)
    stop(console(site), heard.session())
    with pytest.raises(RunStopped):
        await task
    assert ending(events).outcome == "stopped"
    assert "stopped: bert stopped the run" in lines(caplog)[-1].getMessage()

    events.clear()
    heard = Heard(site)
    task = asyncio.create_task(heard.listen(ask(manager, "LONG tale")))
    await soon(lambda: heard.session_id)
    interrupt(console(site), heard.session())
    with pytest.raises(RunInterrupted) as cut:
        await task
    assert (ending(events).outcome, ending(events).error) == ("interrupted", cut.value)
    last = lines(caplog)[-1]
    assert "interrupted: bert interrupted the turn (1 turn" in last.getMessage()
    assert last.levelno == logging.INFO


@pytest.mark.parametrize(("prompt", "outcome"), [("ECHO this", "succeeded"), ("LONG tale", "left")])
async def test_a_run_that_is_left_has_succeeded_only_if_its_prompt_was_answered(
    site: Site, prompt: str, outcome: str
) -> None:
    manager, events = watched(site)
    query = manager.query(prompt, stage="stage_3", listing_id="hollis_park")
    async for message in query:
        if isinstance(message, ResultMessage) or (began(message) and outcome == "left"):
            break
    await query.aclose()
    assert ending(events).outcome == outcome


async def test_a_cancelled_run_is_left(site: Site) -> None:
    manager, events = watched(site)
    heard = Heard(site)
    task = asyncio.create_task(heard.listen(ask(manager, "LONG tale")))
    await soon(lambda: heard.session_id)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (ending(events).outcome, ending(events).error) == ("left", None)


def raising(event: RunEvent) -> None:
    raise ZeroDivisionError(type(event).__name__)


async def raising_later(event: RunEvent) -> None:
    await asyncio.sleep(0)
    raise ZeroDivisionError(type(event).__name__)


def cancelling(event: RunEvent) -> None:
    raise asyncio.CancelledError


def failing_a_test(event: RunEvent) -> None:
    pytest.fail(type(event).__name__)


async def failing_a_test_later(event: RunEvent) -> None:
    await asyncio.sleep(0)
    pytest.fail(type(event).__name__)


FAULTS = [raising, raising_later, cancelling, failing_a_test, failing_a_test_later]


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_of_the_callback_harms_no_run_and_is_logged_once(
    site: Site, caplog: pytest.LogCaptureFixture, fault: Callable[[RunEvent], object]
) -> None:
    manager = SessionManager(site.listing, on_event=fault)
    for prompt in ("ECHO this", "ECHO that"):
        heard = Heard(site)
        await heard.listen(ask(manager, prompt))
        assert isinstance(heard.messages[-1], ResultMessage)
    (told,) = [one for one in lines(caplog) if one.levelno == logging.ERROR]
    assert told.exc_info
    assert not held(site.listing)


async def test_a_coroutine_function_is_awaited_in_order_before_the_run_is_over(site: Site) -> None:
    events: list[RunEvent] = []

    async def hear(event: RunEvent) -> None:
        await asyncio.sleep(0.3 if isinstance(event, RunStarted) else 0)
        events.append(event)

    await Heard(site).listen(ask(SessionManager(site.listing, on_event=hear), "ECHO this"))
    assert kinds(events) == ALL


async def test_each_run_has_a_span_below_the_pipelines_own(
    site: Site, spans: InMemorySpanExporter
) -> None:
    manager, events = watched(site)
    heard = Heard(site)
    options = ClaudeAgentOptions(model="claude-opus-4-5")
    with trace.get_tracer("test").start_as_current_span("pipeline") as own:
        await heard.listen(ask(manager, "ECHO this", options=options))
        assert trace.get_current_span() is own
    span = named(spans, "invoke_agent stage_3")
    assert span.parent == own.get_span_context()
    known = dict(span.attributes or {})
    end = ending(events)
    assert known == {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.agent.name": "stage_3",
        "gen_ai.conversation.id": heard.session_id,
        "gen_ai.response.model": "claude-opus-4-5",
        "gen_ai.usage.input_tokens": end.input_tokens,
        "gen_ai.usage.output_tokens": end.output_tokens,
        "session_console.stage": "stage_3",
        "session_console.listing_id": "hollis_park",
        "session_console.run_id": end.run_id,
        "session_console.mode": "new",
        "session_console.outcome": "succeeded",
        "session_console.cost_usd": end.cost_usd,
        "session_console.turns": 1,
    }
    assert span.status.status_code is StatusCode.UNSET


async def test_a_failure_is_recorded_in_its_span_and_the_callback_runs_within(
    site: Site, spans: InMemorySpanExporter
) -> None:
    within: list[trace.Span] = []
    manager = SessionManager(
        site.listing, on_event=lambda event: within.append(trace.get_current_span())
    )
    with suppress(RunFailed):
        await Heard(site).listen(ask(manager, "BADKEY"))
    span = named(spans, "invoke_agent stage_3")
    assert span.status.status_code is StatusCode.ERROR
    assert "Invalid API key" in str(span.status.description)
    assert [one.name for one in span.events][-1] == "exception"
    assert dict(span.attributes or {})["error.type"] == "RunFailed"
    assert within
    assert all(one.get_span_context() == span.get_span_context() for one in within)


def named(spans: InMemorySpanExporter, name: str) -> ReadableSpan:
    (span,) = [one for one in spans.get_finished_spans() if one.name == name]
    return span


async def test_the_guides_own_callback_hears_a_failure(
    site: Site,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    code = re.findall(r"```python\n(.*?)```", read_guide("events"), re.S)
    (tmp_path / "callback.py").write_text(code[1])
    manager = runpy.run_path(str(tmp_path / "callback.py"))["manager"]
    with suppress(RunFailed):
        await Heard(site).listen(ask(manager, "BADKEY"))
    assert capsys.readouterr().out.startswith("stage_3 failed: Invalid API key")


def test_the_guide_names_every_event_and_outcome() -> None:
    guide = read_guide("events")
    names = [one.__name__ for one in RunEvent.__subclasses__()]
    for one in (*names, *get_args(Outcome)):
        assert f"| `{one}` |" in guide
        assert one.islower() or one in tui.__all__
