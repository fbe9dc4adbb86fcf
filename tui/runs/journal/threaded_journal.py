"""A journal that is written in a thread of its own: no disk holds up the loop of a pipeline."""

from __future__ import annotations

import atexit
import threading
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from tui.runs.journal.run_journal import SETTLES_WITHIN_S, Journal

_MOST_WAITING = 5_000  # of a disk that does not answer: events of minutes
_AT_EXIT_S = 2.0


class ThreadedJournal(Journal):
    """A journal whose writes return at once, and are done in order by a thread.

    Of several partial messages only the last is written. `settle` waits until all is written, or
    its time is up.
    """

    def __init__(self, folder: Path, clock: Callable[[], datetime]) -> None:
        super().__init__(folder, clock)
        self._acts: deque[Callable[[], None]] = deque()
        self._partial: Callable[[], None] | None = None
        self._has_partial = self._is_first = False
        self._changed = threading.Condition()
        self._is_at_work = False
        atexit.register(self.catch_up)

    def event(self, kind: str, /, **details: Any) -> None:
        """Append an event with the current time."""
        told = {"at": self._clock().isoformat()} | details
        self._later(partial(super().event, kind, **told))

    def partial(self, value: Mapping[str, Any] | None, *, is_first: bool = False) -> None:
        """Write the partial message as `Journal` does, unless there is a newer one by then."""
        if value is not None and not (is_first or self._partial_file.is_due):
            return
        with self._changed:
            if value is None and not self._has_partial:
                return
            self._has_partial = value is not None
            is_waiting = self._partial is not None
            self._is_first = is_first or (is_waiting and self._is_first)
            self._partial = partial(super().partial, value, is_first=self._is_first)
        if not is_waiting:
            self._later(self._write_partial)

    def owner(self, value: Mapping[str, Any]) -> None:
        """Record the run's processes."""
        self._later(partial(super().owner, value))

    def beat(self) -> None:
        """Show that the run lives, once what waits is written: so it beats as its disk does."""
        self._later(super().beat)

    def give_up_reserve(self) -> None:
        """Release the reserved disk space for the run's last events."""
        self._later(super().give_up_reserve)

    def drop_request(self, name: str) -> None:
        """Remove the file of a request that was answered."""
        self._later(partial(super().drop_request, name))

    def settle(self, within_s: float = SETTLES_WITHIN_S) -> bool:
        """Wait at most that long until all is written; whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._is_at_work, within_s)

    def catch_up(self) -> bool:
        """Try again to write what waits; whether all is written."""
        self._later(super().flush)
        return self.settle(_AT_EXIT_S) and not self.is_behind

    def close(self, within_s: float) -> bool:
        """Settle; whether all is written. The rest is tried again when the process exits."""
        is_written = self.settle(within_s) and not self.is_behind
        if is_written:
            atexit.unregister(self.catch_up)
        return is_written

    def _write_partial(self) -> None:
        with self._changed:
            write, self._partial = self._partial, None
        if write is not None:
            write()

    def _later(self, act: Callable[[], None]) -> None:
        with self._changed:
            if len(self._acts) >= _MOST_WAITING:
                self.troubles += 1
                return
            self._acts.append(act)
            if not self._is_at_work:
                self._is_at_work = True
                threading.Thread(target=self._work, name="pen", daemon=True).start()

    def _work(self) -> None:
        while True:
            with self._changed:
                if not self._acts:
                    self._is_at_work = False
                    self._changed.notify_all()
                    return
                act = self._acts.popleft()
            try:
                act()
            except Exception:  # no fault of one may keep the others from being written
                self.troubles += 1
