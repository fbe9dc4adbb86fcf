"""What a run hears between two turns."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tui.runs.folder.agent_events import (
    AgentIdle,
    AgentMessage,
    Happening,
    RunNotice,
    StreamChunks,
    TurnEnded,
    TurnStarted,
)
from tui.runs.folder.protocol import read_events, read_partial
from tui.runs.journal.hearing import Hearing
from tui.runs.journal.run_journal import Journal
from tui.runs.journal.threaded_journal import ThreadedJournal

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


def grown(text: str) -> dict[str, Any]:
    return {"type": "content_block_delta", "delta": {"type": "text_delta", "text": text}}


def started(message_id: str) -> list[dict[str, Any]]:
    block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text"}}
    return [{"type": "message_start", "message": {"id": message_id}}, block]


@pytest.mark.parametrize("kind", [Journal, ThreadedJournal])
def test_the_first_words_of_each_message_are_written_at_once_and_further_ones_at_a_pace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[Journal]
) -> None:
    """Otherwise they would come at the next tick, and a second later where nobody has read yet."""
    monkeypatch.setattr("tui.runs.journal.hearing._TELLS_EVERY_S", float("inf"))
    monkeypatch.setattr("tui.runs.journal.partial_file._WRITES_EVERY_S", float("inf"))
    journal = kind(tmp_path, lambda: NOW)
    hearing = Hearing(journal, 60)

    def hear(*events: Mapping[str, Any]) -> None:
        hearing.hear(AgentMessage(StreamChunks(events), None))
        assert journal.settle(60)

    def shown() -> str | None:
        found = read_partial(tmp_path)
        return found.text if found else None

    for message_id, word in (("one", "Few"), ("two", "Many")):
        hear(*started(message_id))
        hear(grown(word))
        assert shown() == word
        hear(grown(" more"))
        assert shown() == word
