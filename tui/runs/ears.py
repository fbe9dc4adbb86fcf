"""Hears an agent also between its turns, when something else is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from typing import Any

from tui.runs.folder.agent_events import AgentMessage


class Ears:
    """What an agent says, one message after another; `close` it in the task that hears it."""

    def __init__(self, said: AsyncIterator[AgentMessage]) -> None:
        self._said = said
        self._next: asyncio.Task[AgentMessage | None] | None = None
        self.is_over = False

    def __aiter__(self) -> Ears:
        return self

    async def __anext__(self) -> AgentMessage:
        """Wait for what is said next; a cancellation ends the wait, and never what is heard."""
        self._next = self._next or asyncio.create_task(self._said_next())
        await asyncio.wait({self._next})
        said, self._next = self._next, None
        if (one := said.result()) is None:
            raise StopAsyncIteration
        return one

    async def until(self, other: Coroutine[Any, Any, None]) -> AsyncGenerator[AgentMessage, None]:
        """Yield what is said until `other` is done, or the agent has ended."""
        waiting = asyncio.create_task(other)
        try:
            while not waiting.done() and not self.is_over:
                self._next = self._next or asyncio.create_task(self._said_next())
                await asyncio.wait({waiting, self._next}, return_when=asyncio.FIRST_COMPLETED)
                if self._next.done() and (one := await anext(self, None)) is not None:
                    yield one
        finally:
            waiting.cancel()

    async def close(self) -> None:
        """Stop listening."""
        if self._next is not None:
            self._next.cancel()
            await asyncio.wait({self._next})

    async def _said_next(self) -> AgentMessage | None:
        one = await anext(self._said, None)
        self.is_over = one is None
        return one
