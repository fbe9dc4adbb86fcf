"""A run from its first prompt to its last: drives the agent and executes commands in the inbox."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import aclosing, suppress
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from tui.core.errors import RunFailed
from tui.core.text.safe_text import one_line
from tui.core.values import asdict
from tui.runs.agent.cli_errors import failure_words, kind_of
from tui.runs.agent.cli_process import cli_identity, kill_cli_surely
from tui.runs.agent.client import AgentClient
from tui.runs.agent.environment import make_config_dir
from tui.runs.agent.recorded_options import GivenOptions
from tui.runs.bookkeeping import Bookkeeper, whose
from tui.runs.ears import Ears
from tui.runs.folder.agent_events import (
    AgentIdle,
    AgentMessage,
    Happening,
    RunNotice,
    TurnEnded,
    TurnStarted,
)
from tui.runs.folder.command import Command
from tui.runs.folder.inbox import Inbox
from tui.runs.folder.protocol import IN_PIPELINE, RunSpec, describe
from tui.runs.folder.pruning import prune_runs
from tui.runs.journal.hearing import Hearing
from tui.runs.journal.pulse import Pulse
from tui.runs.journal.run_journal import Journal
from tui.runs.model_changes import ModelChanges
from tui.runs.orders import Orders
from tui.runs.permission_audit import AuditedPermissions
from tui.runs.permissions import Permissions
from tui.runs.prompt_queue import OwnPrompt, Prompt, PromptQueue, WhoseTurn, unsent_words
from tui.runs.receipts import Receipts

if TYPE_CHECKING:
    from tui.runs.queue_gate import QueueGate

logger = logging.getLogger("tui.runs")

_TICK_S, _BEAT_S, _STOP_WITHIN_S, _BACKGROUND_WITHIN_S = 0.5, 2.0, 5.0, 600.0

Show = Callable[[object, str], Awaitable[None]]


async def _ignore(message: object, follow_up_by: str) -> None:
    """Show no messages: the transcript has them."""


class RunDriver:
    """One run: the task `work` owns the agent, `tick` reads the inbox and writes the heartbeat.

    `stopped_by` is the operator who stopped it, if any, and `is_owed` whether that took something
    from its pipeline. With `at_rest` it goes on until its `prompts` are closed, and calls that when
    it begins to wait for one.
    """

    def __init__(
        self,
        journal: Journal,
        spec: RunSpec,
        clock: Callable[[], datetime],
        given: GivenOptions | None = None,
        *,
        gate: QueueGate | None = None,
        at_rest: Callable[[], None] | None = None,
    ) -> None:
        folder = journal.folder
        self._spec, self._journal, self._clock = spec, journal, clock
        self._gate, self._listing = gate, folder.parent.parent.parent
        inbox, self._pulse = Inbox(folder), Pulse(journal)
        self._orders = Orders(inbox, self._obey)
        self._hearing = Hearing(journal, spec.stall_timeout_s)
        self._permissions = Permissions(journal, spec.permission_timeout_s)
        self._receipts = Receipts(journal, inbox, self._permissions)
        self.books = Bookkeeper(spec, clock, given, journal.event)
        asking = AuditedPermissions(
            self._permissions, self.books, lambda: self._model_changes.settle()
        ).ask
        options, self._owner = (given.options, {IN_PIPELINE: True}) if given else (None, {})
        self._agent = AgentClient(spec, self._listing, asking, self._hearing.hear, options)
        self._show: Show = _ignore
        self.prompts = PromptQueue(
            journal, Prompt.first(spec, given.first if given else None), at_rest
        )
        owns_all = given is None or given.owns_follow_ups
        self.whose = WhoseTurn(self.prompts, is_hosted=bool(given), owns_follow_ups=owns_all)
        self._model_changes = ModelChanges(self._agent, journal, spec)
        self._work: asyncio.Task[None] | None = None
        self._side_tasks: set[asyncio.Task[None]] = set()
        self._is_stopping = self._has_begun = self._is_resting = self._is_closing = False
        self._cut_by: str | None = None  # empty if not by an operator
        self._connected, self._at_work = asyncio.Event(), asyncio.Event()
        self._aside: tuple[asyncio.Future[object], ...] = ()
        self._ended: TurnEnded | None = None
        self.stopped_by, self.is_owed, self._is_left, self._is_turn_open = "", False, False, True

    async def run(self, show: Show = _ignore) -> Exception | None:
        """Run to the end; return the failure, if any, once it is in the row and the events.

        That of an operator's prompt alone is none. `show` is awaited for each of the SDK's
        messages, in order, with the operator of a follow-up.
        """
        self._show = show
        self._journal.event("started", pid=os.getpid())
        self._work = asyncio.create_task(self._drive(), name="work")
        ticking = asyncio.create_task(self._tick(), name="tick")
        self._orders.start()
        failure: Exception | None = None
        try:
            await asyncio.wait({self._work, ticking}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ticking.cancel()
            self._orders.end()
            self._cancel_work()
            outcomes = await asyncio.gather(self._work, ticking, return_exceptions=True)
            errors = [one for one in outcomes if isinstance(one, Exception)]
            for error in () if self._is_stopping else errors:
                failure = (error if await self._fail(error) else None) or failure
            is_cut = self._is_left or (self._work.cancelled() and self._is_turn_open)
            await self._finish(is_left=is_cut and not (failure or self.stopped_by))
        return failure

    @property
    def is_ending(self) -> bool:
        """Whether it will start no further turn."""
        return self._is_stopping or self._is_closing

    async def send(self, prompt: OwnPrompt) -> None:
        """Queue a prompt of the pipeline's own; waits while many wait already."""
        await self.prompts.room()
        if self.prompts.is_resting:
            self._at_work.clear()
        self._queue(Prompt.own(self._spec, prompt))

    async def interrupt(self, by: str = "") -> None:
        """Interrupt the turn, or the one that is about to begin; nothing if all is answered.

        The CLI forgets an interrupt that comes between a prompt and its turn.
        """
        if not self.prompts.is_resting:
            await self._at_work.wait()
            self._cut_by = by
            await self._agent.interrupt()

    async def change_model(self, name: str) -> None:
        """Go on with another model; raises `RunFailed` with what the CLI has against it."""
        await self._connected.wait()
        await self._model_changes.change(name, self._clock())

    async def _finish(self, *, is_left: bool) -> None:
        if is_left:
            self._journal.event("left")
        await self._unsent()
        if self._gate is not None:
            await asyncio.to_thread(self._gate.leave)
        for task in self._side_tasks:
            task.cancel()
        self._journal.note("cli", await asyncio.to_thread(kill_cli_surely, self._spec.run_id))
        self._journal.give_up_reserve()
        self._journal.partial(None)
        await self.books.settle()
        self._journal.note("row", self.books.trouble)
        self._journal.note("sweep", self.books.sweep_trouble)

    def stop(self) -> None:
        """Interrupt the turn, drop queued prompts, and end soon."""
        if self._is_stopping or self._work is None or self._work.done():
            return
        self._is_stopping, self._cut_by, self._is_left = True, "", self._is_turn_open
        self.is_owed = self.whose.is_owed
        self.prompts.drop()
        patience = 0.0 if self._is_resting or not self._connected.is_set() else _STOP_WITHIN_S
        asyncio.get_running_loop().call_later(patience, self._cancel_work)
        self._send_off(self._agent.interrupt())

    def _cancel_work(self) -> None:
        """Cancel the work once: a second time would interrupt the closing of the agent."""
        if self._work is not None and not self._is_closing and not self._work.cancelling():
            self._work.cancel()

    async def _drive(self) -> None:
        if self._gate is not None:
            await self._gate.enter(self._journal.event)
        own = self._spec.session_id
        await asyncio.to_thread(make_config_dir, self._spec.config_dir)
        heard = Ears(self._agent.listen())
        try:
            await self._agent.connect()
            self._connected.set()
            work = self._name_cli, partial(prune_runs, self._listing, self._clock(), own=own)
            self._aside = tuple(asyncio.ensure_future(asyncio.to_thread(one)) for one in work)
            while prompt := await self._next_prompt(heard):
                await self._model_changes.make()
                await self._turn(prompt, heard)
        finally:
            self._is_closing = True
            await heard.close()
            await self._agent.close(in_turn=self._has_begun and self._ended is None)
            await asyncio.gather(*self._aside, return_exceptions=True)

    def _name_cli(self) -> None:
        """Record the CLI's pid and start time, so that an orphaned CLI can be identified."""
        with suppress(OSError):  # then only the registry identifies it
            known = cli_identity(self._spec.run_id)
            self._journal.owner(describe(os.getpid()) | self._owner | known)

    async def _next_prompt(self, heard: Ears) -> Prompt | None:
        """Return the next prompt; `None` once nothing is queued and the inbox is closed."""
        if not self.prompts and self.prompts.is_open:
            self._hearing.rest()
            async with aclosing(heard.until(self.prompts.more())) as heard_at_rest:
                async for one in heard_at_rest:
                    await self._take(one)
            if heard.is_over:
                raise await self._agent.ended_early("between two turns")
        if not self.prompts and not self._is_stopping:
            await self._orders.close()
            if self.prompts:
                await self._orders.reopen()
        return self.prompts.next()

    async def _turn(self, prompt: Prompt, heard: Ears) -> None:
        """Run one turn to its end, background work included, within some time."""
        if not self.prompts.may_begin(prompt, is_asking=self._model_changes.is_asking):
            return
        self._begin_turn()
        await self._say(prompt)
        try:
            async with asyncio.timeout(None) as patience:
                async for one in heard:
                    await self._take(one)
                    if (happening := one.happening) is None:
                        continue
                    if self._ended and self._is_turn_over(happening):
                        self._is_resting = False
                        break
                    self._is_resting = isinstance(happening, TurnEnded)
                    until = asyncio.get_running_loop().time() + _BACKGROUND_WITHIN_S
                    patience.reschedule(until if self._is_resting else None)
        except TimeoutError:
            self._journal.event("notice", kind="background", words="no longer waiting for it")
            self._is_resting = False
        if self._ended is None:
            raise await self._agent.ended_early("during the turn")
        self._hearing.end_turn()

    def _begin_turn(self) -> None:
        """Reset the state of the previous turn, whose last messages may still arrive."""
        self._ended, self._is_turn_open = None, True
        self._at_work.clear()
        self._cut_by, self._is_resting = "" if self._is_stopping else None, False
        self._hearing.begin_turn()

    async def _say(self, prompt: Prompt) -> None:
        is_in_spec = prompt.is_typed or not self._has_begun
        self._hearing.begin_wait(prompt.by, prompt.id, "" if is_in_spec else prompt.text)
        self.whose.begin(prompt)
        self.books.begin_turn(prompt.by)
        self._permissions.begin_turn(is_restricted=prompt.is_restricted)
        try:
            await self._agent.say(prompt)
        except RunFailed:
            self.prompts.put_back(prompt)
            raise

    async def _say_now(self, prompt: Prompt) -> None:
        with suppress(RunFailed):  # the running turn fails for the same reason
            await self._say(prompt)

    def _is_turn_over(self, happening: Happening) -> bool:
        """Whether the turn is over: a result may come before background work ends."""
        may_end = bool(self.prompts) or self._is_stopping or not self._agent.tells_rest
        return isinstance(happening, AgentIdle) or (isinstance(happening, TurnEnded) and may_end)

    async def _take(self, heard: AgentMessage) -> None:
        """Act on a message; show it once its session is tracked, or its turn's end is written."""
        self._hearing.hear(heard)
        match happening := heard.happening:
            case TurnStarted():
                await self._begin(happening)
            case RunNotice():
                self._journal.event("notice", kind=happening.kind, **happening.details)
            case TurnEnded():
                return await self._end_turn(happening, heard)
        await self._show_it(heard)

    async def _show_it(self, heard: AgentMessage) -> None:
        """Show a message; what background work adds is the first prompt's, whatever runs beside."""
        is_background = isinstance(heard.happening, TurnEnded) and heard.happening.is_background
        if heard.message is not None:
            await self._show(heard.message, "" if is_background else self.whose.follow_up_by)

    async def _begin(self, begun: TurnStarted) -> None:
        if begun.session_id != self._spec.session_id:
            raise RunFailed(f"the CLI answered for another session, {one_line(begun.session_id)}")
        self._at_work.set()
        await asyncio.wait(self._aside[:1])  # its CLI is recorded before it does anything
        if self._has_begun:
            return
        self._has_begun = True
        self._model_changes.begun(begun.permission_mode)
        self._journal.event("init", **asdict(begun))
        await self.books.begun()

    async def _end_turn(self, ended: TurnEnded, heard: AgentMessage) -> None:
        is_aborted = ended.is_aborted or bool(ended.error and self._cut_by is not None)
        self._journal.event(
            "result",
            turn_cost_usd=self.books.end_turn(ended),
            is_error=bool(ended.error) and not is_aborted,
            is_interrupted=is_aborted,
            is_own=self.whose.is_own(ended),
            **await self.books.still_left(ended),
            **ended.counts(),
        )
        await asyncio.to_thread(self._journal.settle)
        await self._show_it(heard)
        self._is_turn_open = False
        self._at_work.set()
        if is_aborted:
            by = self._spec.operator if self._cut_by is None else self._cut_by
            self.whose.cut(by, None if self._cut_by else ended.error)
            await self.books.broken_off()
        elif ended.error is not None:
            self._is_resting = False
            if ended.is_background or not self.whose.failing_by:
                raise ended.error
            await self._fail(ended.error, ends_run=False)
            self.whose.end()
        else:
            await self.books.succeeded(is_own=self.whose.answered(ended), is_answer=ended.is_answer)
        self._ended = ended

    async def _fail(self, error: Exception, *, ends_run: bool = True) -> bool:
        """Record a failure; whether it is the run's, and not an operator's alone."""
        by = "" if ends_run and self.whose.is_owed else self.whose.failing_by
        reason, unsent = failure_words(error), await self._unsent() if ends_run else ""
        if by:
            logger.warning("%s: the follow-up of %s failed: %s", whose(self._spec), by, reason)
        reason, kind = reason + unsent, kind_of(error)
        self._journal.event("failed", reason=reason, by=by, kind=kind)
        await self.books.failed(reason, kind, by)
        return not by

    async def _unsent(self) -> str:
        """Close the inbox; return a message about the commands that will not be executed."""
        left = await self._orders.left()
        self._receipts.take_late(left, self.prompts, is_stopping=self._is_stopping)
        return unsent_words(self.prompts.drop())

    async def _tick(self) -> None:
        seconds, beats_at = asyncio.get_running_loop().time, 0.0
        while True:
            is_beat = seconds() >= beats_at
            await self._orders.take(surely=is_beat)
            self._hearing.tell(is_waiting=self._permissions.is_waiting)
            if is_beat:
                beats_at = seconds() + _BEAT_S
                self._pulse.beat()
            await self._orders.wait(_TICK_S)

    def _obey(self, command: Command) -> None:
        match command.kind if self._receipts.take(command) else None:
            case "prompt":
                self._queue(Prompt.of(command))
            case "interrupt":
                self._send_off(self.interrupt(command.by or "somebody"))
            case "stop":
                self.stopped_by = self.stopped_by or command.by or "somebody"
                self.stop()
            case "model" | "mode":
                self._model_changes.add(command)
                if self._connected.is_set():
                    self._send_off(self._model_changes.make())

    def _queue(self, prompt: Prompt) -> None:
        """Queue a prompt; an unrestricted one starts at once while only background work runs."""
        if self._is_resting and not prompt.is_restricted:
            self._begin_turn()
            self._send_off(self._say_now(prompt))
            return
        self.prompts.add(prompt)
        if self._is_stopping:
            self.prompts.drop()

    def _send_off(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._side_tasks.add(task)
        task.add_done_callback(self._side_tasks.discard)
