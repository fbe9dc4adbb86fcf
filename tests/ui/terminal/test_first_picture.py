"""When the live picture takes the place of the one that a console began with."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import HeadlessApp
from tui.ui import app as app_module
from tui.ui.screen import ConsoleScreen


async def test_the_live_picture_waits_until_what_was_read_is_painted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Otherwise a pane that was read and not painted yet is cleared, and drawn a moment later."""
    monkeypatch.setattr(app_module, "STREAM_S", 600.0)
    app = HeadlessApp(FixedEngine())
    async with app.run_test(size=(80, 24)) as pilot, asyncio.timeout(60):
        while not app.is_live:
            await pilot.pause(0.01)
        screen = app.screen
        assert isinstance(screen, ConsoleScreen)
        screen.panes.live.begin(screen.following.session, "reading...")
        assert not app.is_live
        while not app.is_live:
            await pilot.pause(0.01)
