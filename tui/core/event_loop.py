"""Which event loop may run what a pipeline awaits, and where none may run."""

from __future__ import annotations

import asyncio

from tui.core.errors import UsageError


def require_asyncio() -> None:
    """Raise `UsageError` where no asyncio event loop runs, as under Trio."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        raise UsageError(
            "SessionManager works with asyncio only, and no loop of it runs here: use "
            "`asyncio.run`, or anyio with its asyncio backend; Trio cannot run it"
        ) from None


def require_no_loop() -> None:
    """Raise `UsageError` where an asyncio event loop runs: nothing in it may block."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise UsageError(
        "run() waits for the agent, and would hold up the event loop that runs here: iterate over "
        "`query`, or hold a `session`"
    )
