"""A pane is one row of a table and a widget."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.place import REPOSITORY


@pytest.mark.parametrize("width", [80, 120])
def test_a_fifth_pane_is_one_row_and_its_widget(width: int) -> None:
    """Its place, frame, key, help and name in the settings all come from the row."""
    found = subprocess.run(
        [sys.executable, "-m", "tests.support.console.five_panes", str(width)],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        timeout=120,
    )
    assert found.returncode == 0, found.stderr
    said = found.stdout
    assert ("▸5 Count" in said) == (width >= 100)  # a table alone has no rule
    assert "sessions counted" in said
    assert ("2 Sessions" in said) == (width >= 100)  # beside it, or covered by it
    assert "after it: 1" in said
    assert "5  go to Count" in said
    assert "5 cannot be changed" in said
