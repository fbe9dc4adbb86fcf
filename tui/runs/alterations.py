"""Another model or permission mode for an agent at work, as operators ask for it."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from tui.core.errors import RunFailed
from tui.runs.agent import Agent
from tui.runs.command import Command
from tui.runs.journal import Journal

_BYPASS = "bypassPermissions"


class Alterations:
    """What was asked for, made in its order once the agent is there; told in the run's events.

    `mode` is the permission mode that the run was started with.
    """

    def __init__(self, agent: Agent, journal: Journal, mode: str) -> None:
        self._agent, self._journal, self._mode = agent, journal, mode
        self._waiting: deque[Command] = deque()
        self._making = asyncio.Lock()

    def add(self, command: Command) -> None:
        """Make this too, next time."""
        self._waiting.append(command)

    async def make(self) -> None:
        """Make what waits; what is refused is told, and no failure of the run."""
        async with self._making:
            while self._waiting:
                await self._make(self._waiting.popleft())

    async def _make(self, command: Command) -> None:
        name = "model" if command.kind == "model" else "permission_mode"
        try:
            await self._alter(command)
        except RunFailed as error:
            words = f"{command.kind} {command.text}: {error}"
            self._journal.event("notice", kind="refused", words=words, by=command.by)
        else:
            changed: dict[str, Any] = {name: command.text}
            self._journal.event("changed", by=command.by, **changed)

    async def _alter(self, command: Command) -> None:
        """Alter it; whoever can write to the inbox does not thereby allow everything."""
        if command.kind == "model":
            await self._agent.change_model(command.text)
        elif command.text == _BYPASS and self._mode != _BYPASS:
            raise RunFailed("only the settings can allow that, before the run starts")
        else:
            await self._agent.change_mode(command.text)
