"""When an agent counts as stalled: never while a tool or an operator is awaited."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tui.runs.folder.agent_events import Happening, StreamChunks, ToolReturned, TurnEnded
from tui.runs.folder.protocol import read_events
from tui.runs.journal.run_journal import Journal
from tui.runs.journal.stall_detector import StallDetector

BEGIN = StreamChunks([{"type": "message_start"}])
TOKEN = StreamChunks([{"type": "content_block_delta"}])
CALLS = StreamChunks([{"type": "message_delta", "delta": {"stop_reason": "tool_use"}}])
STOPS = StreamChunks([{"type": "message_stop"}])
ENDED = TurnEnded(subtype="success")


@pytest.mark.parametrize(
    ("heard", "is_waiting", "kinds"),
    [
        ([], False, ["stalled"]),
        ([BEGIN, TOKEN], False, ["stalled"]),
        ([BEGIN, CALLS, STOPS], False, []),
        ([BEGIN, CALLS, STOPS, None], False, []),
        ([BEGIN, CALLS, STOPS, ToolReturned()], False, ["stalled"]),
        ([TOKEN], True, []),
        ([TOKEN, ENDED], False, []),
    ],
)
def test_only_an_api_that_is_awaited_can_be_still(
    tmp_path: Path, heard: list[Happening | None], is_waiting: bool, kinds: list[str]
) -> None:
    seconds = [0.0]
    stillness = StallDetector(Journal(tmp_path, lambda: datetime.now(UTC)), 60, lambda: seconds[0])
    stillness.begin()
    for one in heard:
        stillness.heard(one)
    for moment in (59.0, 61.0, 70.0):
        seconds[0] = moment
        stillness.look(is_waiting=is_waiting)
    assert told(tmp_path) == kinds
    stillness.heard(TOKEN)
    stillness.heard(ENDED)
    assert told(tmp_path) == (["stalled", "moving"] if kinds else [])


def told(folder: Path) -> list[Any]:
    return [event["type"] for event in read_events(folder)]
