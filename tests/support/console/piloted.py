"""A console over the fixed catalog driven by a Pilot, and what tests ask of it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from textual import events
from textual.keys import _character_to_key, key_to_character
from textual.pilot import Pilot

from tests.make_screenshots import settled
from tests.support.console.fixed_engine import FixedEngine
from tui.core.models.session import Session
from tui.ui.app import ConsoleApp
from tui.ui.screen import ConsoleScreen
from tui.ui.state.view_state import ViewState
from tui.ui.widgets.page import PagePane
from tui.ui.widgets.pane import Pane

_CEILING_S = 60.0
_COMES_S = 3.0
_ROUNDS = 4  # a key goes to the app, its screen and a widget, whose message comes back


class Console:
    """A console over the fixed catalog, and what a test asks of it."""

    def __init__(self, pilot: Pilot[int], engine: FixedEngine) -> None:
        self.pilot = pilot
        self.engine = engine
        screen = pilot.app.screen
        assert isinstance(screen, ConsoleScreen)
        self.screen = screen
        self.panes = screen.panes

    @property
    def view(self) -> ViewState:
        """What is chosen, selected, marked and in sight."""
        return self.screen.view

    async def press(self, *keys: str) -> None:
        """Press keys, each when all that the one before brought about has been taken in.

        A yes is for a question that is on the screen: it is awaited, if it comes at all.
        """
        for key in keys:
            if key == "y":
                await self._shown()
            await press(self.pilot, key)

    async def _shown(self) -> None:
        until, question = time.monotonic() + _COMES_S, self.panes.question
        while question.is_open and not question.is_shown and time.monotonic() < until:
            await self.pilot.pause(0.01)

    async def until(self, is_so: Callable[[], bool]) -> None:
        until = time.monotonic() + _CEILING_S
        while time.monotonic() < until:
            if is_so():
                return
            await self.pilot.pause(0.01)
        raise AssertionError(f"never came; the message is {self.message!r}")

    async def asked(self) -> None:
        """Wait until the question is there."""
        await self.until(lambda: self.panes.question.is_asking)

    async def answered(self) -> None:
        """Wait until no question is open."""
        await self.until(lambda: not self.panes.question.is_open)

    def shown(self, page: PagePane) -> str:
        """Return all lines of the page."""
        return "\n".join("".join(cell.text for cell in line) for line in page.lines)

    def rows(self, pane: Pane | None = None) -> list[str]:
        """Return what is painted, a row after the other: of a pane, or of the whole screen."""
        screen = self.screen
        strips = screen._compositor.render_strips()
        rows = ["".join(segment.text for segment in strip) for strip in strips]
        if pane is None:
            return rows
        where = pane.region
        return [row[where.x : where.right] for row in rows[where.y : where.bottom]]

    def tick(self, **passed: float) -> None:
        """Let time pass, as `timedelta` takes it (a second without), and what each second does."""
        self.engine.moment += timedelta(**(passed or {"seconds": 1}))
        self.screen.second()

    @property
    def top(self) -> str:
        """The top line."""
        return self.rows(self.panes.top_line)[0].rstrip()

    @property
    def message(self) -> str:
        return self.panes.question.message.text

    @property
    def session(self) -> Session:
        session = self.screen.targets().selected
        assert session is not None
        return session

    async def choose(self, title: str) -> Session:
        """Put the selection on the session of that title."""
        for one in self.engine.catalog.sessions:
            if one.title == title:
                assert self.panes.sessions.select(one.key)
                await self.pilot.pause()
                return one
        raise AssertionError(title)


async def press(pilot: Pilot[int], key: str) -> None:
    """Press a key, and wait until every widget has taken in what it brought about.

    The pilot's own waits for a process that has nothing to do, which takes a tenth of a second a
    key. What comes from a thread a test waits for by name: `until`, `asked`, `answered`.
    """
    name = _character_to_key(key) if len(key) == 1 else key
    pilot.app.post_message(events.Key(name, key if len(key) == 1 else key_to_character(name)))
    for _ in range(_ROUNDS):
        await pilot.pause(0)


@asynccontextmanager
async def console(
    engine: FixedEngine | None = None, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[Console]:
    engine = engine or FixedEngine()
    app = ConsoleApp(engine)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        yield Console(pilot, engine)
