"""What a run hears between two turns."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from tui.runs.folder.agent_events import (
    AgentIdle,
    AgentMessage,
    Happening,
    RunNotice,
    TurnEnded,
    TurnStarted,
)
from tui.runs.folder.protocol import read_events
from tui.runs.journal.hearing import Hearing
from tui.runs.journal.run_journal import Journal

NOW = datetime(2026, 11, 22, 7, 15, 30, tzinfo=UTC)
WAKES, ENDS = TurnStarted("9f2c"), TurnEnded(subtype="success")


def told(folder: Path, *heard: Happening) -> list[str]:
    hearing = Hearing(Journal(folder, lambda: NOW), 60)
    hearing.hear(AgentMessage(WAKES, None))
    hearing.rest()
    for one in heard:
        hearing.hear(AgentMessage(one, None))
    hearing.begin_turn()
    hearing.hear(AgentMessage(WAKES, None))
    return [one["type"] for one in read_events(folder) if one["type"] in ("resting", "woken")]


def test_a_turn_that_background_work_begins_is_no_rest(tmp_path: Path) -> None:
    notice = RunNotice("hook", {})
    assert told(tmp_path, notice, WAKES, notice, ENDS, AgentIdle()) == [
        "resting",
        "woken",
        "resting",
        "resting",
    ]
