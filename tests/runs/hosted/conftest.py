"""A listing whose rows are written late, by what does not wait long."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.runs import bookkeeping
from tui.storage.sqlite import connection


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up at once what waits for seconds elsewhere."""
    monkeypatch.setattr(connection, "WRITE_TIMEOUT_S", 0.1)
    monkeypatch.setattr(bookkeeping, "_PAUSE_S", 0.1)


@pytest.fixture
def listing(tmp_path: Path) -> Path:
    made = tmp_path / "outputs" / "hollis_park"
    made.mkdir(parents=True)
    return made
