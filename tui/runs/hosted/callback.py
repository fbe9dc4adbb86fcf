"""Calls a pipeline's own `on_event`, whose faults and slowness must not harm a run."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from tui.core.event_loop import is_fault
from tui.core.run_events import OnEvent, RunEvent

logger = logging.getLogger("tui.runs")

_MOST_WAITING = 1000
_SETTLED_WITHIN_S = 5.0


class Guard:
    """Does what must not harm a run, and logs the first fault of it alone."""

    def __init__(self) -> None:
        self._has_told = False

    def do(self, act: Callable[..., Any], /, *given: Any, **named: Any) -> Any:
        """Return what `act` does; `None` if it raises."""
        try:
            return act(*given, **named)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as fault:  # nobody cancels us from in there
            self.tell(fault)
        return None

    def tell(self, fault: BaseException) -> None:
        """Log a fault, if it is the first."""
        if not self._has_told:
            self._has_told = True
            words = "A fault of what watches the runs; they go on, and no other is logged"
            logger.error(words, exc_info=fault)


class Callback:
    """The callback of one run: called in the event loop, in order.

    What it returns to be awaited is awaited in order, too, by a task of its own.
    """

    def __init__(self, on_event: OnEvent, guard: Guard) -> None:
        self._on_event, self._guard = on_event, guard
        self._waiting: deque[Awaitable[object]] = deque()
        self._task: asyncio.Task[None] | None = None

    def hear(self, event: RunEvent) -> None:
        """Call it."""
        told = self._guard.do(self._on_event, event)
        if not inspect.isawaitable(told):
            return
        if len(self._waiting) >= _MOST_WAITING:
            self._guard.tell(TimeoutError(f"{_MOST_WAITING} events wait for on_event to return"))
            _drop(told)
            return
        self._waiting.append(told)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._await(), name="on_event")

    async def _await(self) -> None:
        while self._waiting:
            try:
                await self._waiting.popleft()
            except BaseException as fault:
                if not is_fault(fault):
                    raise
                self._guard.tell(fault)

    async def settle(self) -> None:
        """Wait some seconds until all is awaited; drop the rest."""
        if self._task is None:
            return
        try:
            _, slow = await asyncio.wait({self._task}, timeout=_SETTLED_WITHIN_S)
            if slow:
                self._guard.tell(TimeoutError("on_event did not return before the run's end"))
        finally:
            self._task.cancel()
            while self._waiting:
                _drop(self._waiting.popleft())


def _drop(awaited: Awaitable[object]) -> None:
    """Drop what nobody will await, without Python's warning about that."""
    if inspect.iscoroutine(awaited):
        awaited.close()
