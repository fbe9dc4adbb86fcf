"""What an agent asks for, in full and bounded, and what an answer to a question means."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.core.asking import MOST_LINES, answers, questions, request_lines
from tui.core.errors import UsageError
from tui.core.models import Request

NOW = datetime(2026, 11, 22, tzinfo=UTC)
REGION = {
    "question": "Which region?",
    "options": [{"label": "Europe", "description": "all of it"}, {"label": "Asia"}],
}
MANY = REGION | {"question": "Which ones?", "multiSelect": True}


def request(tool: str, **given: Any) -> Request:
    return Request("p1", tool, given, NOW)


@pytest.mark.parametrize(
    ("asked", "lines"),
    [
        (request("Bash", command="cd x\nrm -r y", description="d"), ("cd x", "rm -r y")),
        (
            request("Edit", file_path="a.py", old_string="one\ntwo", new_string="one\nthree"),
            ("a.py", "@@ -1,2 +1,2 @@", " one", "-two", "+three"),
        ),
        (
            request("Edit", file_path="a", old_string="x", new_string="", replace_all=True),
            ("a", "everywhere in it:", "@@ -1 +0,0 @@", "-x"),
        ),
        (
            request("MultiEdit", file_path="a", edits=[{"old_string": "x", "new_string": "y"}]),
            ("a", "@@ -1 +1 @@", "-x", "+y"),
        ),
        (request("Write", file_path="a", content="new"), ("a", "@@ -0,0 +1 @@", "+new")),
        (request("WebFetch", url="https://example.com"), ("url=https://example.com",)),
        (
            request("AskUserQuestion", questions=[REGION]),
            ("Which region?", "  1 Europe: all of it", "  2 Asia"),
        ),
    ],
)
def test_a_request_is_shown_in_full(asked: Request, lines: tuple[str, ...]) -> None:
    assert request_lines(asked) == lines


@pytest.mark.parametrize("content", ["x\n" * 5000, "x" * 10_000_000])
def test_a_large_request_is_bounded_and_says_that_there_is_more(content: str) -> None:
    lines = request_lines(request("Write", file_path="a", content=content))
    assert len(lines) <= MOST_LINES + 1
    if "\n" in content:
        assert "and more" in lines[-1]


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
            answers(asked, said)
    else:
        assert answers(asked, said) == meant


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
_NAMES = ["command", "file_path", "old_string", "new_string", "content", "edits", "questions"]


@given(
    st.sampled_from(["Bash", "Edit", "AskUserQuestion", ""]),
    st.dictionaries(st.sampled_from(_NAMES), _JSON),
)
def test_any_input_is_shown_without_a_word_of_harm(tool: str, given: dict[str, Any]) -> None:
    asked = Request("p1", tool, given, NOW)
    assert "\x1b" not in "".join(request_lines(asked))
    assert len(questions(asked)) <= 100
