"""Which event loop may run what a pipeline awaits, and where none may run."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tui.core.errors import UsageError

_ASYNCIO_ONLY = (
    "SessionManager works with asyncio only, and no loop of it runs here: use `asyncio.run`, or "
    "anyio with its asyncio backend; Trio cannot run it"
)


def require_asyncio() -> None:
    """Raise `UsageError` where no asyncio event loop runs, as under Trio."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        raise UsageError(_ASYNCIO_ONLY) from None


def require_no_loop() -> None:
    """Raise `UsageError` where an event loop runs: nothing in it may block.

    Within Trio no loop of asyncio can run, either: what it awaits would take itself to be Trio's.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        if _is_of_another():
            raise UsageError(_ASYNCIO_ONLY) from None
        return
    raise UsageError(
        "run() waits for the agent, and would hold up the event loop that runs here: iterate over "
        "`query`, or hold a `session`"
    )


def is_being_cancelled() -> bool:
    """Whether somebody has cancelled the task that runs here.

    A `CancelledError` without that is a fault of the code that raises it, such as one that awaits
    a task which it has cancelled.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def is_fault(raised: BaseException) -> bool:
    """Whether what code of a pipeline's own has raised is a fault of that code.

    All is, as `pytest.fail` raises it, too, but for what is to end the task or the process.
    """
    if isinstance(raised, asyncio.CancelledError):
        return not is_being_cancelled()
    if isinstance(raised, GeneratorExit):
        return _runs_in_a_task()  # else it ends what a loop has left behind
    return not isinstance(raised, SystemExit | KeyboardInterrupt)


@contextmanager
def as_exceptions() -> Iterator[None]:
    """Raise faults of code of a pipeline's own as `Exception`s, in a task that is the SDK's.

    It would take another for its own task's end, and hear or answer the CLI no more.
    """
    try:
        yield
    except BaseException as fault:
        if isinstance(fault, Exception) or not is_fault(fault):
            raise
        raise RuntimeError(f"it raised {type(fault).__name__}") from fault


def _runs_in_a_task() -> bool:
    try:
        return asyncio.current_task() is not None
    except RuntimeError:
        return False


def _is_of_another() -> bool:
    """Whether this code runs in an event loop that is not asyncio's, such as Trio's.

    Those tell sniffio, which they bring: it is not imported for that.
    """
    sniffio = sys.modules.get("sniffio")
    if sniffio is None:
        return False
    try:
        return bool(sniffio.current_async_library() != "asyncio")
    except sniffio.AsyncLibraryNotFoundError:
        return False
