"""A run inside a pipeline's own process, which receives its messages."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from tui.core.errors import (
    ConsoleError,
    Reason,
    Refused,
    RunFailed,
    RunInterrupted,
    RunStopped,
    UsageError,
)
from tui.core.event_loop import is_fault, require_asyncio
from tui.core.follow_ups import mark
from tui.core.prompts import OnePrompt
from tui.core.text.safe_text import one_line
from tui.runs.agent.cli_errors import as_both, failure_words, interrupted
from tui.runs.bookkeeping import whose
from tui.runs.driver import RunDriver
from tui.runs.hosted.late_rows import write_soon
from tui.runs.hosted.leaving import running, unless, until_left
from tui.runs.hosted.own_hooks import telling_faults
from tui.runs.hosted.own_prompts import OwnPrompts
from tui.runs.hosted.prepared_run import PreparedRun, folder_of
from tui.runs.hosted.run_watch import RunWatch, Watchers
from tui.runs.journal.threaded_journal import ThreadedJournal
from tui.runs.prompt_queue import OwnPrompt
from tui.storage.session_locks import SessionLock

logger = logging.getLogger(__name__)

T = TypeVar("T")

_NOT_BEGUN = "the run has not begun: `async with manager.session(...) as run:`"
_ELSEWHERE = (
    "the run is of another event loop, and can only be awaited there: "
    "`asyncio.run_coroutine_threadsafe` has it done from a thread, or `stop_session` ends it"
)
_MOST_WAITING = 100
_SETTLED_WITHIN_S = 5.0


class HostedRun:
    """One run; `prepare` may block, and raises the reason when the run must not start.

    A run of this process that is being left is waited for first, if its listing's folder and its
    session are those of `resumed`. `follow_ups`: whether messages of turns that operators add,
    once the pipeline's prompts are answered, are wanted. With `stays` the run waits for more of
    them until it is ended, and else only while its stream of them goes on.

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
        watch: RunWatch | None = None,
    ) -> None:
        self._watch = watch or RunWatch(Watchers(), clock)
        self._prepare, self._clock, self._prompts = prepare, clock, prompts
        self._resumed, self._wants_follow_ups, self._stays = resumed, follow_ups, stays
        self._waiting: asyncio.Queue[object] = asyncio.Queue(_MOST_WAITING)
        self._news, self._left = asyncio.Event(), asyncio.Event()
        self._driver: RunDriver | None = None
        self._hosting: asyncio.Task[None] | None = None
        self._feeding: asyncio.Task[None] | None = None
        self._broken: BaseException | None = None  # what the stream of prompts has raised
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
            raise Refused("the run was ended before it had begun", Reason.NOT_RUNNING)

    async def next(self) -> object | None:
        """Return the next message, and `None` once all is answered or the run is over.

        Raises `RunFailed` when a turn has failed, `RunStopped` when an operator has stopped it,
        `RunInterrupted` when the turn was interrupted, and what the stream of prompts has raised.
        """
        if self._hosting is None:
            raise UsageError(_NOT_BEGUN)
        self.require_own_loop()
        await self._until(lambda: not self._waiting.empty() or self._is_answered)
        if not self._waiting.empty():
            return self._waiting.get_nowait()
        if self._broken is not None:
            self._tell(self._broken)
            raise self._broken
        if self._hosting.done():
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

    def require_own_loop(self) -> None:
        """Raise `UsageError` where another event loop runs than the run's, if it has begun."""
        if not self._is_elsewhere:
            return
        problem = UsageError(_ELSEWHERE)
        problem.session_id, problem.cost_usd = self.session_id, self.cost_usd
        raise problem

    @property
    def _is_elsewhere(self) -> bool:
        hosting = self._hosting
        return hosting is not None and hosting.get_loop() is not asyncio.get_running_loop()

    async def end(self, *, in_order: bool = False) -> None:
        """End the run; `in_order` once what operators have added is answered, too.

        Not one that another event loop runs, which perhaps is another process's.
        """
        if self._hosting is None or self._is_elsewhere:
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
            return self._broken is not None
        return self._driver is not None and self._driver.prompts.is_resting

    async def _until(self, is_so: Callable[[], bool]) -> None:
        """Wait until it is so, or the run is over."""
        while not is_so() and not (self._hosting is not None and self._hosting.done()):
            self._news.clear()
            await self._news.wait()

    async def _steer(self, act: Callable[[RunDriver], Coroutine[Any, Any, None]]) -> None:
        """Do it, unless the run is over before it is done: raises why, then."""
        self.require_own_loop()
        try:
            await self._do(act)
        except ConsoleError as problem:
            self._tell(problem)
            raise

    def _tell(self, problem: BaseException) -> None:
        """Tell with an error of ours its session, and what the run has cost."""
        if isinstance(problem, ConsoleError):
            problem.session_id = problem.session_id or self.session_id
            problem.cost_usd = self.cost_usd if problem.cost_usd is None else problem.cost_usd

    async def _do(self, act: Callable[[RunDriver], Coroutine[Any, Any, None]]) -> None:
        driver, hosting = self._driver, self._hosting
        if driver is None or hosting is None:
            raise UsageError(_NOT_BEGUN)
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
        words, again = "the run is over: go on with its session", f"resume={self.session_id}"
        over = Refused(words, Reason.NOT_RUNNING, remedy=again)
        over.session_id, over.cost_usd = self.session_id, self.cost_usd
        return over

    def _leave(self) -> None:
        """Drop its further messages and prompts."""
        self._is_left = True
        self._left.set()
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
        except BaseException as error:
            if not is_fault(error):
                raise
            if self._is_ending():
                logger.warning("The stream of prompts failed: %s", one_line(error))
            else:
                self._broken = error
        finally:
            self._news.set()

    async def _host_watched(self) -> None:
        async with self._watch.watching(self._has_succeeded):
            await self._host()

    async def _host(self) -> None:
        first = await unless(self._left, self._of_resumed(self._first_prompt()))
        if first is None:
            return
        try:
            prepared = await self._of_resumed(asyncio.to_thread(self._set_up, first))
            if self._journal is not None and not self._is_left:
                with running(prepared.listing, prepared.spec.session_id, self._is_ending):
                    try:
                        await self._drive(prepared, self._journal)
                    finally:
                        self._release()
        finally:
            self._release()
            if self._journal is not None:
                await self._closed(self._journal)

    async def _first_prompt(self) -> OwnPrompt:
        if self._resumed[1]:
            await until_left(*self._resumed)
        return await self._prompts.first()

    async def _closed(self, journal: ThreadedJournal) -> None:
        """Wait until the run's folder has all; what has no room is written later."""
        if not await asyncio.to_thread(journal.close, _SETTLED_WITHIN_S):
            self._watch.hear_behind("the disk is full" if journal.is_full else "its disk hangs")
            write_soon(journal.folder, self._clock, journal.catch_up)

    async def _of_resumed(self, work: Awaitable[T]) -> T:
        """Wait for it; what goes wrong is told with the session that was to go on."""
        try:
            return await work
        except ConsoleError as problem:
            problem.session_id = problem.session_id or self._resumed[1]
            raise

    def _has_succeeded(self) -> bool:
        """Whether the pipeline's last prompt was answered, and none was left unsent."""
        driver = self._driver
        return (
            driver is not None and driver.whose.has_answered and not driver.prompts.has_dropped_own
        )

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
                self._watch.prepared(prepared.spec)
                self._journal = self._watch.journal(folder_of(prepared, self._clock))
        return prepared

    def _release(self) -> None:
        with self._handing_over:
            was_over, self._is_over = self._is_over, True
            if self._lock is not None:
                self._lock.release()
        if self._journal is not None and not was_over:
            self._journal.event("ended")
            if self._driver is not None and self._driver.books.trouble:
                write_soon(self._journal.folder, self._clock, self._journal.catch_up)

    async def _drive(self, prepared: PreparedRun, journal: ThreadedJournal) -> None:
        rest = self._prompts.rest
        at_rest = self._news.set if self._stays or rest is not None else None
        given = telling_faults(prepared.given, whose(prepared.spec))
        driver = RunDriver(journal, prepared.spec, self._clock, given, at_rest=at_rest)
        self.session_id, self._driver = prepared.spec.session_id, driver
        self._news.set()
        if rest is not None:
            self._feeding = asyncio.create_task(self._feed(driver, rest), name="prompts")
        try:
            failure = await driver.run(self._show)
        finally:
            await self._fed()
        ending: ConsoleError | None = None
        if failure is not None:
            ending = _as_ours(failure)
        elif self._broken is not None:
            self._tell(self._broken)
            raise self._broken
        elif driver.stopped_by and driver.is_owed:
            ending = RunStopped(driver.stopped_by, self.session_id)
        else:
            ending = self._interruption()
        if ending is not None:
            ending.session_id, ending.cost_usd = self.session_id, driver.books.cost_usd
            raise ending

    def _interruption(self) -> RunInterrupted | None:
        """Return that the pipeline's turn was interrupted, if nothing was answered since."""
        driver = self._driver
        if driver is None or driver.whose.interrupted is None or driver.whose.has_answered:
            return None
        by, cause = driver.whose.interrupted
        ending = interrupted(by, self.session_id, cause)
        ending.cost_usd = driver.books.cost_usd
        return ending

    async def _fed(self) -> None:
        """End the stream of prompts, which is not the run's."""
        if self._feeding is not None:
            self._feeding.cancel()
            await asyncio.wait({self._feeding}, timeout=_SETTLED_WITHIN_S)


def _as_ours(failure: Exception) -> RunFailed:
    if isinstance(failure, RunFailed):
        return failure
    return as_both(failure, failure_words(failure))


async def _nothing() -> None:
    """Do nothing to a run that is over."""


async def _settled(hosting: asyncio.Task[None]) -> None:
    """Wait for its end; its failure was already raised to the pipeline, if it still listened."""
    await asyncio.wait([hosting])
    if not hosting.cancelled():
        hosting.exception()
