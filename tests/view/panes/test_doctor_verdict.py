"""The doctor's verdict in one line."""

from __future__ import annotations

import pytest

from tui.view.panes.doctor_verdict import line

SAID = (
    "doctor: 3 errors, 4 warnings: 2 would be swept before they expire, 1 lies outside its "
    "listing; `doctor` explains"
)


@pytest.mark.parametrize(
    ("said", "width", "shown"),
    [
        (SAID, 78, "3 errors, 4 warnings, worst: 2 swept before they expire; :doctor explains"),
        (SAID, 58, "3 errors, 4 warnings; :doctor explains"),
        (SAID, 30, "3 errors, 4~; :doctor explains"),
        ("doctor: 1 error; `doctor` explains", 78, "1 error; :doctor explains"),
        ("doctor: all clear (2 notes)", 78, "doctor: all clear (2 notes)"),
        ("doctor: all clear", 10, "doctor: a~"),
        ("", 78, ""),
    ],
)
def test_it_fits_and_says_what_explains(said: str, width: int, shown: str) -> None:
    assert line(said, width) == shown
    assert len(shown) <= width
