"""Detects an agent that hears nothing from the API; a stall is shown, the run is not ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tui.runs.folder.agent_events import Happening, StreamChunks, ToolReturned, TurnEnded
from tui.runs.journal.run_journal import Journal


class StallDetector:
    """Records in the run's events when nothing was heard for `limit_s`, and when that ends.

    Waiting on a tool or an operator isn't a stall. `seconds` is a monotonic clock.
    """

    def __init__(self, journal: Journal, limit_s: float, seconds: Callable[[], float]) -> None:
        self._journal, self._limit_s, self._seconds = journal, limit_s, seconds
        self._since: float | None = None
        self._is_told = self._has_tools_out = False

    def begin(self) -> None:
        """Start: a turn begins."""
        self._has_tools_out = False
        self._since = self._seconds()

    def end(self) -> None:
        """Stop: the turn is over."""
        self._move()
        self._since = None

    def heard(self, happening: Happening | None) -> None:
        """Note a message of the agent."""
        if isinstance(happening, TurnEnded):
            self.end()
        elif self._since is not None:
            self._has_tools_out = self._has_tools(happening)
            self._since = self._seconds()
            self._move()

    def look(self, *, is_waiting: bool) -> None:
        """Record a stall once it has lasted; `is_waiting`: an operator is asked for permission."""
        if self._since is None:
            return
        if is_waiting or self._has_tools_out:
            self._since = self._seconds()
            return
        still = self._seconds() - self._since
        if still >= self._limit_s and not self._is_told:
            self._is_told = True
            self._journal.event("stalled", quiet_s=round(still, 1))

    def _move(self) -> None:
        if self._is_told:
            self._is_told = False
            self._journal.event("moving")

    def _has_tools(self, happening: Happening | None) -> bool:
        if isinstance(happening, ToolReturned):
            return False
        has_tools = self._has_tools_out
        for event in happening.events if isinstance(happening, StreamChunks) else ():
            has_tools = _calls_tools(event, has_tools)
        return has_tools


def _calls_tools(event: Mapping[str, Any], before: bool) -> bool:
    """Whether tools are out, once a message has ended so; the next message begins without."""
    match event.get("type"):
        case "message_start":
            return False
        case "message_delta":
            delta = event.get("delta")
            return isinstance(delta, dict) and delta.get("stop_reason") == "tool_use"
    return before
