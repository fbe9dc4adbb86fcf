"""What counts as an answer of the model in a turn, and what a hook that stopped it is told as."""

from __future__ import annotations

from typing import Any

import pytest
from claude_agent_sdk import (
    AssistantMessage,
    ResultMessage,
    ServerToolUseBlock,
    SystemMessage,
    TextBlock,
    ThinkingBlock,
    ToolUseBlock,
)

from tui.claude.transcript.line_parser import SYNTHETIC
from tui.core.errors import Kind
from tui.runs.agent.sdk_messages import TurnSigns, turn_ended

SAID = TextBlock("Very well.")


def said(*blocks: Any, model: str = "claude-opus-4-5", of: str | None = None) -> AssistantMessage:
    return AssistantMessage(list(blocks), model, of)


def told(kind: str, **more: str) -> SystemMessage:
    """Return what the CLI says of a prompt that it did not hand to the model."""
    return SystemMessage("informational", {"prompt_submit_outcome": {"kind": kind, **more}})


def result(**changes: Any) -> ResultMessage:
    facts: dict[str, Any] = {"subtype": "success", "session_id": "s", "is_error": False}
    figures = dict.fromkeys(("duration_ms", "duration_api_ms", "num_turns"), 1)
    return ResultMessage(**(facts | figures | changes))


def heard(*messages: object) -> TurnSigns:
    signs = TurnSigns()
    for one in messages:
        signs.hear(one)
    return signs


@pytest.mark.parametrize(
    "message",
    [
        said(SAID),
        said(ToolUseBlock("1", "Bash", {})),
        said(ServerToolUseBlock("1", "web_search", {})),
        said(ThinkingBlock("hm", ""), SAID),
    ],
    ids=["text", "tool", "tool of the API", "thought before"],
)
def test_what_the_model_says_or_calls_is_an_answer(message: AssistantMessage) -> None:
    signs = heard(message, said(), told("other"))
    assert turn_ended(result(), signs).is_answer
    assert not turn_ended(result(), signs).is_answer  # of the next turn, in which it said nothing


@pytest.mark.parametrize(
    "message",
    [
        said(),
        said(TextBlock(" \n")),
        said(ThinkingBlock("hm", "")),
        said(SAID, model=SYNTHETIC),
        said(SAID, of="toolu_1"),
        SystemMessage("init", {}),
    ],
    ids=["nothing", "blank", "a thought", "the CLI's", "a sub-agent's", "no answer"],
)
def test_what_says_nothing_or_is_not_of_the_agents_model_is_none(message: object) -> None:
    assert not turn_ended(result(), heard(message)).is_answer


def test_a_turn_that_failed_has_no_answer() -> None:
    ended = turn_ended(result(is_error=True, errors=["gone"]), heard(said(SAID)))
    assert (ended.is_answer, str(ended.error)) == (False, "gone")


@pytest.mark.parametrize("kind", ["blocked_by_hook", "stopped_by_hook"])
def test_a_prompt_that_a_hook_stopped_has_failed_with_its_reason(kind: str) -> None:
    signs = heard(said(SAID), told(kind, reason="not\nnow" + "!" * 300))
    ended = turn_ended(result(), signs)
    words = f"a hook stopped it: not now{'!' * 193}"
    assert (ended.is_answer, str(ended.error)) == (False, words)
    assert getattr(ended.error, "kind", None) is Kind.REFUSED
    assert turn_ended(result(), signs).error is None  # the next turn was not stopped


@pytest.mark.parametrize("before", [(), (told("other", reason="not this"),)])
def test_a_turn_that_a_hook_ended_has_failed(before: tuple[object, ...]) -> None:
    ended = turn_ended(result(terminal_reason="hook_stopped"), heard(said(SAID), *before))
    assert not ended.is_answer
    assert str(ended.error).startswith("a hook stopped it")


def test_the_cause_that_the_cli_names_is_of_its_last_answer_alone() -> None:
    signs = heard(AssistantMessage([SAID], SYNTHETIC, error="billing_error"))
    failed = result(is_error=True, api_error_status=400)
    assert getattr(turn_ended(failed, signs).error, "kind", None) is Kind.BILLING
    signs.hear(said(SAID))
    assert getattr(turn_ended(failed, signs).error, "kind", None) is Kind.REQUEST
