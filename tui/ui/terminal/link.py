"""Painting over the link to the terminal, which nothing waits for: no frame, and no exit."""

from __future__ import annotations

import asyncio
import signal
import sys
import termios
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from queue import Queue
from typing import Any, Protocol, Self

from rich.color import ColorSystem
from rich.console import RenderableType
from textual import events
from textual.app import App
from textual.geometry import Size
from textual.screen import Screen

from tui.ui.terminal import suspend
from tui.ui.terminal.delivery import DeliveryTracker
from tui.ui.terminal.driver import ConsoleDriver, clamped
from tui.ui.terminal.first_picture import FirstPicture
from tui.ui.terminal.frame import Frame, is_as_expected

_TRY_AGAIN_S = 0.05
_PATIENCE_S = 0.5
_LOOKS_AGAIN_S = 0.25
_ALTERNATE = "\x1b[?1049h"
_SYNC = ("\x1b[?2026h", "\x1b[?2026l")


class ShownTracker(Protocol):
    """A widget that must know when its picture has reached the terminal."""

    def painted(self) -> Callable[[], object] | None:
        """Return what to call once the present picture was shown; `None` when it was."""


class LinkDriver(ConsoleDriver):
    """A driver that knows when the terminal is behind, and does not wait for it at exit."""

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        first = app.first_picture if isinstance(app, LinkApp) else FirstPicture()
        self._picture = first if first.is_up else None

    @property
    def suspending_keys(self) -> frozenset[str]:
        return self._app.suspending_keys if isinstance(self._app, LinkApp) else frozenset()

    def faulted(self, name: str, error: BaseException) -> None:
        if isinstance(self._app, LinkApp):
            self._app.call_later(self._app.forget_shown)
            self._app.call_later(self._app.faulted, name, error)

    def took(self) -> None:
        if isinstance(self._app, LinkApp) and self._app.awaits_link:
            with suppress(RuntimeError):  # the console has left meanwhile
                self._app.call_later(self._app.take_note_of_shown)

    def start_application_mode(self) -> None:
        """Take the terminal; its modes before are those from before the first picture."""
        super().start_application_mode()
        if self._picture is not None:
            self.attrs_before = self._picture.take_over()
            self._picture = None

    def write(self, data: str) -> None:
        """Send `data`; the first picture is on the alternate screen already, and must stay."""
        if data == _ALTERNATE and self._picture is not None:
            data = self._picture.clearing
        super().write(data)

    @property
    def is_behind(self) -> bool:
        """Whether some output has not been taken yet."""
        queue = getattr(self._writer_thread, "_queue", None)
        if not isinstance(queue, Queue):
            return False
        queue.maxsize = 0  # the bell and a copied id are no frames, and must not wait either
        is_awaited = isinstance(self._app, LinkApp) and self._app.awaits_link
        return not queue.empty() or (is_awaited and not self.delivery.is_taken)

    def close(self) -> None:
        """Write what is left; drop what a stalled link does not take soon."""
        is_done = threading.Event()
        dropping = threading.Thread(target=_drop_unread, args=(is_done,), daemon=True)
        dropping.start()
        try:
            super().close()
        finally:
            is_done.set()


def _drop_unread(is_done: threading.Event) -> None:
    """Empty the terminal's output buffer when a write waits for room in it.

    The sequences that restore the terminal are written last, so they follow what is dropped.
    """
    terminal = sys.__stderr__.fileno() if sys.__stderr__ else -1
    while not is_done.wait(_PATIENCE_S):
        with suppress(termios.error):
            termios.tcflush(terminal, termios.TCOFLUSH)
            for begin_again in (termios.TCOOFF, termios.TCOON):  # or the writer sleeps on
                termios.tcflow(terminal, begin_again)


class LinkApp(App[str], inherit_bindings=False):
    """Paints only what differs, and nothing while the link is behind: the last picture wins.

    A picture of `watched` counts as shown once the terminal has taken the frame that it is part of.
    Typed input is handled in the order it came, each piece before the next. While the first picture
    is up nothing is painted until the console `is_live`, and what was typed before the first live
    frame was written is for `take_early`.
    """

    suspending_keys: frozenset[str] = frozenset()
    watched: Sequence[ShownTracker] = ()

    def __init__(
        self,
        *,
        paints_cells: bool,
        ansi_color: bool | None = None,
        first_picture: FirstPicture | None = None,
    ) -> None:
        self._frame = Frame() if paints_cells and is_as_expected() else None
        self.first_picture = first_picture or FirstPicture()
        self._is_early = self._is_held = self.first_picture.is_up
        self._live_at = 0.0
        if self._frame is None:
            self.first_picture.rows = ()
        self._is_waiting = False
        self._owes_all = False
        self._is_expected_to_go_on = False
        self._back_at = 0.0
        self._looks_again = False
        self._unshown: deque[tuple[int, Callable[[], object]]] = deque()
        self._typed: deque[events.Key | events.Paste] = deque()
        super().__init__(LinkDriver, ansi_color=ansi_color)

    @property
    def size(self) -> Size:
        """The cells that are drawn, also before the terminal was first asked."""
        return Size(*clamped(*super().size))

    def on_mount(self) -> None:
        """Repaint everything after another process had the terminal."""
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))
        if not self.is_headless:
            asyncio.get_running_loop().add_signal_handler(signal.SIGCONT, self._went_on)

    def faulted(self, name: str, error: BaseException) -> None:
        """Report an exception in a thread that goes on."""

    def forget_shown(self) -> None:
        """Repaint everything with the next frame: part of an earlier one was lost."""
        if self._frame is not None:
            self._frame.forget()

    def begin_again(self) -> None:
        """Repaint everything, and drop the outstanding request."""
        if isinstance(self._driver, LinkDriver):
            self._driver.delivery.wait_no_longer()
        self.refresh(layout=True)

    def stop(self) -> str:
        """Give the terminal back and stop until the shell brings the console to the foreground.

        Returns why that is impossible; empty when it was done.
        """
        driver = self._driver
        self.first_picture.rows = ()
        if not (reason := suspend.why_not()) and isinstance(driver, LinkDriver):
            self._is_expected_to_go_on = True
            with self.suspend():
                suspend.stop(driver.fileno)
                self._back_at = time.monotonic()
        return reason

    def _went_on(self) -> None:
        """Take the terminal back after a stop that could not be foreseen (SIGSTOP)."""
        self.first_picture.rows = ()
        was_expected, self._is_expected_to_go_on = self._is_expected_to_go_on, False
        if not was_expected and isinstance(self._driver, LinkDriver):
            suspend.wait_in_background(self._driver.fileno)
            self._driver.take_back()
            self.refresh(layout=True)

    async def on_event(self, event: events.Event) -> None:
        """Repaint everything after a resize; drop what was typed before a stop, or too early."""
        if isinstance(event, events.Resize):
            self._look_at_size(event.size)
            self.refresh(layout=True)
        if isinstance(event, events.MouseEvent) and self._came_early(event):
            return  # what is under the pointer is of the last picture
        if not isinstance(event, events.Key | events.Paste) or event.is_forwarded:
            await super().on_event(event)
        elif event.time >= self._back_at:
            self._typed.append(event)
            await self._hand_on()

    def _look_at_size(self, size: Size) -> None:
        """Stop counting on the first picture once the terminal has moved its cells."""
        rows = self.first_picture.rows
        if rows and (len(rows[0]), len(rows)) != size:
            self.first_picture.rows = ()

    @property
    def is_live(self) -> bool:
        """Whether there is something to show in place of the first picture."""
        return True

    def take_early(self, event: events.Key | events.Paste) -> bool:
        """Take what was typed at the first picture; return false for what acts all the same."""
        return False

    def began(self) -> None:
        """Hand on what `take_early` kept: the live picture was written."""

    def takes(self, event: events.Key | events.Paste) -> bool:
        """Handle typed input that is no key of a binding; return whether it was handled."""
        return False

    def type_first(self, keys: Iterable[events.Key]) -> None:
        """Handle keys before what was typed since, and as typed now."""
        for key in reversed(list(keys)):
            key.time = time.monotonic()
            self._typed.appendleft(key)
        self.call_later(self._hand_on)

    async def _hand_on(self) -> None:
        while self._typed:
            event = self._typed.popleft()
            is_early = self._came_early(event)
            if not (self.take_early if is_early else self.takes)(event):
                await super().on_event(event)
            if is_early and not self._is_early:  # it came through the queue too late
                self.began()

    def _came_early(self, event: events.Event) -> bool:
        """Whether whoever caused this saw the first picture."""
        return self._is_early or event.time < self._live_at

    def refresh(
        self, *, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:
        """Repaint every cell, whatever the terminal shows."""
        self.forget_shown()
        return super().refresh(repaint=repaint, layout=layout, recompose=recompose)

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """Take Textual's update, and paint it now or when the link has caught up."""
        if renderable is None or self._batch_count:
            super()._display(screen, renderable)
        elif self.is_headless:
            super()._display(screen, renderable)
            self._note_painted()
        elif self._is_taken(renderable):
            self._paint()
        elif self._is_behind():
            self._owes_all = True
            self._paint_later()
        else:
            self._is_held_back()
            super()._display(screen, renderable)
            whole = getattr(renderable, "region", None)
            self._owes_all = self._owes_all and (whole is None or whole.size != screen.size)
            self._note_painted()

    def _is_taken(self, renderable: RenderableType) -> bool:
        if self._frame is None:
            return False
        try:
            is_taken = self._frame.take(
                renderable, self.console._color_system or ColorSystem.TRUECOLOR
            )
            if not self._frame.is_whole:
                self.call_later(self.refresh)
        except Exception:  # whatever Textual has changed: it still paints well by itself
            self._step_aside()
            return False
        if not is_taken:
            self._frame.forget()
        return is_taken

    def _step_aside(self) -> None:
        self._frame = None
        self.call_later(self.refresh)

    def _is_held_back(self) -> bool:
        """Whether the first picture stays for now; the live one begins with its cells."""
        if self._is_held and self.is_live:
            self._is_held = False
            if self._frame is not None:
                self._frame.adopt(self.first_picture.rows)
        return self._is_held and bool(self.first_picture.rows)

    def _paint(self) -> None:
        self._is_waiting = False
        if self._is_held_back():
            return
        if self._is_behind():
            self._paint_later()
            return
        if self._owes_all:
            self._owes_all = self._frame is None  # until Textual has painted all of it
            self.refresh()
        if self._frame is not None and self._driver is not None:
            try:
                changes = self._frame.changes()
            except Exception:  # as above
                self._step_aside()
                return
            if changes:
                begin, end = _SYNC if self._sync_available else ("", "")
                self._driver.write(f"{begin}{changes}{end}")
            self.drawn(self._frame)
        self._note_painted()

    def drawn(self, frame: Frame) -> None:
        """Note that the terminal was sent this frame."""

    def repaint_nothing(self) -> None:
        """Mark the cells as painted already."""
        if self._frame is not None and not self.is_headless:
            self._paint()
        elif not self._is_behind():
            self._note_painted()

    @property
    def awaits_link(self) -> bool:
        """Whether something waits for the terminal to take a picture."""
        return bool(self._unshown)

    def _note_painted(self) -> None:
        """Remember what is part of the frame that was just sent."""
        if self._is_early and not self._is_held:
            self._is_early, self._live_at = False, time.monotonic()
            self.began()
        if self._owes_all:
            return
        painted = [done for one in self.watched if (done := one.painted()) is not None]
        if painted and isinstance(self._driver, LinkDriver):
            mark = self._driver.delivery.given
            self._unshown += [(mark, done) for done in painted]
            self.take_note_of_shown()
        elif self.is_headless:
            for done in painted:
                done()

    def take_note_of_shown(self) -> None:
        """Notify those whose picture has arrived, and request a position for the others."""
        driver = self._driver
        if not isinstance(driver, LinkDriver):
            return
        self._tell_shown(driver.delivery)
        if self._unshown:
            driver.ask()
            if driver.delivery.is_silent:
                self.unanswered()
            if not self._looks_again:
                self._looks_again = True
                self.set_timer(_LOOKS_AGAIN_S, self._look_again)

    def _tell_shown(self, delivery: DeliveryTracker) -> None:
        while self._unshown:
            mark, done = self._unshown[0]
            is_shown = delivery.has(mark)
            if not (is_shown or delivery.is_lost(mark)):
                return
            self._unshown.popleft()
            if is_shown:
                done()

    def _look_again(self) -> None:
        self._looks_again = False
        self.take_note_of_shown()

    def unanswered(self) -> None:
        """Say that the terminal does not answer status requests."""

    def _paint_later(self) -> None:
        if not self._is_waiting:
            self._is_waiting = True
            self.set_timer(_TRY_AGAIN_S, self._paint)

    def _is_behind(self) -> bool:
        return isinstance(self._driver, LinkDriver) and self._driver.is_behind
