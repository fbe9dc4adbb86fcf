"""Records permissions in the audit that were not answered by an operator just now."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from tui.runs.bookkeeping import Bookkeeper
from tui.runs.folder.agent_events import PermissionAnswer, PermissionAsk
from tui.runs.permissions import Permissions


class AuditedPermissions:
    """Asks for permission, and records what an `always` allowed or the timeout denied.

    Operators' answers are recorded by the console that posts them. No tool waits for a database.
    An answer reaches the agent after what was asked for before it: `settle` waits for that.
    """

    def __init__(
        self, permissions: Permissions, books: Bookkeeper, settle: Callable[[], Awaitable[None]]
    ) -> None:
        self._permissions, self._books, self._settle = permissions, books, settle
        self._writing: set[asyncio.Task[None]] = set()

    async def ask(self, ask: PermissionAsk) -> PermissionAnswer:
        """Return the answer to `ask`."""
        answer = await self._permissions.ask(ask)
        if answer.source != "operator":
            self._tell(self._books.decided(answer, ask.tool))
        await self._settle()
        return answer

    def _tell(self, written: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(written)
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)
