"""The Textual application around the one screen."""

from __future__ import annotations

import asyncio
import signal
from typing import ClassVar

from textual.app import App
from textual.binding import BindingType

from tui.ui.port import Engine
from tui.ui.screen import ConsoleScreen, WatchingScreen


class ConsoleApp(App[None], inherit_bindings=False):
    """A thin viewer: whatever happens to it, the agents go on."""

    CSS_PATH = "console.tcss"
    TITLE = "session-console"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.engine = engine
        if engine.is_remote:
            self.animation_level = "none"
        self.theme = engine.theme or ("ansi-dark" if engine.is_remote else "tokyo-night")

    def get_default_screen(self) -> ConsoleScreen:
        """Return the one screen."""
        kind = WatchingScreen if self.engine.is_read_only else ConsoleScreen
        return kind(self.engine)

    def on_mount(self) -> None:
        """Leave cleanly when the line is hung up: ignoring it would spin, dying leaves litter."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGHUP, signal.SIGTERM):
            loop.add_signal_handler(number, self.exit)
