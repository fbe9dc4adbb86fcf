"""What the events of a run add up to: right after any number of them, and cheap to read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tui.core.limits import FOLDED_EACH, RUN_FILE
from tui.core.models.permission_request import Requester
from tui.runs.folder import bounded_reads
from tui.runs.folder.event_snapshot import EVENTS, FOLDED, read_story
from tui.runs.folder.protocol import read_events, read_run
from tui.runs.folder.run_state import RunState
from tui.runs.journal.run_journal import Journal

NOW = datetime(2026, 11, 22, 7, 15, 30, tzinfo=UTC)
LONG = "x" * 4_000


def journal(folder: Path) -> Journal:
    return Journal(folder, lambda: NOW)


def begin(pen: Journal) -> None:
    """Write one event of each kind that the state of a run is made of."""
    pen.event("init", model="opus", permission_mode="default")
    pen.event("turn", by="anna", id="t1")
    pen.event("ack", id="c1", command="prompt", by="bert", words="and Asia?")
    pen.event("missed", id="c2", command="answer", by="carl", words="allow")
    pen.event("refused", id="c3", posted_at=NOW.isoformat(), reason="unseen", request_id="p1")
    pen.event("result", cost_usd=1.5)
    asker = {"agent_id": "a1", "title": "T"}
    asked: dict[str, Any] = {
        "tool": "Bash",
        "digest": "d" * 64,
        "until": NOW.isoformat(),
        "asker": asker,
    }
    pen.event("permission", request_id="p1", **asked)
    pen.event("permission", request_id="p2", **asked)
    pen.event("answered", request_id="p2", decision="deny", by="anna")


def grow(pen: Journal, size: int) -> None:
    for _ in range(size // len(LONG) + 1):
        pen.event("notice", kind="hook", words=LONG)


def test_the_state_is_right_however_much_was_written_since(tmp_path: Path) -> None:
    """Without the sum the run is `starting`, and its request forgotten."""
    pen = journal(tmp_path)
    begin(pen)
    before = read_story(tmp_path).to_json()
    assert not (tmp_path / FOLDED).exists()
    grow(pen, RUN_FILE + FOLDED_EACH)
    assert (tmp_path / EVENTS).stat().st_size > RUN_FILE
    assert RunState.after(read_events(tmp_path)).state == "starting"
    story = read_story(tmp_path)
    assert story.to_json() == before
    assert story.state == "waiting"
    assert list(story.requests) == ["p1"]
    assert story.requests["p1"].asker == Requester(agent_id="a1", title="T")
    run = read_run(tmp_path)
    assert (run.state, run.cost_usd, run.model) == ("waiting", 1.5, "opus")
    pen.event("answered", request_id="p1", decision="deny", by="anna")
    assert read_run(tmp_path).state == "busy"


def test_reading_takes_the_new_events_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pen = journal(tmp_path)
    begin(pen)
    grow(pen, 10 * FOLDED_EACH)
    read: list[int] = []

    def parse(raw: bytes) -> dict[str, Any]:
        read.append(len(raw))
        return bounded_reads.parse(raw)

    monkeypatch.setattr("tui.runs.folder.event_snapshot.parse", parse)
    assert read_story(tmp_path).state == "waiting"
    assert sum(read) <= FOLDED_EACH


@pytest.mark.parametrize(
    "change",
    [
        {"events": 10**9},
        {"events": -5},
        {"events": True},
        {"events": "8"},
        {"story": []},
        {"story": {}},
        {"story": {"requests": [None]}},
    ],
)
def test_a_sum_that_fits_nothing_is_left_out(tmp_path: Path, change: dict[str, Any]) -> None:
    pen = journal(tmp_path)
    begin(pen)
    grow(pen, FOLDED_EACH)
    path = tmp_path / FOLDED
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    assert read_story(tmp_path).state == "waiting"
    for text in ("", "[", "[]", "\x00"):
        path.write_text(text)
        assert read_story(tmp_path).state == "waiting"


def test_a_sum_that_lies_grants_nothing(tmp_path: Path) -> None:
    """It may hide a request or invent one; what is allowed, the run decides by what it holds."""
    pen = journal(tmp_path)
    begin(pen)
    grow(pen, FOLDED_EACH)
    path = tmp_path / FOLDED
    value = json.loads(path.read_text())
    value["story"]["requests"][0] |= {"tool": "Read", "digest": "e" * 64}
    path.write_text(json.dumps(value))
    request = read_run(tmp_path).request
    assert request is not None
    assert "can only be denied" in request.problem


def test_events_of_somebody_else_end_the_summing_up(tmp_path: Path) -> None:
    pen = journal(tmp_path)
    begin(pen)
    with (tmp_path / EVENTS).open("a") as file:
        file.write('{"type": "notice"}\n')
    grow(pen, 2 * FOLDED_EACH)
    assert not (tmp_path / FOLDED).exists()
    assert read_story(tmp_path).state == "waiting"


def test_a_story_comes_back_as_it_was_told(tmp_path: Path) -> None:
    begin(journal(tmp_path))
    story = read_story(tmp_path)
    again = RunState.from_json(json.loads(json.dumps(story.to_json())))
    assert vars(again) == vars(story)


def test_a_run_between_two_turns_is_idle_until_something_wakes_it(tmp_path: Path) -> None:
    pen = journal(tmp_path)
    asked: dict[str, Any] = {"tool": "Bash", "digest": "d" * 64, "until": NOW.isoformat()}
    steps: list[tuple[str, dict[str, Any], str]] = [
        ("init", {}, "busy"),
        ("resting", {}, "idle"),
        ("woken", {}, "busy"),
        ("resting", {}, "idle"),
        ("permission", {"request_id": "p1", **asked}, "waiting"),
        ("answered", {"request_id": "p1", "decision": "deny"}, "idle"),
        ("turn", {"by": "pipeline"}, "busy"),
        ("resting", {}, "idle"),
        ("ended", {}, "done"),
    ]
    for kind, details, state in steps:
        pen.event(kind, **details)
        story = read_story(tmp_path)
        assert (kind, story.state) == (kind, state)
        assert RunState.from_json(story.to_json()).state == state
