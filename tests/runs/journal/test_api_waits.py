"""When a run records that the API was asked and that it has answered."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from tui.runs.folder.agent_events import AgentMessage, RunNotice, TurnStarted
from tui.runs.folder.protocol import read_events
from tui.runs.journal.api_waits import ApiWaits
from tui.runs.journal.run_journal import Journal

WORD = AgentMessage(None, None, is_answer=True)
BEGUN = AgentMessage(TurnStarted("9f2c"), None)
RETRY = AgentMessage(RunNotice("retry", {"attempt": 1}), None)
ALLOWED = AgentMessage(RunNotice("rate_limit", {"status": "allowed"}), None)
REJECTED = AgentMessage(RunNotice("rate_limit", {"status": "rejected"}), None)


def _kinds(folder: Path, *messages: AgentMessage) -> list[str]:
    waits = ApiWaits(Journal(folder, lambda: datetime.now(UTC)))
    waits.begin("anna", "")
    for one in messages:
        waits.heard(one)
    return [event["type"] for event in read_events(folder)]


def test_the_first_answer_is_recorded_once(tmp_path: Path) -> None:
    assert _kinds(tmp_path, BEGUN, WORD, ALLOWED, WORD, WORD) == ["turn", "heard"]


def test_after_a_failure_the_next_answer_is_recorded(tmp_path: Path) -> None:
    kinds = _kinds(tmp_path, WORD, RETRY, RETRY, WORD, REJECTED, WORD, WORD)

    assert kinds == ["turn", "heard", "heard", "heard"]


def test_the_beginning_of_a_turn_is_no_answer(tmp_path: Path) -> None:
    assert _kinds(tmp_path, BEGUN, RETRY) == ["turn"]
