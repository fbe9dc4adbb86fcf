"""How far a run is with its prompt, as its events tell."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.runs.folder.test_protocol import spec, write_events
from tui.core.models.run import Phase, Run, SentCommand
from tui.runs.folder.event_snapshot import EVENTS, FOLDED
from tui.runs.folder.protocol import PARTIAL, SPEC, read_run
from tui.runs.folder.run_state import RunState

NOW = datetime(2026, 11, 22, 7, 15, 30, tzinfo=UTC)
STARTED: dict[str, Any] = {"type": "started"}
TURN: dict[str, Any] = {"type": "turn", "by": "anna", "id": ""}
INIT: dict[str, Any] = {"type": "init"}
HEARD: dict[str, Any] = {"type": "heard"}
RESULT: dict[str, Any] = {"type": "result"}
FAILED: dict[str, Any] = {"type": "failed", "reason": "no conversation found"}
RETRY: dict[str, Any] = {
    "type": "notice",
    "kind": "retry",
    "attempt": 7,
    "max_retries": 10,
    "retry_delay_ms": 4000,
    "error_status": 529,
}
LIMIT: dict[str, Any] = {
    "type": "notice",
    "kind": "rate_limit",
    "status": "rejected",
    "until": (NOW + timedelta(hours=2)).timestamp(),
}
QUEUED: dict[str, Any] = {
    "type": "ack",
    "id": "c1",
    "command": "prompt",
    "by": "bert",
    "words": "B",
}
NEXT: dict[str, Any] = {"type": "turn", "by": "bert", "id": "c1"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "outputs" / "hollis_park" / ".session-console" / "runs" / "one"
    path.mkdir(parents=True)
    (path / SPEC).write_text(spec(prompt="Find buyers\nin Benelux").to_json())
    return path


@pytest.mark.parametrize(
    ("events", "phase"),
    [
        ([], "cli"),
        ([STARTED], "cli"),
        ([STARTED, TURN], "api"),
        ([STARTED, TURN, INIT], "api"),
        ([STARTED, INIT], "work"),
        ([STARTED, TURN, INIT, HEARD], "work"),
        ([STARTED, TURN, INIT, {"type": "permission", "request_id": "p"}], "work"),
        ([STARTED, TURN, INIT, RETRY], "retry"),
        ([STARTED, TURN, INIT, RETRY, HEARD], "work"),
        ([STARTED, TURN, INIT, RETRY | {"error_status": 429}], "limit"),
        ([STARTED, TURN, INIT, LIMIT], "limit"),
        ([STARTED, TURN, INIT, LIMIT | {"status": "allowed"}], "api"),
        ([STARTED, TURN, INIT, HEARD, RESULT], "work"),
        ([STARTED, TURN, INIT, HEARD, RESULT, QUEUED, NEXT], "api"),
        ([STARTED, TURN, INIT, RETRY, FAILED], "work"),
    ],
)
def test_the_events_tell_the_phase(folder: Path, events: list[dict[str, Any]], phase: str) -> None:
    write_events(folder, *events)

    assert read_run(folder).progress.phase == phase


def test_a_retry_says_which_why_and_until_when(folder: Path) -> None:
    write_events(folder, STARTED, TURN, INIT, RETRY)

    found = read_run(folder).progress

    assert (found.status, found.attempt, found.most) == ("529", 7, 10)
    assert (found.since, found.until) == (NOW, NOW + timedelta(seconds=4))


@pytest.mark.parametrize(
    "odd",
    [
        {"attempt": "x", "max_retries": [], "retry_delay_ms": -1, "error_status": "\x1b[31m"},
        {"attempt": 1e99, "max_retries": True, "retry_delay_ms": 1e300, "error_status": {}},
        {"kind": "rate_limit", "status": "rejected", "until": 1e300},
        {"kind": "rate_limit", "status": ["rejected"], "until": "soon"},
    ],
)
def test_what_another_writes_into_it_is_passed_over(folder: Path, odd: dict[str, Any]) -> None:
    write_events(folder, STARTED, TURN, INIT, RETRY | odd)

    found = read_run(folder).progress

    assert found.until is None
    assert "\x1b" not in found.status


def test_what_is_being_written_proves_an_answer(folder: Path) -> None:
    """A runner of an earlier version, or one whose disk is full, records no `heard`."""
    write_events(folder, STARTED, TURN, INIT)
    (folder / PARTIAL).write_text("{}")

    assert read_run(folder).progress.phase is Phase.WORK


def asked(run: Run) -> tuple[str, str, bool] | None:
    return (run.asked.text, run.asked.by, run.asked.is_taken) if run.asked else None


@pytest.mark.parametrize(
    ("events", "prompt"),
    [
        ([], ("Find buyers\nin Benelux", "anna", False)),
        ([STARTED, TURN], ("Find buyers\nin Benelux", "anna", True)),
        ([STARTED, TURN, INIT, HEARD], None),
        ([STARTED, TURN, INIT, RESULT], None),
        ([STARTED, TURN, RESULT, FAILED], ("Find buyers\nin Benelux", "anna", True)),
        ([STARTED, FAILED], ("Find buyers\nin Benelux", "anna", False)),
        ([STARTED, TURN, INIT, HEARD, QUEUED], None),
        ([STARTED, TURN, INIT, HEARD, QUEUED, RESULT, NEXT], ("B", "bert", True)),
        ([STARTED, TURN, INIT, HEARD, QUEUED, RESULT, NEXT, HEARD], None),
    ],
)
def test_a_prompt_is_told_until_the_api_answers_it(
    folder: Path, events: list[dict[str, Any]], prompt: tuple[str, str, bool] | None
) -> None:
    write_events(folder, *events)

    assert asked(read_run(folder)) == prompt
    assert read_run(folder).title == "Find buyers in Benelux"


def test_a_snapshot_keeps_both(folder: Path) -> None:
    state = RunState.after([{"at": NOW.isoformat()} | one for one in (STARTED, TURN, RETRY)])

    again = RunState.from_json(json.loads(json.dumps(state.to_json())))

    assert (again.progress, again.asked) == (state.progress, state.asked)


def test_a_snapshot_of_an_earlier_version_still_counts(folder: Path) -> None:
    state = RunState.after([INIT | {"model": "opus"}]).to_json()
    told = {name: one for name, one in state.items() if name not in ("progress", "asked")}
    size = (folder / EVENTS).write_text("x" * 9 + "\n")
    (folder / FOLDED).write_text(json.dumps({"events": size, "story": told}))

    run = read_run(folder)

    assert (run.model, run.progress.phase, run.asked) == ("opus", "work", None)


def test_a_prompt_that_is_hostile_is_safe_to_show(folder: Path) -> None:
    (folder / SPEC).write_text(spec(prompt="\x1b]0;owned\x07 say\nit").to_json())

    run = read_run(folder)

    assert isinstance(run.asked, SentCommand)
    assert "\x1b" not in run.asked.text + run.title
