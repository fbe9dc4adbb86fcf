"""What a scene can learn from the body of a request."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tui.demo.api_request import ApiRequest

INTERRUPTED = "[Request interrupted by user]"
COMMAND = (
    "<local-command-caveat>Not sent to you.</local-command-caveat>\n",
    "<command-name>/model</command-name>\n  <command-message>model</command-message>\n",
    "<local-command-stdout>Set model to `claude-haiku-4-5`</local-command-stdout>\n",
)
NOTE = {"type": "text", "text": "<system-reminder>\nbe brief\n</system-reminder>"}


def user(*blocks: Any) -> dict[str, Any]:
    texts = [{"type": "text", "text": one} if isinstance(one, str) else one for one in blocks]
    return {"role": "user", "content": texts}


def result(text: str, *, is_error: bool = False) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": "t", "content": text, "is_error": is_error}


ANSWER = {"role": "assistant", "content": [{"type": "text", "text": "Yes."}]}


@pytest.mark.parametrize(
    ("messages", "prompts", "step"),
    [
        ([], (), 0),
        ([user("Find buyers.")], ("Find buyers.",), 0),
        ([{"role": "user", "content": "Find buyers."}], ("Find buyers.",), 0),
        ([user(NOTE, "Find buyers.")], ("Find buyers.",), 0),
        ([user("Find buyers."), ANSWER, user(result("12"))], ("Find buyers.",), 1),
        ([user("Find buyers."), ANSWER, user("More.")], ("Find buyers.", "More."), 0),
        (
            [user("One."), ANSWER, user(INTERRUPTED, "Two.")],
            ("One.", "Two."),
            0,
        ),
        ([user("One."), ANSWER, user(result("3"), NOTE), ANSWER, user(result("4"))], ("One.",), 2),
        ([user("One."), ANSWER, user(*COMMAND, "Two.")], ("One.", "Two."), 0),
        ([user("One."), ANSWER, user("".join(COMMAND) + "Two.")], ("One.", "Two."), 0),
        ([user("<channel>A</channel> said it.")], ("<channel>A</channel> said it.",), 0),
        ([user("One."), {"role": "system", "content": "noted"}], ("One.",), 0),
    ],
)
def test_prompts_and_the_step_of_the_turn(
    messages: list[Any], prompts: tuple[str, ...], step: int
) -> None:
    asked = ApiRequest({"messages": messages})
    assert (asked.prompts, asked.step) == (prompts, step)


def test_results_are_those_of_the_last_message() -> None:
    asked = ApiRequest(
        {"messages": [user("Go."), ANSWER, user(result("old")), ANSWER, user(result("x"))]}
    )
    assert asked.results == ("x",)
    assert not asked.is_refused


def test_a_refused_tool_is_seen() -> None:
    asked = ApiRequest({"messages": [user("Go."), ANSWER, user(result("no", is_error=True))]})
    assert asked.is_refused


def test_the_query_of_a_search() -> None:
    words = "Perform a web search for the query: pump makers"
    assert ApiRequest({"messages": [user(words)]}).query == "pump makers"


@pytest.mark.parametrize(
    ("user_id", "session_id"),
    [
        (json.dumps({"session_id": "9f2c"}), "9f2c"),
        ("user_1_account__session_2", ""),
        (None, ""),
        (json.dumps([1]), ""),
    ],
)
def test_the_session_that_asks(user_id: object, session_id: str) -> None:
    assert ApiRequest({"metadata": {"user_id": user_id}}).session_id == session_id


@pytest.mark.parametrize(
    "body", [{}, {"messages": 3, "tools": "x"}, {"messages": [1, {"role": 2}]}]
)
def test_any_body_can_be_asked_about(body: dict[str, Any]) -> None:
    asked = ApiRequest(body)
    assert (asked.prompt, asked.step, asked.results, asked.tools) == ("", 0, (), ())
