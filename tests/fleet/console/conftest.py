"""What the tests of consoles share, beside a PostgreSQL."""

from __future__ import annotations

import pytest

from tests.fleet.console.elsewhere import Hurry
from tui.fleet.console import posting, resuming


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> Hurry:
    """The clock of a console that waits for another host, whose patience a test can end."""
    clock = Hurry()
    for module in (posting, resuming):
        monkeypatch.setattr(module, "time", clock)
    return clock
