"""A console over the fixed catalog driven by a Pilot, and what tests ask of it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from textual.pilot import Pilot

from tests.fixed_engine import FixedEngine
from tests.make_screenshots import settled
from tui.core.models import Session
from tui.ui.app import ConsoleApp
from tui.ui.page import PagePane
from tui.ui.screen import ConsoleScreen

_CEILING_S = 30.0


class Console:
    """A console over the fixed catalog, and what a test asks of it."""

    def __init__(self, pilot: Pilot[int], engine: FixedEngine) -> None:
        self.pilot = pilot
        self.engine = engine
        screen = pilot.app.screen
        assert isinstance(screen, ConsoleScreen)
        self.screen = screen

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def until(self, is_so: Callable[[], bool]) -> None:
        until = time.monotonic() + _CEILING_S
        while time.monotonic() < until:
            if is_so():
                return
            await self.pilot.pause(0.01)
        raise AssertionError(f"never came; the message is {self.message!r}")

    async def asked(self) -> None:
        """Wait until the question is there."""
        await self.until(lambda: self.screen.question.is_asking)

    async def answered(self) -> None:
        """Wait until no question is open."""
        await self.until(lambda: not self.screen.question.is_open)

    def shown(self, page: PagePane) -> str:
        """Return all lines of the page."""
        return "\n".join("".join(cell.text for cell in line) for line in page.lines)

    @property
    def message(self) -> str:
        return self.screen.question.message.text

    @property
    def session(self) -> Session:
        session = self.screen.selected
        assert session is not None
        return session

    async def choose(self, title: str) -> Session:
        """Put the selection on the session of that title."""
        for one in self.engine.catalog.sessions:
            if one.title == title:
                assert self.screen.sessions.select(one.key)
                await self.pilot.pause()
                return one
        raise AssertionError(title)


@asynccontextmanager
async def console(
    engine: FixedEngine | None = None, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[Console]:
    engine = engine or FixedEngine()
    app = ConsoleApp(engine)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        yield Console(pilot, engine)
