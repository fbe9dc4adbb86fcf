"""What an answer to a question of an agent means."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tui.core.agent_questions import answers, questions
from tui.core.errors import Refused, UsageError
from tui.core.models.permission_request import PermissionRequest

NOW = datetime(2026, 11, 22, tzinfo=UTC)
REGION = {
    "question": "Which region?",
    "options": [{"label": "Europe", "description": "all of it"}, {"label": "Asia"}],
}
MANY = REGION | {"question": "Which ones?", "multiSelect": True}


def request(tool: str, **given: Any) -> PermissionRequest:
    return PermissionRequest(request_id="p1", tool=tool, input=given, at=NOW)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (["1", "1,2"], {"Which region?": "Europe", "Which ones?": "Europe, Asia"}),
        (["asia", "2"], {"Which region?": "Asia", "Which ones?": "Asia"}),
        (["Mars, really", "a, 1"], {"Which region?": "Mars, really", "Which ones?": "a, Europe"}),
        (["3", "1"], None),
        (["0", "1"], None),
        (["", "1"], None),
        (["1", ","], None),
        (["1"], None),
        (["1", "1", "1"], None),
    ],
)
def test_an_answer_is_a_number_or_words(said: list[str], meant: dict[str, str] | None) -> None:
    asked = request("AskUserQuestion", questions=[REGION, MANY])
    if meant is None:
        with pytest.raises(UsageError):
            answers(questions(asked), said)
    else:
        assert answers(questions(asked), said) == meant


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"questions": 1},
        {"questions": [1, {}]},
        {"questions": [{"options": [None, {"label": 7}]}]},
    ],
)
def test_odd_questions_are_no_trouble(given: dict[str, Any]) -> None:
    asked = questions(
        PermissionRequest(request_id="p1", tool="AskUserQuestion", input=given, at=NOW)
    )
    assert all(isinstance(option, str) for one in asked for option in one.options)


def test_the_words_of_a_question_are_shown_and_its_own_words_answered() -> None:
    asked = questions(request("AskUserQuestion", questions=[{"question": "Which\u200b one?\n"}]))
    assert asked[0].words == "Which\\u200b one? "
    assert answers(asked, ["mine"]) == {"Which\u200b one?\n": "mine"}


def test_a_label_that_is_said_exactly_wins_over_one_of_another_case() -> None:
    asked = questions(
        request(
            "AskUserQuestion",
            questions=[REGION | {"options": [{"label": "yes"}, {"label": "Yes"}]}],
        )
    )
    assert answers(asked, ["Yes"]) == {"Which region?": "Yes"}


def test_questions_of_the_same_words_are_not_answered() -> None:
    """The CLI takes the answers by the words: the second would be told for both."""
    with pytest.raises(Refused, match="same words"):
        answers(questions(request("AskUserQuestion", questions=[REGION, REGION])), ["1", "2"])
