"""Textual's terminal driver, with a keyboard reader that no input can break."""

from __future__ import annotations

import array
import errno
import fcntl
import os
import select
import signal
import termios
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from textual import constants, events
from textual.drivers.linux_driver import (
    KITTY_DISAMBIGUATE_ESCAPE_CODES,
    KITTY_REPORT_ALL_KEYS,
    KITTY_REPORT_ASSOCIATED_TEXT,
    LinuxDriver,
)
from textual.message import Message

from tui.core.limits import HIGHEST, WIDEST
from tui.core.text.late_pattern import late_pattern
from tui.ui.terminal.cells import SCROLL_WHOLE
from tui.ui.terminal.clipboard import through_screen
from tui.ui.terminal.delivery import DeliveryTracker
from tui.ui.terminal.key_sequences import CursorReport, parsed, read_sequence
from tui.ui.terminal.keyboard import Keyboard

_LOOKS_UP, _LOOKS_UP_AT_REST = 0.1, 10.0  # the second only in case that nothing wakes it
_KITTY = KITTY_DISAMBIGUATE_ESCAPE_CODES | KITTY_REPORT_ALL_KEYS | KITTY_REPORT_ASSOCIATED_TEXT
_AGAIN_S = 0.5  # after a fault
_BY_HAND = 8  # bytes: so few are read one by one
_LEAST_ANSWER = 6  # bytes
_COPY = "\x1b]52;"
_OLD = ("linux", "vt", "ansi", "cons")
_QUESTION = late_pattern(r"\x1b(?:\[[<>]\d*u|\[\?\d+\$p|\]22;.*\x07)\Z")
_SIZES_IN_BAND = "\x1b[?2048$p"  # signals do; and any text could claim a size of 99999 columns


def clamped(width: int, height: int) -> tuple[int, int]:
    """Return how many cells are drawn of a terminal that reports this many."""
    return min(width, WIDEST), min(height, HIGHEST)


class TerminalFile:
    """The terminal as a file that never raises: what it does not take is dropped.

    `delivery` counts what it took; `took` is called each time it took more.
    """

    def __init__(
        self,
        file: Any,
        failed: Callable[[BaseException], None],
        delivery: DeliveryTracker,
        took: Callable[[], object],
    ) -> None:
        self._file = file
        self._failed = failed
        self._delivery = delivery
        self._took = took

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, text: str) -> None:
        """Write as much as possible; a terminal that went away is no error."""
        self._tried(self._file.write, text)
        self._delivery.written += 1

    def flush(self) -> None:
        """Flush if possible."""
        if self._tried(self._file.flush):
            self._delivery.taken = self._delivery.written
            self._tried(self._took)

    def _tried(self, work: Callable[..., object], *words: str) -> bool:
        """Do it; return whether it worked."""
        try:
            work(*words)
            return True
        except Exception as error:  # a frame that is lost is painted again; a dead writer is not
            is_gone = isinstance(error, OSError) and error.errno in (errno.EIO, errno.EBADF)
            self._delivery.fail()
            if not is_gone:
                self._failed(error)
        return False


class LeavingEvent(threading.Event):
    """An event that `select` can wait for beside the keyboard."""

    def __init__(self) -> None:
        super().__init__()
        self._fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        weakref.finalize(self, os.close, self._fd)

    def fileno(self) -> int:
        """Return what is readable while the event is set."""
        return self._fd

    def set(self) -> None:
        """Set the event, and wake who waits for it."""
        super().set()
        os.eventfd_write(self._fd, 1)

    def clear(self) -> None:
        """Unset the event."""
        super().clear()
        with suppress(BlockingIOError):
            os.eventfd_read(self._fd)


class ConsoleDriver(LinuxDriver):
    """Reads keys with `Keyboard`; the end of input ends the reading only.

    It sends no query that old Linux consoles would print. What is typed behind one of
    `suspending_keys` is left unread, for the shell.
    """

    @property
    def suspending_keys(self) -> frozenset[str]:
        """The keys that may suspend the console, by Textual's names."""
        return frozenset()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # Textual's own handlers would resume beside whoever suspended: two threads would read.
        for number in (signal.SIGTSTP, signal.SIGCONT):
            signal.signal(number, signal.SIG_DFL)
        self.exit_event: LeavingEvent = LeavingEvent()
        self.delivery = DeliveryTracker()
        whole: Any = TerminalFile(
            self._file, lambda error: self._told("drawing", error), self.delivery, self.took
        )
        self._file = whole
        self._is_leaving_keys = False
        self._attributes: list[Any] | None = None

    def write(self, data: str) -> None:
        """Send `data`: wrap clipboard sequences for GNU screen, drop unsupported queries."""
        if data.startswith(_COPY) and os.environ.get("STY") and not os.environ.get("TMUX"):
            data = through_screen(data)
        is_old = os.environ.get("TERM", "").startswith(_OLD)
        if not (_QUESTION.match(data) if is_old else data == _SIZES_IN_BAND):
            self.delivery.given += 1
            super().write(data)

    def took(self) -> None:
        """Hear, in the writing or reading thread, that the terminal took more."""

    def ask(self) -> None:
        """Request the cursor position, unless a reply is outstanding."""
        now = time.monotonic()
        if not (self.exit_event.is_set() or self.delivery.is_awaited(now)):
            self.write(self.delivery.ask(*self._get_terminal_size(), now))

    def _get_terminal_size(self) -> tuple[int, int]:
        """Return how many cells are drawn: the whole terminal, within reason."""
        return clamped(*super()._get_terminal_size())

    def suspend_application_mode(self) -> None:
        """Give the terminal to the shell, with what was typed for it."""
        self._is_leaving_keys = True
        try:
            super().suspend_application_mode()
        finally:
            self._is_leaving_keys = False

    def disable_input(self) -> None:
        """Stop reading, and drop unread input and replies that the shell would take for typing."""
        if self.exit_event.is_set():
            return
        signal.signal(signal.SIGWINCH, signal.SIG_DFL)
        self._disable_mouse_support()
        self.exit_event.set()
        if self._key_thread is not None:
            self._key_thread.join()
        with suppress(OSError):  # a terminal that went away
            self._await_answer()
        self.exit_event.clear()
        if not self._is_leaving_keys:
            with suppress(termios.error):
                termios.tcflush(self.fileno, termios.TCIFLUSH)

    def _await_answer(self) -> None:
        """Wait for the outstanding reply, so that no shell reads it; take no typed key with it.

        Input that is there at once, or is shorter than a reply, was typed ahead for the shell.
        """
        now, came = time.monotonic(), b""
        until = now + self.delivery.patience(now)
        if self._is_leaving_keys and self._waiting_bytes():
            return
        while self.delivery.is_awaited(now) and now < until:
            if select.select([self.fileno], [], [], until - now)[0]:
                is_key = not came and self._waiting_bytes() < _LEAST_ANSWER
                if (self._is_leaving_keys and is_key) or not (byte := os.read(self.fileno, 1)):
                    return
                came += byte
            now = time.monotonic()
            for made in read_sequence(came[came.rfind(b"\x1b") :].decode("ascii", "ignore")):
                if isinstance(made, CursorReport):
                    self.delivery.answer(made.cell, now)

    def take_back(self) -> None:
        """Set the terminal modes again, whatever another process made of them."""
        if self._attributes is not None:
            with suppress(termios.error):
                termios.tcsetattr(self.fileno, termios.TCSANOW, self._attributes)
        self.write(f"{SCROLL_WHOLE}\x1b[?1049h\x1b[?25l\x1b[?1004h\x1b[?2004h\x1b[?7l")
        if not constants.DISABLE_KITTY_KEY:
            self.write(f"\x1b[={_KITTY};1u")
        self._enable_mouse_support()
        self.flush()

    def start_application_mode(self) -> None:
        """Take the terminal, and remember its modes."""
        super().start_application_mode()  # type: ignore[no-untyped-call]
        self.delivery.begin_again()
        if self._attributes is None:
            self.ask()  # the sooner it is known whether this terminal answers
        with suppress(termios.error):
            self._attributes = termios.tcgetattr(self.fileno)

    def stop_application_mode(self) -> None:
        """Give the terminal back, also where a picture was cut off in the middle."""
        self.write(SCROLL_WHOLE)
        super().stop_application_mode()

    def faulted(self, name: str, error: BaseException) -> None:
        """Report an exception in a thread of this driver, which goes on."""

    def run_input_thread(self) -> None:
        """Read until the console leaves, in a thread of its own; no exception ends that."""
        while not self.exit_event.is_set():
            try:
                self._read_keys()
                return
            except Exception as error:  # without keys nobody could even leave
                self._told("reading keys", error)
                self.exit_event.wait(_AGAIN_S)

    def _told(self, name: str, error: BaseException) -> None:
        """Report an exception; failing to report it does not end the thread either."""
        with suppress(Exception):
            self.faulted(name, error)

    def _read_keys(self) -> None:
        keyboard = Keyboard(constants.ESCAPE_DELAY, has_mouse=self._mouse)
        while not self.exit_event.is_set():
            patience = _LOOKS_UP if keyboard.is_waiting else _LOOKS_UP_AT_REST
            ready = select.select([self.fileno, self.exit_event], [], [], patience)[0]
            is_there = self.fileno in ready
            if is_there and not (data := self._read(keyboard)):
                if self._is_gone():
                    return
                self.exit_event.wait(_LOOKS_UP)  # somebody may have set it to wait for nothing
                continue
            now = time.monotonic()
            for message in keyboard.feed(data, now) if is_there else keyboard.idle(now):
                if isinstance(message, CursorReport):
                    self.delivery.answer(message.cell, now)
                    self.took()
                else:
                    self.process_message(message)
                if self._suspends(message):
                    self._wait_until_taken()

    def _is_gone(self) -> bool:
        terminal = select.poll()
        terminal.register(self.fileno, select.POLLHUP)
        return bool(terminal.poll(0))

    def _read(self, keyboard: Keyboard) -> bytes:
        """Return the bytes that arrived; typed input only up to a key that may suspend."""
        data = b""
        with suppress(OSError):  # a terminal that went away
            data = os.read(self.fileno, 1)
            if keyboard.is_pasting or self._waiting_bytes() >= _BY_HAND:
                is_alone = self._is_suspending(data) and not keyboard.is_pasting
                return data if is_alone else data + os.read(self.fileno, 4095)
            while data and not self._is_suspending(data[-1:]) and self._waiting_bytes():
                data += os.read(self.fileno, 1)
        return data

    def _waiting_bytes(self) -> int:
        count = array.array("i", [0])
        fcntl.ioctl(self.fileno, termios.FIONREAD, count)
        return count[0]

    def _is_suspending(self, byte: bytes) -> bool:
        return any(self._suspends(key) for key in parsed(byte.decode("ascii", "ignore")))

    def _suspends(self, message: Message) -> bool:
        return isinstance(message, events.Key) and message.key in self.suspending_keys

    def _wait_until_taken(self) -> None:
        """Pause until the console has handled such a key; it may leave meanwhile."""
        is_taken = threading.Event()
        self.send_message(events.Callback(is_taken.set))  # behind the key, by the same way
        while not (self.exit_event.is_set() or is_taken.wait(_LOOKS_UP)):
            continue
