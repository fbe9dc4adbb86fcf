"""Keeps background loops running: an exception is shown, logged, and the loop restarted."""

from __future__ import annotations

import asyncio
import threading
import traceback
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any

from tui.core.text.safe_text import one_line
from tui.ui.engine.engine import Engine
from tui.ui.threads import detached

Loop = Callable[[], Coroutine[Any, Any, None]]
AGAIN_S = 5.0  # a loop that failed begins again
CALM_S = 15.0  # after this long without a fault it is no longer reported


class BackgroundLoops:
    """Runs loops for ever; `troubles` are those that failed recently, and why."""

    def __init__(self, engine: Engine, show: Callable[[], None]) -> None:
        self._engine = engine
        self._show = show
        self.troubles: dict[str, str] = {}
        self.again_s, self.calm_s = AGAIN_S, CALM_S

    @property
    def trouble(self) -> str:
        """The loop that failed and why; empty when all run."""
        return next(iter(self.troubles.values()), "")

    async def keep(self, name: str, loop: Loop) -> None:
        """Run a loop, and restart it after a pause when it raises."""
        while True:
            task = asyncio.ensure_future(loop())
            try:
                await asyncio.wait({task}, timeout=self.calm_s)
                if not task.done():
                    self.calm(name)
                await task
                return
            except asyncio.CancelledError as error:
                if not task.cancelled() or _is_meant():
                    task.cancel()
                    raise
                self.fault(name, error)  # it was cancelled from within
            except Exception as error:  # whatever it is, the console must not go on without it
                self.fault(name, error)
            await asyncio.sleep(self.again_s)

    def guard(self, name: str, work: Callable[[], None]) -> None:
        """Do the work of each second; an exception ends neither the clock nor the console."""
        try:
            work()
        except Exception as error:  # as above
            self.fault(name, error)
        else:
            self.calm(name)

    def fault(self, name: str, error: BaseException) -> None:
        """Show an exception in the top line, and log its traceback."""
        words = one_line(f"{type(error).__name__}: {error}")[:120]
        self.troubles[name] = f"{name} failed and was restarted: {words}"
        write_down(self._engine, name, error)
        with suppress(Exception):  # it may be the showing that failed
            self._show()

    def calm(self, name: str) -> None:
        """Note that a loop runs well again."""
        if self.troubles.pop(name, None) is not None:
            with suppress(Exception):  # as above
                self._show()


def _is_meant() -> bool:
    """Whether it is this very task that is being cancelled."""
    own = asyncio.current_task()
    return own is not None and own.cancelling() > 0


def write_down(engine: Engine, where: str, error: BaseException) -> threading.Thread:
    """Log an exception in a thread of its own: the disk may be what failed."""
    trace = "".join(traceback.format_exception(error))
    return detached(partial(_write, engine, where, trace))


def _write(engine: Engine, where: str, trace: str) -> None:
    with suppress(Exception):  # a log that cannot be written is no second fault
        engine.note_fault(where, trace)
