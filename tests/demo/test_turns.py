"""Turns as stream events: in the API's order, and with the same words as without a stream."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tui.demo.turns import (
    Disconnect,
    Pause,
    Search,
    SearchHit,
    Text,
    Thinking,
    ToolUse,
    Turn,
    say,
    stream,
    tokens,
    whole,
)

WORDS = "Two buyers:\n\n  Ostrava & Söhne, \u201cand\u201d a fund\twith a very long name.  "
SEARCH = Search("pumps", (SearchHit("Harrow Group", "https://example.com/harrow"),))
IDENTITY = {"message_id": "msg_1", "model": "claude-sonnet-5-5"}


def events(turn: Turn) -> list[dict[str, Any]]:
    steps = stream(turn, **IDENTITY, input_tokens=100)
    return [step.event for step in steps if step.event is not None]


def joined(turn: Turn) -> list[dict[str, Any]]:
    """Join the blocks of a stream, as a client does."""
    blocks: dict[int, dict[str, Any]] = {}
    raw: dict[int, str] = {}
    for event in events(turn):
        if event["type"] == "content_block_start":
            blocks[event["index"]] = dict(event["content_block"])
        elif event["type"] == "content_block_delta":
            block, delta = blocks[event["index"]], event["delta"]
            if delta["type"] == "input_json_delta":
                raw[event["index"]] = raw.get(event["index"], "") + delta["partial_json"]
                continue
            name = delta["type"].removesuffix("_delta")
            block[name] = block.get(name, "") + delta[name]
    for index, text in raw.items():
        blocks[index]["input"] = json.loads(text)
    return [blocks[index] for index in sorted(blocks)]


@pytest.mark.parametrize("text", [WORDS, "", " ", "a", "word " * 50])
def test_tokens_join_to_the_text_they_came_from(text: str) -> None:
    assert "".join(tokens(text)) == text


@pytest.mark.parametrize(
    ("turn", "kinds", "stop_reason"),
    [
        (say(WORDS), ["text"], "end_turn"),
        (say(WORDS, rate=50), ["text"], "end_turn"),
        (say(Thinking("Hm.", 20), Text("Yes.", 20)), ["thinking", "text"], "end_turn"),
        (say("I look.", ToolUse("Bash", {"command": "ls"})), ["text", "tool_use"], "tool_use"),
        (say(SEARCH), ["server_tool_use", "web_search_tool_result"], "end_turn"),
        (say(Pause(3), "Late."), ["text"], "end_turn"),
    ],
)
def test_a_stream_says_what_the_whole_message_says(
    turn: Turn, kinds: list[str], stop_reason: str
) -> None:
    message = whole(turn, **IDENTITY, input_tokens=100)
    assert joined(turn) == message["content"]
    assert [block["type"] for block in message["content"]] == kinds
    assert message["stop_reason"] == stop_reason
    assert [event["delta"]["stop_reason"] for event in events(turn)[-2:-1]] == [stop_reason]


def test_a_stream_begins_and_ends_as_the_api_does() -> None:
    kinds = [event["type"] for event in events(say("Yes."))]
    assert kinds == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]


def test_a_rate_becomes_a_delay_before_each_token() -> None:
    steps = list(stream(say("one two three", rate=20), **IDENTITY, input_tokens=1))
    assert [step.delay for step in steps if step.delay] == [0.05] * len(tokens("one two three"))


def test_a_break_cuts_the_stream_where_it_stands() -> None:
    steps = list(stream(say("Half of", Disconnect()), **IDENTITY, input_tokens=1))
    assert [step.event for step in steps].index(None) == 4
