"""Loops in threads that go on whatever happens: a failure is told, and tried again later."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable

from tui.core.errors import ConsoleError
from tui.fleet.store.connection import FleetAway, FleetBusy

_AWAY_S, _FAILED_S = 1.0, 5.0
_LOOK_S = 0.5  # whether a signal came

Say = Callable[[str], None]


class Loops:
    """Runs several loops until one of them ends for good, or they are told to stop."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self.failure: ConsoleError | None = None

    @property
    def is_stopping(self) -> bool:
        """Whether they are to end."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Let all of them end after what they do now."""
        self._stop.set()

    def add(self, name: str, act: Callable[[], object], pause_s: float) -> None:
        """Call `act` again and again, with a pause in between; a `ConsoleError` ends all loops.

        But one that only says that the database is away, or busy.
        """
        thread = threading.Thread(
            target=self._run, args=(name, act, pause_s), name=name, daemon=True
        )
        self._threads.append(thread)
        thread.start()

    def wait(self, at_most_s: float) -> None:
        """Wait for their end, and then a while for what they still do; raises what ended them."""
        while not self._stop.wait(_LOOK_S):  # a signal that another thread got wakes nobody
            pass
        for one in self._threads:
            one.join(at_most_s)
        if self.failure is not None:
            raise self.failure

    def _run(self, name: str, act: Callable[[], object], pause_s: float) -> None:
        is_away = False
        while not self._stop.is_set():
            rest_s = pause_s
            try:
                act()
                if is_away:
                    self._say(f"{name}: the database is there again")
                is_away = False
            except FleetBusy:
                pass
            except FleetAway as error:
                if not is_away:
                    self._say(f"{name}: {error}; everything here goes on without it")
                is_away, rest_s = True, _AWAY_S
            except ConsoleError as error:
                self.failure = error
                self._stop.set()
            except Exception:
                self._say(
                    f"{name} failed, and goes on in {_FAILED_S:g} s:\n{traceback.format_exc()}"
                )
                rest_s = _FAILED_S
            self._stop.wait(rest_s)
