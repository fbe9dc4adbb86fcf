"""The calls of tools as the agent itself made them: the CLI may ask for something else.

It asks for `ExitPlanMode` without the plan that the call has, or with that of a file, and names
files by other paths.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from tui.core.agent_questions import plan_in
from tui.core.limits import MOST_CALLS
from tui.runs.folder.agent_events import PermissionAnswer, PermissionAsk

# The message comes before the question, but a pipeline may be slow to take its messages.
_HEARD_WITHIN_S = 5.0


class ToolCalls:
    """Remembers each call that was heard until its result is."""

    def __init__(self) -> None:
        self._made: dict[str, Mapping[str, Any]] = {}
        self._heard = asyncio.Event()

    def hear(self, message: Any) -> None:
        """Take note of what a message of the SDK calls, and of what comes back."""
        content = getattr(message, "content", None)
        for block in content if isinstance(content, list) else ():
            if hasattr(block, "tool_use_id"):
                self._made.pop(block.tool_use_id, None)
            elif hasattr(block, "name") and isinstance(block.input, dict):
                self._made[block.id] = block.input
        while len(self._made) > MOST_CALLS:
            del self._made[next(iter(self._made))]
        self._heard.set()

    async def made(self, call_id: str | None) -> Mapping[str, Any] | None:
        """Return the input of a call as the agent wrote it; `None` when it was not heard."""
        try:
            async with asyncio.timeout(_HEARD_WITHIN_S):
                while call_id and call_id not in self._made:
                    self._heard.clear()
                    await self._heard.wait()
        except TimeoutError:
            return None
        return self._made.get(call_id or "")


def granted_input(ask: PermissionAsk, answer: PermissionAnswer) -> dict[str, Any] | None:
    """Return what the CLI is to go on with instead of its own input; `None` for that itself.

    Without a plan that differs from its own, it would take whatever is in the file of the plan by
    then, which nobody saw.
    """
    if answer.answers:
        return {**ask.input, "answers": dict(answer.answers)}
    if plan := plan_in(ask.tool, ask.input):
        return {**ask.input, "plan": plan + "\n"}
    if plan := plan_in(ask.tool, ask.call or {}):
        return {**ask.input, "plan": plan}
    return None
