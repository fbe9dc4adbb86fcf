"""What a pipeline does for sessions that run elsewhere, or that a crash has left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

from tui.claude.session_id import require_session_id
from tui.core.event_loop import require_asyncio
from tui.core.models.cut_off import CutOffSession
from tui.operations.context import Context
from tui.operations.running.ending import end_run, session_of
from tui.operations.running.pipeline_query import pipeline_settings
from tui.operations.sessions.acknowledge import acknowledge
from tui.operations.sessions.recovery import cut_off_sessions, settle_retried
from tui.operations.target import Target

P = ParamSpec("P")
T = TypeVar("T")


class SessionCare:
    """The part of `SessionManager` that stops, recovers and acknowledges sessions."""

    _folder: Path
    _clock: Callable[[], datetime]

    async def stop_session(self, session_id: str, within_s: float = 60) -> bool:
        """End the run of a session wherever it is hosted, or its orphaned CLI; whether any ran.

        Returns once nothing runs it. Raises `Refused` when it still runs after that many seconds,
        or is run by a program that takes no commands.
        """
        target = Target(require_session_id(session_id), self._folder)
        return await in_thread(end_run, self._context(), target, within_s)

    async def recover(self) -> tuple[CutOffSession, ...]:
        """Return the sessions that were left in the middle of a turn, oldest first.

        Such as by a crash. Not those that somebody stopped, acknowledged or went on with. Nothing
        is changed: resume them, retry them with `retry_of`, or `acknowledge` them.
        """
        return await in_thread(cut_off_sessions, self._context(), self._folder)

    async def acknowledge(self, session_id: str) -> None:
        """Record that what a session needs is known: it no longer alerts operators.

        Something new that happens to it does. Raises `Refused` when it needs nothing.
        """
        await in_thread(self._acknowledge, session_id)

    def _acknowledge(self, session_id: str) -> None:
        context = self._context()
        acknowledge(context, session_of(context, self._folder, session_id))

    def _settling(self, retried: str) -> Callable[[str], None]:
        return partial(settle_retried, self._context(), self._folder, retried)

    def _context(self) -> Context:
        return Context(pipeline_settings(self._folder), self._clock)


async def in_thread(work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Do blocking work in a thread, for the event loop of asyncio alone."""
    require_asyncio()
    return await asyncio.to_thread(work, *args, **kwargs)
