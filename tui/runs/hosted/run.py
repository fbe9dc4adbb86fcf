"""A run inside a pipeline's own process, which receives its messages."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tui.core.errors import RunFailed, RunStopped
from tui.core.event_loop import require_asyncio
from tui.core.follow_ups import mark
from tui.core.text.safe_text import one_line
from tui.runs.agent.recorded_options import GivenOptions
from tui.runs.driver import RunDriver
from tui.runs.folder.protocol import RunSpec
from tui.runs.hosted.leaving import running, until_left
from tui.runs.journal.threaded_journal import ThreadedJournal
from tui.runs.launcher import make_folder
from tui.storage.session_locks import SessionLock

logger = logging.getLogger(__name__)

_MOST_WAITING = 100
_SETTLED_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class PreparedRun:
    """A hosted run's spec, listing and options, and the lock of its session, held by us."""

    spec: RunSpec
    listing: Path
    lock: SessionLock
    given: GivenOptions


class HostedRun:
    """One run; `prepare` may block, and raises the reason when the run must not start.

    A run of this process that is being left is waited for first, if its listing's folder and its
    session are those of `resumed`. `follow_ups`: whether messages of turns that operators add,
    once the pipeline's prompt is answered, are wanted.

    A separate task owns the agent. However the pipeline leaves `messages`, the run is stopped, its
    CLI ended and the session's lock released.
    """

    def __init__(
        self,
        prepare: Callable[[], PreparedRun],
        clock: Callable[[], datetime],
        *,
        resumed: tuple[Path, str] = (Path(), ""),
        follow_ups: bool = False,
    ) -> None:
        self._prepare, self._clock = prepare, clock
        self._resumed, self._wants_follow_ups = resumed, follow_ups
        self._waiting: asyncio.Queue[object] = asyncio.Queue(_MOST_WAITING)
        self._driver: RunDriver | None = None
        self._lock: SessionLock | None = None
        self._journal: ThreadedJournal | None = None
        self._handing_over = threading.Lock()
        self._is_left = self._is_over = False

    async def messages(self) -> AsyncGenerator[object, None]:
        """Yield the SDK's messages, turn after turn; raises `RunFailed` when a turn fails,
        `RunStopped` when an operator stops it."""
        require_asyncio()
        hosting = asyncio.create_task(self._host(), name="hosted run")
        try:
            while (message := await self._next(hosting)) is not None:
                yield message
            await hosting
        finally:
            self._leave()
            # A second cancellation doesn't wait: the task continues, and ends by itself.
            await asyncio.shield(_settled(hosting))

    async def _next(self, hosting: asyncio.Task[None]) -> object | None:
        """Return the next message; `None` once the run is over and all were returned."""
        getting = asyncio.ensure_future(self._waiting.get())
        try:
            await asyncio.wait({getting, hosting}, return_when=asyncio.FIRST_COMPLETED)
            if getting.done():
                return getting.result()
            return None if self._waiting.empty() else self._waiting.get_nowait()
        finally:
            getting.cancel()

    def _leave(self) -> None:
        """Stop the run; its further messages are dropped."""
        self._is_left = True
        while not self._waiting.empty():
            self._waiting.get_nowait()
        if self._driver is not None:
            self._driver.stop()

    async def _show(self, message: object, follow_up_by: str) -> None:
        if self._is_left or (follow_up_by and not self._wants_follow_ups):
            return
        if follow_up_by:
            mark(message, follow_up_by)
        await self._waiting.put(message)

    async def _host(self) -> None:
        if self._resumed[1]:
            await until_left(*self._resumed)
        try:
            prepared = await asyncio.to_thread(self._set_up)
            if self._journal is not None and not self._is_left:
                with running(prepared.listing, prepared.spec.session_id, self._is_ending):
                    try:
                        await self._drive(prepared, self._journal)
                    finally:
                        self._release()
        finally:
            self._release()
            if self._journal is not None:
                await asyncio.to_thread(self._journal.close, _SETTLED_WITHIN_S)

    def _is_ending(self) -> bool:
        return self._is_left or (self._driver is not None and self._driver.is_ending)

    def _set_up(self) -> PreparedRun:
        """Prepare in a thread, which may finish after the event loop has ended."""
        prepared = self._prepare()
        with self._handing_over:
            self._lock = prepared.lock
            if self._is_over:
                self._lock.release()
            elif not self._is_left:
                self._journal = ThreadedJournal(_folder_of(prepared), self._clock)
        return prepared

    def _release(self) -> None:
        with self._handing_over:
            was_over, self._is_over = self._is_over, True
            if self._lock is not None:
                self._lock.release()
        if self._journal is not None and not was_over:
            self._journal.event("ended")

    async def _drive(self, prepared: PreparedRun, journal: ThreadedJournal) -> None:
        self._driver = driver = RunDriver(journal, prepared.spec, self._clock, prepared.given)
        failure = await driver.run(self._show)
        if driver.follow_up_by and not self._wants_follow_ups:
            if failure is not None:
                logger.warning("The follow-up of %s failed: %s", driver.follow_up_by, failure)
            return
        if isinstance(failure, RunFailed):
            raise failure
        if failure is not None:
            raise RunFailed(one_line(f"{type(failure).__name__}: {failure}")) from failure
        if driver.stopped_by:
            raise RunStopped(driver.stopped_by, prepared.spec.session_id)


def _folder_of(prepared: PreparedRun) -> Path:
    try:
        return make_folder(prepared.listing, prepared.spec)
    except OSError as error:
        raise RunFailed(f"the run's folder cannot be made: {error.strerror}") from error


async def _settled(hosting: asyncio.Task[None]) -> None:
    """Wait for its end; its failure was already raised to the pipeline, if it still listened."""
    await asyncio.wait([hosting])
    if not hosting.cancelled():
        hosting.exception()
