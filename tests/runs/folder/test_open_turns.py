"""Whether a run has something to do whose end it did not tell."""

from __future__ import annotations

import pytest

from tests.support.console.fixed_catalog import NOW
from tui.runs.folder.run_state import RunState


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
    """Also as it is stored, and read again in the middle."""
    told = [{"type": one, "at": NOW.isoformat()} for one in events.split()]
    assert RunState.after(told).is_turn_open is is_open
    state = RunState()
    for one in told:
        state = RunState.after([one], RunState.from_json(state.to_json()))
    assert RunState.from_json(state.to_json()).is_turn_open is is_open
