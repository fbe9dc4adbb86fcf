"""How an operator leaves a question, or work that is waited for."""

from __future__ import annotations

import asyncio
from typing import Any

from tui.core.errors import ConsoleError


class Cancelled(ConsoleError):
    """The operator left the question; `line` is what was typed into it, where it asked for any."""

    line: str | None = None


class StoppedWaiting(Cancelled):
    """The operator stopped waiting."""


class LeftRunning(StoppedWaiting):
    """The operator stopped waiting for `work`, which goes on."""

    def __init__(self, words: str, work: asyncio.Future[Any]) -> None:
        super().__init__(words)
        self.work = work


def has_failed(work: asyncio.Future[Any]) -> bool:
    """Whether work that is over has done nothing."""
    return work.cancelled() or work.exception() is not None
