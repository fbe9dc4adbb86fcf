"""Threads for blocking work. Leaving the console does not wait for them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


async def in_background(work: Callable[[], T]) -> T:
    """Return what `work` returns, run in a daemon thread.

    `asyncio.to_thread` would make the interpreter wait for its threads at exit.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def tell(settle: Callable[[Any], None], value: Any) -> None:
        def told() -> None:
            if not done.done():
                settle(value)

        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(told)

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # whatever it is, it belongs to whoever waits
            tell(done.set_exception, _told(error))
        else:
            tell(done.set_result, result)

    detached(run)
    return await done


def detached(work: Callable[[], object]) -> threading.Thread:
    """Start `work` in a daemon thread, and return the thread."""
    thread = threading.Thread(target=work, name="background", daemon=True)
    thread.start()
    return thread


def _told(error: BaseException) -> BaseException:
    """Return an exception that a future accepts: not `StopIteration`, and not a cancellation."""
    if not isinstance(error, StopIteration | asyncio.CancelledError | GeneratorExit):
        return error
    told = RuntimeError(f"{type(error).__name__}: {error}")
    told.__cause__ = error
    return told
