"""The sessions that this very process runs, so that a resume can wait for one that is ending.

A pipeline that leaves its loop at the result and resumes would be refused for its own sake: the
CLI takes a moment to end.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from tui.core.text.safe_text import one_line

logger = logging.getLogger(__name__)

T = TypeVar("T")

# Nobody calls the generator that a loop was left with: it is closed some steps of the loop later.
_GRACE_S = 1.0
_PATIENCE_S = 30.0
_LOOK_S = 0.02
_SETTLED_WITHIN_S = 5.0

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


async def unless(left: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """Wait for what a run begins with; `None` if it is left before: that may never come."""
    working = asyncio.create_task(work, name="first prompt")
    leaving = asyncio.create_task(left.wait())
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        leaving.cancel()
        working.cancel()
    if not left.is_set():
        return working.result()
    await asyncio.wait({working}, timeout=_SETTLED_WITHIN_S)
    if working.done() and not working.cancelled() and (fault := working.exception()) is not None:
        logger.warning("The run was left before it began, and so was: %s", one_line(fault))
    return None


def _key(listing: Path, session_id: str) -> _Key:
    """Return a key that a forked child, which runs nothing itself, does not share."""
    return os.getpid(), os.path.realpath(listing), session_id
