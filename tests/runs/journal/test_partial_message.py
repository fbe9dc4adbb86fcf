"""Stream events of the API, put together to the message being written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tui.demo.turns import Search, Text, Thinking, ToolUse, say, stream
from tui.runs.journal.partial_message import PartialMessage

NOW = datetime(2026, 11, 22, 7, 15, 30, tzinfo=UTC)
TURN = say(
    Thinking("hm"), Text("Two names.", 5), Search("pumps", ()), ToolUse("Bash", {"command": "ls"})
)


def events() -> list[dict[str, Any]]:
    steps = stream(TURN, message_id="msg_1", model="m", input_tokens=1)
    return [step.event for step in steps if step.event]


def test_each_block_is_shown_with_those_before_it() -> None:
    writing = PartialMessage()
    seen: list[tuple[str, str, str]] = []
    for event in events():
        writing.add(event, NOW)
        shown = writing.shown(NOW)
        if shown and event["type"] == "content_block_stop":
            seen.append((shown["kind"], shown["tool"], shown["text"]))
            assert shown["message_id"] == "msg_1"
    last = writing.shown(NOW)
    assert last
    assert [block["kind"] for block in last["earlier"]] == ["thinking", "text", "tool"]
    assert seen[:2] == [("thinking", "", "hm"), ("text", "", "Two names.")]
    assert ("tool", "Bash", '{"command": "ls"}') in seen


def test_a_finished_message_lingers_until_the_transcript_has_it() -> None:
    writing = PartialMessage()
    for event in events():
        writing.add(event, NOW)
    assert writing.shown(NOW + timedelta(milliseconds=300))
    assert writing.shown(NOW + timedelta(milliseconds=500)) is None


def test_the_next_message_takes_the_place_of_the_last() -> None:
    writing = PartialMessage()
    for event in [*events(), {"type": "message_start", "message": {"id": "msg_2"}}]:
        writing.add(event, NOW)
    assert writing.shown(NOW) is None


def test_a_long_text_keeps_its_end() -> None:
    writing = PartialMessage()
    writing.add({"type": "content_block_start", "content_block": {"type": "text"}}, NOW)
    for number in range(10_000):
        delta = {"type": "text_delta", "text": f"{number:08}"}
        writing.add({"type": "content_block_delta", "delta": delta}, NOW)
    shown = writing.shown(NOW)
    assert shown
    assert shown["text"].endswith("00009999")
    assert len(shown["text"]) == 32 * 1024


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"type": "ping"},
        {"type": "message_start"},
        {"type": "content_block_start", "content_block": {"type": "new_kind"}},
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "alone"}},
        {"type": "content_block_delta", "delta": None},
        {"type": "error", "error": {"type": "overloaded_error"}},
    ],
)
def test_what_is_not_understood_shows_nothing(event: dict[str, Any]) -> None:
    writing = PartialMessage()
    writing.add(event, NOW)
    assert writing.shown(NOW) is None
