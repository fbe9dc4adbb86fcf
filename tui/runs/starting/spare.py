"""A runner that is started ahead, while an operator types the prompt of a run."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from tui.runs.starting.command_line import fits, room
from tui.runs.starting.order import Order, channel, is_there, send_order
from tui.runs.starting.process import spawn, surroundings
from tui.runs.starting.program_stamp import program_stamp
from tui.safe_io.fork_safe import fork_safe_lock

LIFE_S = 900.0  # of one that nobody needs
_ANSWERS_WITHIN_S = 2.0  # it may still be importing, which a new one would have before it


class AheadRunner(NamedTuple):
    """A runner without a run, and what it was started from. It leaves once its `end` is closed."""

    pid: int
    end: socket.socket
    program: object
    inherited: object

    @classmethod
    def started(cls, life_s: float) -> AheadRunner:
        """Start one; raises as `spawn` does."""
        program, inherited = program_stamp(), surroundings()
        ours, its = channel()
        with its:
            try:
                pid = spawn(room(), its, life_s, subprocess.DEVNULL)
            except BaseException:
                ours.close()
                raise
        return cls(pid, ours, program, inherited)

    def takes(self, order: Order, lock_fd: int, log_fd: int) -> bool:
        """Hand it an order; false if it does not get it and a new runner is needed.

        That is if it has ended or does not answer, or if a new one would not be like it. It leaves
        without the order then, also if it answers later.
        """
        with self.end, suppress(OSError):
            if self._can_take(order):
                send_order(self.end, order, lock_fd, log_fd)
                return True
        return False

    def _can_take(self, order: Order) -> bool:
        is_ready = fits(Path(order.folder)) and is_there(self.end, _ANSWERS_WITHIN_S)
        # Only what it has read by now counts: it is asked for first.
        return is_ready and self.program == program_stamp() and self.inherited == surroundings()


class SpareRunner:
    """At most one runner that was started ahead: there while it is `expected`, until taken."""

    def __init__(self) -> None:
        self._lock = fork_safe_lock()
        self._expected = 0
        self.runner: AheadRunner | None = None

    @contextmanager
    def expected(self) -> Iterator[None]:
        """Have one started, by a thread; one that was not taken leaves at the end."""
        with self._lock:
            self._expected += 1
            is_first = self._expected == 1
        if is_first:
            threading.Thread(target=self._start, name="spare", daemon=True).start()
        try:
            yield
        finally:
            with self._lock:
                self._expected -= 1
                left = self.runner if not self._expected else None
                self.runner = None if left is not None else self.runner
            if left is not None:
                left.end.close()

    def take(self) -> AheadRunner | None:
        """Return the runner, which is the caller's from now on; `None` if there is none."""
        with self._lock:
            runner, self.runner = self.runner, None
        return runner

    def _start(self) -> None:
        with suppress(OSError, ValueError, subprocess.SubprocessError):  # then there is none
            runner = AheadRunner.started(LIFE_S)
            with self._lock:
                is_wanted = bool(self._expected) and self.runner is None
                if is_wanted:
                    self.runner = runner
            if not is_wanted:
                runner.end.close()
