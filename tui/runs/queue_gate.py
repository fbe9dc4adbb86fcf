"""Makes a run wait for a free slot, and for the root's hold to be lifted."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable
from pathlib import Path

from tui.storage.run_slots import RunSlot
from tui.storage.state.hold import read_hold

_RETRY_S = 0.3
# What will pass: then somebody may be in each of the places.
_PASSING = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.EINTR, errno.EAGAIN)


class QueueGate:
    """Admits a run when its root is not held and one of its `max_runs` slots is free."""

    def __init__(self, root: Path, run_id: str, max_runs: int, tell: Callable[[str], None]) -> None:
        self._root, self._tell = root, tell
        self._slots = RunSlot(root, run_id, max_runs)

    def try_enter(self) -> str:
        """Return what the run has to wait for; empty once it is admitted."""
        hold = read_hold(self._root)
        if hold is not None:
            return f"new runs paused by {hold.by}"
        try:
            return self._slots.try_enter()
        except OSError as error:
            if error.errno in _PASSING:
                return f"its run slot cannot be checked: {error.strerror}"
            # Where no places can be kept, nobody counts: better to run than never to.
            self._tell(f"max_runs is not enforced: run slots are unavailable: {error.strerror}")
            return ""

    async def enter(self, record: Callable[..., None]) -> None:
        """Wait until the run may start its agent; record, as events, why it waits."""
        recorded = ""
        while reason := await asyncio.to_thread(self.try_enter):
            if reason != recorded:
                record("queued", reason=reason)
            recorded = reason
            await asyncio.sleep(_RETRY_S)
        if recorded:
            record("admitted")

    def leave(self) -> None:
        """Release the slot."""
        self._slots.leave()
