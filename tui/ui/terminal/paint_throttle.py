"""Limits how often text that is being written is painted, to what the line can carry."""

from __future__ import annotations

import asyncio

_CELLS_PER_S = 4200  # about 5 KiB a second with what moves the cursor
_LEAST_S = 0.25


class PaintThrottle:
    """Over SSH each painted cell costs time; locally nothing is limited."""

    def __init__(self, *, is_remote: bool) -> None:
        self._is_remote = is_remote
        self._paid_until = 0.0

    @property
    def wait_s(self) -> float:
        """How long the next paint should wait, in seconds."""
        if not self._is_remote:
            return 0.0
        return max(0.0, self._paid_until - asyncio.get_running_loop().time())

    def pay(self, cells: int) -> None:
        """Count so many cells as painted now."""
        if cells and self._is_remote:
            now = asyncio.get_running_loop().time()
            self._paid_until = now + max(_LEAST_S, cells / _CELLS_PER_S)
