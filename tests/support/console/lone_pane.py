"""One widget alone on a screen: the tests of a widget call it, and read what it draws."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar

from textual.app import App
from textual.pilot import Pilot
from textual.screen import Screen

from tui.ui.screen import ConsoleScreen
from tui.ui.widgets.pane import Pane


class BareApp(App[None]):
    """An app whose screen is empty, and has the styles of the cells."""

    class Empty(Screen[None]):
        """A screen that composes nothing."""

        COMPONENT_CLASSES: ClassVar[set[str]] = ConsoleScreen.COMPONENT_CLASSES

    def get_default_screen(self) -> Screen[None]:
        return self.Empty()


@asynccontextmanager
async def alone(pane: Pane, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Pilot[None]]:
    """Show a pane alone, as large as the terminal."""
    app = BareApp()
    async with app.run_test(size=size) as pilot:
        await app.mount(pane)
        await pilot.pause()
        yield pilot


def painted(pane: Pane) -> list[str]:
    """Return the rows of a pane as they are painted; one that was not refreshed is as before."""
    return [strip.text for strip in pane.render_lines(pane.size.region)]
