"""The Textual application around the one screen."""

from __future__ import annotations

import asyncio
import select
import signal
import sys
from typing import ClassVar

from textual import events
from textual.app import App
from textual.binding import BindingType

from tui.core.errors import UsageError
from tui.core.text import one_line
from tui.ui.port import Engine
from tui.ui.screen import ConsoleScreen, WatchingScreen


class ConsoleApp(App[int], inherit_bindings=False):
    """A thin viewer: whatever happens to it, the agents go on; `run` returns how many do.

    Raises `UsageError` for a theme that Textual does not have.
    """

    CSS_PATH = "console.tcss"
    TITLE = "session-console"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.engine = engine
        if engine.is_remote:
            self.animation_level = "none"
        if engine.theme and engine.theme not in self.available_themes:
            names = ", ".join(sorted(self.available_themes))
            raise UsageError(f"no theme {one_line(engine.theme)!r}: there are {names}")
        self.theme = engine.theme or ("ansi-dark" if engine.is_remote else "tokyo-night")

    def get_default_screen(self) -> ConsoleScreen:
        """Return the one screen."""
        kind = WatchingScreen if self.engine.is_read_only else ConsoleScreen
        return kind(self.engine)

    async def on_event(self, event: events.Event) -> None:
        """Let every key take away what is said only until one is pressed."""
        if isinstance(event, events.Key) and isinstance(self.screen, ConsoleScreen):
            self.screen.news.key_pressed()
        await super().on_event(event)

    def on_mount(self) -> None:
        """Leave cleanly when the line is hung up: ignoring it would spin, dying leaves litter."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGHUP, signal.SIGTERM):
            loop.add_signal_handler(number, self.exit)
        self.set_interval(1.0, self._leave_at_the_end_of_input)

    def _leave_at_the_end_of_input(self) -> None:
        """Leave when the terminal is gone and no signal said so: its end reads as nothing, ever."""
        if sys.__stdin__ is None:
            return
        terminal = select.poll()
        terminal.register(sys.__stdin__.fileno(), select.POLLHUP)
        if terminal.poll(0):
            self.exit()
