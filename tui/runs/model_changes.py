"""Changes the model or permission mode of a running agent, as operators ask."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import datetime
from typing import Any

from tui.core.errors import RunFailed
from tui.core.permission_modes import ASKING_MODES
from tui.runs.agent.client import AgentClient
from tui.runs.folder.command import Command
from tui.runs.folder.protocol import RunSpec
from tui.runs.journal.run_journal import Journal

_BYPASS = "bypassPermissions"
_SETTLE_S = 10.0


class ModelChanges:
    """Makes the requested changes in order, once the agent is there, and records them as events.

    The run was started in the permission mode of `spec`.
    """

    def __init__(self, agent: AgentClient, journal: Journal, spec: RunSpec) -> None:
        self._agent, self._journal = agent, journal
        self._now = self._mode = str(spec.agent.get("permission_mode") or "")
        self._given_mode = str(spec.stage_gives.get("permission_mode") or "")
        self._operator = spec.operator
        self._decides_itself = spec.decides_itself
        self._waiting: deque[Command] = deque()
        self._making = asyncio.Lock()
        self._settling: asyncio.Future[None] | None = None

    @property
    def is_asking(self) -> bool:
        """Whether the agent does no more without asking than the settings allow its stage.

        From this process's memory, since others can write to the run folder.
        """
        return not self._decides_itself and self._now in (*ASKING_MODES, self._given_mode)

    def begun(self, mode: str) -> None:
        """Note the permission mode that the CLI reports."""
        self._now = mode or self._now

    def add(self, command: Command) -> None:
        """Queue a change."""
        self._waiting.append(command)

    async def change(self, name: str, at: datetime) -> None:
        """Go on with that model now; raises `RunFailed` with what the CLI has against it."""
        command = Command("model", at=at, by=self._operator, text=name)
        async with self._making:
            if (refusal := await self._make(command)) is not None:
                raise refusal

    async def make(self) -> None:
        """Make the queued changes; a refused one is recorded, and does not fail the run."""
        async with self._making:
            while self._waiting:
                await self._make(self._waiting.popleft())

    async def settle(self) -> None:
        """Wait until the queued changes are made, 10 s at most: the CLI may not answer."""
        if self._waiting or self._making.locked():
            self._settling = asyncio.ensure_future(self.make())
            await asyncio.wait({self._settling}, timeout=_SETTLE_S)

    async def _make(self, command: Command) -> RunFailed | None:
        """Make one change; return why it was refused."""
        name = "model" if command.kind == "model" else "permission_mode"
        try:
            await self._alter(command)
        except RunFailed as error:
            words = f"{command.kind} {command.text}: {error}"
            self._journal.event("notice", kind="refused", words=words, by=command.by)
            return error
        changed: dict[str, Any] = {name: command.text}
        self._journal.event("changed", by=command.by, **changed)
        return None

    async def _alter(self, command: Command) -> None:
        """Make one change; write access to the inbox alone must not allow everything."""
        if command.kind == "model":
            await self._agent.change_model(command.text)
        elif command.text == _BYPASS and self._mode != _BYPASS:
            raise RunFailed("only the settings can allow that, before the run starts")
        else:
            # Before it is asked for: a prompt that may come in between must not pass.
            before, self._now = self._now, command.text
            try:
                await self._agent.change_mode(command.text)
            except RunFailed:
                self._now = before
                raise
