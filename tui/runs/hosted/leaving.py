"""The sessions that this very process runs, so that a resume can wait for one that is ending.

A pipeline that leaves its loop at the result and resumes would be refused for its own sake: the
CLI takes a moment to end.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

# Nobody calls the generator that a loop was left with: it is closed some steps of the loop later.
_GRACE_S = 1.0
_PATIENCE_S = 30.0
_LOOK_S = 0.02

_Key = tuple[int, str, str]
_running: dict[_Key, Callable[[], bool]] = {}


@contextmanager
def running(listing: Path, session_id: str, is_ending: Callable[[], bool]) -> Iterator[None]:
    """Tell those who wait that a session runs here, and whether its run is ending by now."""
    key = _key(listing, session_id)
    _running[key] = is_ending
    try:
        yield
    finally:
        _running.pop(key, None)


async def until_left(listing: Path, session_id: str) -> None:
    """Wait up to 30 s for a run of this process that is ending; not for one that goes on."""
    key, since = _key(listing, session_id), time.monotonic()
    while (is_ending := _running.get(key)) is not None:
        if time.monotonic() - since > (_PATIENCE_S if is_ending() else _GRACE_S):
            return
        await asyncio.sleep(_LOOK_S)


def _key(listing: Path, session_id: str) -> _Key:
    """Return a key that a forked child, which runs nothing itself, does not share."""
    return os.getpid(), os.path.realpath(listing), session_id
