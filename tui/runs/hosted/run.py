"""A run inside a pipeline's own process, which receives its messages."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tui.core.errors import (
    ConsoleError,
    Reason,
    Refused,
    RunFailed,
    RunInterrupted,
    RunStopped,
    UsageError,
)
from tui.core.event_loop import require_asyncio
from tui.core.follow_ups import mark
from tui.core.prompts import OnePrompt
from tui.core.text.safe_text import one_line
from tui.runs.agent.cli_errors import as_both, interrupted
from tui.runs.agent.recorded_options import GivenOptions
from tui.runs.driver import RunDriver
from tui.runs.folder.protocol import RunSpec
from tui.runs.hosted.late_rows import write_soon
from tui.runs.hosted.leaving import running, until_left
from tui.runs.hosted.own_hooks import telling_faults
from tui.runs.hosted.own_prompts import OwnPrompts
from tui.runs.hosted.run_watch import RunWatch, Watchers
from tui.runs.journal.threaded_journal import ThreadedJournal
from tui.runs.launcher import make_folder
from tui.runs.prompt_queue import OwnPrompt
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
    once the pipeline's prompts are answered, are wanted. With `stays` the run waits for more of
    them until it is ended, and else only while its stream of them goes on. `succeeded` is called
    in a thread once a prompt was answered and the run is over, if it has `retried` anything.

    A separate task owns the agent. Once begun, it must be ended: however that is done, its CLI is
    gone then and the session's lock released.
    """

    def __init__(
        self,
        prepare: Callable[[OwnPrompt], PreparedRun],
        clock: Callable[[], datetime],
        prompts: OwnPrompts,
        *,
        resumed: tuple[Path, str] = (Path(), ""),
        follow_ups: bool = False,
        stays: bool = False,
        succeeded: Callable[[RunSpec], None] | None = None,
        watch: RunWatch | None = None,
    ) -> None:
        self._succeeded = succeeded
        self._watch = watch or RunWatch(Watchers(), clock)
        self._prepare, self._clock, self._prompts = prepare, clock, prompts
        self._resumed, self._wants_follow_ups, self._stays = resumed, follow_ups, stays
        self._waiting: asyncio.Queue[object] = asyncio.Queue(_MOST_WAITING)
        self._news = asyncio.Event()
        self._driver: RunDriver | None = None
        self._hosting: asyncio.Task[None] | None = None
        self._feeding: asyncio.Task[None] | None = None
        self._lock: SessionLock | None = None
        self._journal: ThreadedJournal | None = None
        self._handing_over = threading.Lock()
        self._is_left = self._is_over = False
        self.session_id = ""

    async def begin(self) -> None:
        """Start the run, and return once its session is known and locked."""
        require_asyncio()
        self._hosting = asyncio.create_task(self._host_watched(), name="hosted run")
        self._hosting.add_done_callback(lambda _: self._news.set())
        await self._until(lambda: self._driver is not None)
        if self._driver is None:
            await self._hosting

    async def next(self) -> object | None:
        """Return the next message, and `None` once all is answered or the run is over.

        Raises `RunFailed` when a turn has failed, `RunStopped` when an operator has stopped it,
        `RunInterrupted` when the turn was interrupted, and what the stream of prompts has raised.
        """
        await self._until(lambda: not self._waiting.empty() or self._is_answered)
        if not self._waiting.empty():
            return self._waiting.get_nowait()
        if error := self._feeding_error:
            raise error
        if self._hosting is not None and self._hosting.done():
            await self._hosting
        if interruption := self._interruption():
            raise interruption
        if self._is_left:
            raise self._over()
        return None

    @property
    def cost_usd(self) -> float | None:
        """What the run has cost so far; `None` if that is unknown."""
        return self._driver.books.cost_usd if self._driver is not None else 0.0

    async def send(self, prompt: OnePrompt) -> None:
        """Queue a further prompt, once there is room."""
        await self._steer(lambda driver: driver.send(self._prompts.of(prompt)))

    async def interrupt(self) -> None:
        """Interrupt the turn, or the one that is about to begin."""
        await self._steer(lambda driver: driver.interrupt())

    async def set_model(self, name: str) -> None:
        """Go on with another model; raises `RunFailed` with what the CLI has against it."""
        await self._steer(lambda driver: driver.change_model(name))

    async def end(self, *, in_order: bool = False) -> None:
        """End the run; `in_order` once what operators have added is answered, too.

        Not one that another event loop runs, which perhaps is another process's.
        """
        if self._hosting is None or self._hosting.get_loop() is not asyncio.get_running_loop():
            return
        try:
            self._leave()
            if in_order and self._driver is not None:
                self._driver.prompts.close()
                await asyncio.wait({self._hosting})
        finally:
            if self._driver is not None:
                self._driver.stop()
            # A second cancellation doesn't wait: the task continues, and ends by itself.
            await asyncio.shield(_settled(self._hosting))

    @property
    def _is_answered(self) -> bool:
        """Whether no message will come unless something is sent."""
        if self._hosting is not None and self._hosting.done():
            return True
        if self._feeding is not None and not (self._feeding.done() and self._stays):
            return self._feeding_error is not None
        return self._driver is not None and self._driver.prompts.is_resting

    @property
    def _feeding_error(self) -> BaseException | None:
        """What the pipeline's stream of prompts has raised."""
        feeding = self._feeding
        is_heard = feeding is not None and feeding.done() and not feeding.cancelled()
        return feeding.exception() if feeding is not None and is_heard else None

    async def _until(self, is_so: Callable[[], bool]) -> None:
        """Wait until it is so, or the run is over."""
        while not is_so() and not (self._hosting is not None and self._hosting.done()):
            self._news.clear()
            await self._news.wait()

    async def _steer(self, act: Callable[[RunDriver], Coroutine[Any, Any, None]]) -> None:
        """Do it, unless the run is over before it is done: raises why, then."""
        try:
            await self._do(act)
        except ConsoleError as problem:
            problem.session_id = problem.session_id or self.session_id
            if problem.cost_usd is None:
                problem.cost_usd = self.cost_usd
            raise

    async def _do(self, act: Callable[[RunDriver], Coroutine[Any, Any, None]]) -> None:
        driver, hosting = self._driver, self._hosting
        if driver is None or hosting is None:
            raise UsageError("the run has not begun: `async with manager.session(...) as run:`")
        acting = asyncio.create_task(_nothing() if self._is_ending() else act(driver))
        try:
            await asyncio.wait({acting, hosting}, return_when=asyncio.FIRST_COMPLETED)
            if acting.done() and not self._is_ending():
                return await acting
            await asyncio.shield(_settled(hosting))
            await hosting
            raise self._over()
        finally:
            acting.cancel()

    def _over(self) -> Refused:
        words, again = "the run is over: resume its session", f"resume {self.session_id[:8]}"
        over = Refused(words, Reason.NOT_RUNNING, remedy=again)
        over.session_id = self.session_id
        return over

    def _leave(self) -> None:
        """Drop its further messages and prompts."""
        self._is_left = True
        while not self._waiting.empty():
            self._waiting.get_nowait()
        if self._feeding is not None:
            self._feeding.cancel()

    async def _show(self, message: object, follow_up_by: str) -> None:
        if self._is_left or (follow_up_by and not self._wants_follow_ups):
            return
        if follow_up_by:
            mark(message, follow_up_by)
        await self._waiting.put(message)
        self._news.set()

    async def _feed(self, driver: RunDriver, prompts: AsyncIterator[Mapping[str, Any]]) -> None:
        """Send the pipeline's stream of prompts, each as soon as there is room for it."""
        try:
            async for one in prompts:
                await driver.send(self._prompts.of(one))
            if not self._stays:
                driver.prompts.close()
        finally:
            self._news.set()

    async def _host_watched(self) -> None:
        async with self._watch.watching(lambda: self._is_left):
            await self._host()

    async def _host(self) -> None:
        if self._resumed[1]:
            await until_left(*self._resumed)
        first = await self._prompts.first()
        try:
            prepared = await self._prepared(first)
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

    async def _prepared(self, first: OwnPrompt) -> PreparedRun:
        try:
            return await asyncio.to_thread(self._set_up, first)
        except ConsoleError as problem:
            problem.session_id = problem.session_id or self._resumed[1]
            raise

    def _is_ending(self) -> bool:
        return self._is_left or (self._driver is not None and self._driver.is_ending)

    def _set_up(self, first: OwnPrompt) -> PreparedRun:
        """Prepare in a thread, which may finish after the event loop has ended."""
        prepared = self._prepare(first)
        with self._handing_over:
            self._lock = prepared.lock
            if self._is_over:
                self._lock.release()
            elif not self._is_left:
                self._journal = self._watch.journal(_folder_of(prepared), prepared.spec)
        return prepared

    def _release(self) -> None:
        with self._handing_over:
            was_over, self._is_over = self._is_over, True
            if self._lock is not None:
                self._lock.release()
        if self._journal is not None and not was_over:
            self._journal.event("ended")
            if self._driver is not None and self._driver.books.trouble:
                write_soon(self._journal.folder, self._clock)

    async def _drive(self, prepared: PreparedRun, journal: ThreadedJournal) -> None:
        rest = self._prompts.rest
        at_rest = self._news.set if self._stays or rest is not None else None
        given = telling_faults(prepared.given, _whose(prepared.spec))
        driver = RunDriver(journal, prepared.spec, self._clock, given, at_rest=at_rest)
        self.session_id, self._driver = prepared.spec.session_id, driver
        self._news.set()
        if rest is not None:
            self._feeding = asyncio.create_task(self._feed(driver, rest), name="prompts")
        try:
            failure = await driver.run(self._show)
        finally:
            await self._fed()
        if self._succeeded is not None and prepared.spec.retried and driver.has_answered:
            await asyncio.to_thread(self._succeeded, prepared.spec)
        if driver.follow_up_by and not self._wants_follow_ups:
            if failure is not None:
                logger.warning("The follow-up of %s failed: %s", driver.follow_up_by, failure)
            return
        ending: ConsoleError | None = None
        if failure is not None:
            ending = _as_ours(failure)
        elif driver.stopped_by:
            ending = RunStopped(driver.stopped_by, self.session_id)
        else:
            ending = self._interruption()
        if ending is not None:
            ending.session_id, ending.cost_usd = self.session_id, driver.books.cost_usd
            raise ending

    def _interruption(self) -> RunInterrupted | None:
        """Return that the pipeline's turn was interrupted, if nothing was answered since."""
        driver = self._driver
        if driver is None or driver.interrupted is None or driver.has_answered:
            return None
        by, cause = driver.interrupted
        ending = interrupted(by, self.session_id, cause)
        ending.cost_usd = driver.books.cost_usd
        return ending

    async def _fed(self) -> None:
        """End the stream of prompts, which is not the run's."""
        if self._feeding is not None:
            self._feeding.cancel()
            await asyncio.wait({self._feeding}, timeout=_SETTLED_WITHIN_S)
            if self._feeding_error is not None and self._is_left:
                logger.warning("The stream of prompts failed: %s", one_line(self._feeding_error))


def _whose(spec: RunSpec) -> str:
    return one_line(f"{spec.listing_id} {spec.stage} {spec.session_id[:8]}")


def _as_ours(failure: Exception) -> RunFailed:
    if isinstance(failure, RunFailed):
        return failure
    return as_both(failure, one_line(f"{type(failure).__name__}: {failure}"))


def _folder_of(prepared: PreparedRun) -> Path:
    try:
        return make_folder(prepared.listing, prepared.spec)
    except OSError as error:
        raise RunFailed(f"the run's folder cannot be made: {error.strerror}") from error


async def _nothing() -> None:
    """Do nothing to a run that is over."""


async def _settled(hosting: asyncio.Task[None]) -> None:
    """Wait for its end; its failure was already raised to the pipeline, if it still listened."""
    await asyncio.wait([hosting])
    if not hosting.cancelled():
        hosting.exception()
