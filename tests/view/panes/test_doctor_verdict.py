"""The doctor's verdict in one line."""

from __future__ import annotations

import pytest

from tui.core.models.verdict import Verdict
from tui.view.panes.doctor_verdict import line

MANY = Verdict(
    "3 errors, 4 warnings",
    ("2 are swept before they expire", "1 lies outside its listing"),
    is_clear=False,
)


@pytest.mark.parametrize(
    ("verdict", "width", "shown"),
    [
        (MANY, 78, "3 errors, 4 warnings, worst: 2 are swept before they expire; :doctor explains"),
        (MANY, 58, "3 errors, 4 warnings; :doctor explains"),
        (MANY, 30, "3 errors, 4~; :doctor explains"),
        (Verdict("1 error", is_clear=False), 78, "1 error; :doctor explains"),
        (Verdict("2 notes"), 78, "doctor: all clear (2 notes)"),
        (Verdict(), 10, "doctor: a~"),
    ],
)
def test_it_fits_and_says_what_explains(verdict: Verdict, width: int, shown: str) -> None:
    assert line(verdict, width) == shown
    assert len(shown) <= width
