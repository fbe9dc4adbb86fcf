"""Whether a run has something to do whose end it did not tell."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.console.fixed_catalog import NOW
from tui.runs.folder.run_state import RunState


def stored(events: list[dict[str, Any]]) -> RunState:
    """Return the state after events, stored and read again after each."""
    state, told = RunState(), [{"at": NOW.isoformat(), **one} for one in events]
    for one in told:
        state = RunState.from_json(RunState.after([one], state).to_json())
    assert state.to_json() == RunState.after(told).to_json()
    return state


@pytest.mark.parametrize(
    ("events", "is_open"),
    [
        ("", True),
        ("turn", True),
        ("turn result", False),
        ("turn failed", False),
        ("turn result turn", True),
        ("turn ended", False),
        ("turn left ended", True),
    ],
)
def test_a_turn_is_open_until_its_end_is_told(events: str, is_open: bool) -> None:
    assert stored([{"type": one} for one in events.split()]).is_turn_open is is_open


LEFT = {"type": "result", "is_answer": False, "is_left": True}
ANSWER = {"type": "result", "is_answer": True, "is_left": False}
END = {"type": "ended"}


@pytest.mark.parametrize(
    ("events", "is_open"),
    [
        ([LEFT], True),
        ([LEFT, END], True),
        ([LEFT, ANSWER], False),
        ([LEFT, ANSWER, END], False),
        ([{"type": "result", "is_left": 1}], False),
    ],
)
def test_what_was_left_before_is_open_until_the_model_answers(
    events: list[dict[str, Any]], is_open: bool
) -> None:
    assert stored([{"type": "turn"}, *events]).is_turn_open is is_open


@pytest.mark.parametrize(
    ("events", "has_answered"),
    [
        ([], False),
        ([ANSWER], True),
        ([LEFT], False),
        ([ANSWER, LEFT], True),
        ([ANSWER | {"is_error": True}], False),
        ([ANSWER | {"is_interrupted": True}], False),
        ([{"type": "result"}], True),  # of a runner of an earlier version
    ],
)
def test_a_run_has_answered_once_its_model_has(
    events: list[dict[str, Any]], has_answered: bool
) -> None:
    assert stored(events).has_answered is has_answered


def test_a_state_that_an_earlier_version_stored_has_answered() -> None:
    state = RunState().to_json()
    del state["has_answered"]
    assert RunState.from_json(state).has_answered
