"""The Textual application around the one screen."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
import traceback
from functools import partial
from time import monotonic
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import BindingType

from tui.core.console.key_table import KEY_ACTIONS
from tui.core.text.safe_text import safe_text
from tui.ui.actions.keys import textual_name
from tui.ui.background.loops import write_down
from tui.ui.engine.engine import Engine
from tui.ui.screen import ConsoleScreen
from tui.ui.terminal.early_keys import EarlyKeys
from tui.ui.terminal.first_picture import STREAM_S, FirstPicture
from tui.ui.terminal.frame import Frame
from tui.ui.terminal.link import LinkApp
from tui.ui.terminal.picture_taker import PictureTaker
from tui.ui.terminal.suspend import is_lost
from tui.ui.threads import detached

_MOVING = frozenset({"move", "move_to", "page", "pane", "next_pane"})  # handlers that only move
_UNANSWERED = "this terminal does not confirm what it shows: output counts as shown once it is sent"


class ConsoleApp(LinkApp, inherit_bindings=False):
    """The viewer. The agents do not depend on it: `run` returns how many runs go on."""

    CSS_PATH = "console.tcss"
    TITLE = "session-console"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(
        self,
        engine: Engine,
        *,
        is_frugal: bool | None = None,
        first: FirstPicture | None = None,
    ) -> None:
        is_frugal = engine.is_remote if is_frugal is None else is_frugal
        # Without this a console without colours would be painted in 24-bit greys.
        no_greys = True if "NO_COLOR" in os.environ else None
        cells = engine.paints_cells
        super().__init__(paints_cells=cells, ansi_color=no_greys, first_picture=first)
        self.engine = engine
        self.suspending_keys = frozenset(map(textual_name, engine.keys.keys["suspend"]))
        moving = (one for one in KEY_ACTIONS if one.handler in _MOVING)
        self._moving = {textual_name(key) for one in moving for key in engine.keys.keys[one.name]}
        self._early = EarlyKeys(self._moving)
        self._leaving = {
            textual_name(key) for name in ("quit", "how_to_quit") for key in engine.keys.keys[name]
        }
        self._live_by = 0.0
        self.taker = PictureTaker(self.first_picture.drawn_for)
        if engine.is_remote:
            self.animation_level = "none"
        self.theme = engine.theme or ("ansi-dark" if is_frugal else "tokyo-night")

    def get_default_screen(self) -> ConsoleScreen:
        """Return the one screen."""
        screen = ConsoleScreen(self.engine)
        self.watched = (screen.panes.page, screen.panes.question, screen.store)
        return screen

    @property
    def is_live(self) -> bool:
        """Whether the root has been read, or why it was not; Live is waited for a moment more.

        Each pane is painted then: one that is still empty would be cleared and drawn again.
        """
        screen = self.screen
        if not isinstance(screen, ConsoleScreen) or screen.store.is_looking:
            return False
        if screen.following.is_read and all(one.is_painted for one in screen.panes.drawn):
            return True
        if not self._live_by:
            self._live_by = monotonic() + STREAM_S
            self.set_timer(STREAM_S, self.refresh)
        return monotonic() >= self._live_by

    def take_early(self, event: events.Key | events.Paste) -> bool:
        """Leave on the keys that do; keep those that move, drop the others."""
        if isinstance(event, events.Key) and event.key in self._leaving:
            self.exit()
        else:
            self._early.take(event)
        return True

    def began(self) -> None:
        """Handle the keys that were kept, then say which were dropped."""
        kept, self._early.kept = self._early.kept, []
        self.type_first(kept)
        self.call_later(self._tell_dropped)

    def _tell_dropped(self) -> None:
        if (words := self._early.words) and isinstance(self.screen, ConsoleScreen):
            self._early = EarlyKeys(self._moving)
            self.screen.news.tell_first(words)

    def drawn(self, frame: Frame) -> None:
        """Take a picture of the panes, while they are all that is there and nothing is stale."""
        screen = self.screen
        if not isinstance(screen, ConsoleScreen) or (catalog := screen.store.catalog) is None:
            return
        if self.taker.note(catalog.erasure):
            detached(self.first_picture.forget)
        is_bare = self.taker.is_settled and screen.panes.are_bare
        if is_bare and catalog.is_fresh and not screen.store.trouble:
            self.taker.take(frame.sent, self.engine.now())

    def takes(self, event: events.Key | events.Paste) -> bool:
        """Give typed input to the open question; without one, keys are for the bindings."""
        return isinstance(self.screen, ConsoleScreen) and self.screen.takes(event)

    def _fatal_error(self) -> None:
        """Leave with a plain traceback: Textual's own takes seconds and prints all variables."""
        if (error := sys.exception()) is not None:
            write_down(self.engine, "the console", error).join(1.0)
        self.panic(Text(safe_text(traceback.format_exc())))

    def on_mount(self) -> None:
        """Leave cleanly on SIGHUP: ignoring it would spin, dying would leave files behind."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGHUP, signal.SIGTERM):
            loop.add_signal_handler(number, self.exit)
        if not self.is_headless:
            loop.add_signal_handler(signal.SIGTSTP, self._stop_from_outside)
        self.set_interval(1.0, self._leave_at_the_end_of_input)

    def faulted(self, name: str, error: BaseException) -> None:
        """Report an exception in a thread that goes on."""
        if isinstance(self.screen, ConsoleScreen):
            loops = self.screen.loops
            loops.fault(name, error)
            self.set_timer(loops.calm_s, partial(loops.calm, name))

    def unanswered(self) -> None:
        """Say once that the terminal does not answer status requests."""
        if isinstance(self.screen, ConsoleScreen):
            self.screen.news.tell_once(_UNANSWERED)

    def _stop_from_outside(self) -> None:
        """Stop as the key does, whatever is open; in a restricted console that leads to a shell."""
        if not self.engine.is_restricted and (reason := self.stop()):
            self.bell()
            if isinstance(self.screen, ConsoleScreen):
                self.screen.news.tell(reason, "bad")

    def _leave_at_the_end_of_input(self) -> None:
        """Leave when the terminal is gone and no signal told us.

        A closed terminal reads as empty for ever. Also leave when the terminal belongs to another
        process for good, because the shell that started the console is gone.
        """
        if sys.__stdin__ is None:
            return
        terminal = select.poll()
        terminal.register(sys.__stdin__.fileno(), select.POLLHUP)
        if terminal.poll(0) or is_lost(sys.__stdin__.fileno()):
            self.exit()
