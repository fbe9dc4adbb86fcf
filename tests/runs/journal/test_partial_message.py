"""Stream events of the API, put together to the message being written."""

from __future__ import annotations

import tracemalloc
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


def begin(kind: str = "text") -> dict[str, Any]:
    return {"type": "content_block_start", "content_block": {"type": kind}}


def grow(text: object) -> dict[str, Any]:
    return {"type": "content_block_delta", "delta": {"type": "text_delta", "text": text}}


def test_what_came_before_is_bounded_in_number_and_length() -> None:
    writing = PartialMessage()
    for _ in range(20):
        writing.add(begin(), NOW)
        writing.add(grow("x" * 20_000), NOW)
    shown = writing.shown(NOW)
    assert shown
    assert [len(one["text"]) for one in shown["earlier"]] == [8 * 1024] * 8


def test_what_nobody_asks_for_takes_no_more_room_than_what_is_shown() -> None:
    writing = PartialMessage()
    writing.add(begin(), NOW)
    tracemalloc.start()
    try:
        for number in range(300):
            writing.add(grow(f"{number:0100000}"), NOW)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_a_piece_that_is_no_text_or_of_no_block_is_passed_over() -> None:
    writing = PartialMessage()
    for event in (grow("of no block"), begin(), grow("two"), grow(5), grow(None), grow(" words")):
        writing.add(event, NOW)
    shown = writing.shown(NOW)
    assert shown
    assert shown["text"] == "two words"


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
