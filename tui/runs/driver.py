"""A run from its first prompt to its last: it drives the agent, and obeys the inbox."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tui.core.errors import RunFailed
from tui.core.text import one_line
from tui.runs.agent import Agent
from tui.runs.bookkeeping import Bookkeeper
from tui.runs.cli_process import find_cli, kill_cli
from tui.runs.happening import (
    Happening,
    Heard,
    Initialized,
    Noticed,
    Rested,
    Streamed,
    TurnEnded,
)
from tui.runs.inbox import Command, Inbox
from tui.runs.journal import Journal
from tui.runs.partial import Writing
from tui.runs.permissions import Permissions
from tui.runs.protocol import IN_PIPELINE, RunSpec, describe
from tui.storage.folders import is_link

if TYPE_CHECKING:
    from claude_agent_sdk import ClaudeAgentOptions

_TICK_S = 0.1
_BEAT_S = 2.0
_STOP_WITHIN_S = 5.0
_BACKGROUND_WITHIN_S = 600.0
_QUOTED = 60

_Prompt = tuple[str, str]  # its text, and who gave it
Show = Callable[[object], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Given:
    """The SDK options of a pipeline that runs its agent itself.

    `recorded` are those of them, as plain values, that a later resume replays.
    """

    options: ClaudeAgentOptions
    recorded: Mapping[str, Any]


async def _to_nobody(message: object) -> None:
    """Show a message to nobody: the transcript has it."""


class Driver:
    """One run. `work` owns the agent from connect to close; `tick` shows, listens and beats.

    `stopped_by` is the operator who stopped it, if one did.
    """

    def __init__(
        self,
        journal: Journal,
        spec: RunSpec,
        clock: Callable[[], datetime],
        given: Given | None = None,
    ) -> None:
        folder = journal.folder
        self._spec, self._journal, self._clock = spec, journal, clock
        self._inbox, self._writing = Inbox(folder), Writing()
        self._permissions = Permissions(journal, spec.permission_timeout_s)
        self._books = Bookkeeper(spec, clock, given.recorded if given else None)
        listing, options = folder.parent.parent.parent, given.options if given else None
        self._agent = Agent(spec, listing, self._permissions.ask, options)
        self._owner = {IN_PIPELINE: True} if given else {}
        self._show: Show = _to_nobody
        self._first = (spec.prompt, spec.operator)
        self._prompts: deque[_Prompt] = deque([self._first])
        self._work: asyncio.Task[None] | None = None
        self._asides: set[asyncio.Task[None]] = set()
        self._is_stopping = self._is_interrupted = self._has_begun = self._is_resting = False
        self._is_closing = False
        self._ended: TurnEnded | None = None
        self.stopped_by = ""

    async def run(self, show: Show = _to_nobody) -> Exception | None:
        """Do all that the run is for; return what it failed for, once row and events say so.

        `show` is awaited for each of the SDK's messages, in their order.
        """
        self._show = show
        self._journal.event("started", pid=os.getpid())
        self._work = asyncio.create_task(self._drive(), name="work")
        ticking = asyncio.create_task(self._tick(), name="tick")
        failure: Exception | None = None
        try:
            await asyncio.wait({self._work, ticking}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ticking.cancel()
            self._cancel_work()
            outcomes = await asyncio.gather(self._work, ticking, return_exceptions=True)
            errors = [one for one in outcomes if isinstance(one, Exception)]
            for error in () if self._is_stopping else errors:
                failure = failure or error
                await self._fail(error)
            await self._finish()
        return failure

    async def _finish(self) -> None:
        self._unsent()
        for aside in self._asides:
            aside.cancel()
        await asyncio.to_thread(kill_cli, self._spec.run_id)
        self._journal.partial(None)
        await self._books.settle()
        self._note("row", self._books.trouble)
        self._note("sweep", self._books.sweep_trouble)

    def stop(self) -> None:
        """Interrupt the turn, drop what is queued, and end soon."""
        if self._is_stopping or self._work is None or self._work.done():
            return
        self._is_stopping = self._is_interrupted = True
        self._drop()
        patience = 0.0 if self._is_resting else _STOP_WITHIN_S
        asyncio.get_running_loop().call_later(patience, self._cancel_work)
        self._aside(self._agent.interrupt())

    def _cancel_work(self) -> None:
        """End the work, once: a second time would break off the closing of the agent."""
        if self._work is not None and not self._is_closing and not self._work.cancelling():
            self._work.cancel()

    async def _drive(self) -> None:
        self._make_config_dir()
        try:
            await self._agent.connect()
            await asyncio.to_thread(self._name_cli)
            heard = self._agent.listen()
            while prompt := self._next_prompt():
                if not await self._turn(prompt, heard):
                    break
        finally:
            self._is_closing = True
            await self._agent.close(in_turn=self._has_begun and self._ended is None)

    def _make_config_dir(self) -> None:
        path = self._spec.config_dir
        if is_link(path):
            raise RunFailed(f"{path.name} is a link, and links are not followed")
        path.mkdir(exist_ok=True)

    def _name_cli(self) -> None:
        """Say which process the CLI is, so that one left behind can be told from any other."""
        pid, start = find_cli(self._spec.run_id) or (0, "")
        known = {"cli_pid": pid, "cli_start": start}
        self._journal.owner(describe(os.getpid()) | self._owner | known)

    def _next_prompt(self) -> _Prompt | None:
        """Return what to say next; `None` once nothing is queued and nothing more can be."""
        if not self._prompts and not self._is_stopping:
            for command in self._inbox.close():
                self._obey(command)
            if self._prompts:
                self._inbox.reopen()
        return self._prompts.popleft() if self._prompts else None

    async def _turn(self, prompt: _Prompt, heard: AsyncIterator[Heard]) -> bool:
        """Play one turn to its end, background work included; whether another may follow."""
        self._begin_turn()
        await self._say(prompt)
        try:
            async with asyncio.timeout(None) as patience:
                async for one in heard:
                    await self._take(one)
                    happening = one.happening
                    if happening is None:
                        continue
                    if self._ended and self._is_turn_over(happening):
                        self._is_resting = False
                        break
                    self._is_resting = isinstance(happening, TurnEnded)
                    patience.reschedule(_background_limit() if self._is_resting else None)
        except TimeoutError:
            self._journal.event("notice", kind="background", words="given up waiting for it")
            return False
        if self._ended is None:
            raise RunFailed("the CLI ended in the middle of the turn")
        self._writing.clear()
        return True

    def _begin_turn(self) -> None:
        """Forget the turn before: word that it has come to rest may still be on its way."""
        self._ended = None
        self._is_interrupted, self._is_resting = self._is_stopping, False

    async def _say(self, prompt: _Prompt) -> None:
        text, by = prompt
        self._journal.event("turn", by=by)
        try:
            await self._agent.say(text)
        except RunFailed:
            self._prompts.appendleft(prompt)
            raise

    async def _say_now(self, prompt: _Prompt) -> None:
        # What went wrong is told to the turn too: the agent is gone for both.
        with suppress(RunFailed):
            await self._say(prompt)

    def _is_turn_over(self, happening: Happening) -> bool:
        """Whether nothing of the turn is left: a result may come before background work ends."""
        if isinstance(happening, Rested):
            return True
        has_more = bool(self._prompts) or self._is_stopping
        return isinstance(happening, TurnEnded) and (has_more or not self._agent.tells_rest)

    async def _take(self, heard: Heard) -> None:
        """Act on a message and show it; whoever sees the beginning finds the session tracked."""
        is_beginning = isinstance(heard.happening, Initialized)
        is_shown = heard.message is not None
        if is_shown and not is_beginning:
            await self._show(heard.message)
        self._ended = await self._act(heard.happening) or self._ended
        if is_shown and is_beginning:
            await self._show(heard.message)

    async def _act(self, happening: Happening | None) -> TurnEnded | None:
        match happening:
            case Initialized():
                await self._begin(happening)
            case Streamed():
                self._writing.add(happening.event, self._clock())
            case Noticed():
                self._journal.event("notice", kind=happening.kind, **happening.details)
            case TurnEnded():
                await self._end_turn(happening)
                return happening
        return None

    async def _begin(self, begun: Initialized) -> None:
        if begun.session_id != self._spec.session_id:
            raise RunFailed(f"the CLI answered as another session, {one_line(begun.session_id)}")
        if self._has_begun:
            return
        self._has_begun = True
        self._journal.event(
            "init",
            session_id=begun.session_id,
            model=begun.model,
            permission_mode=begun.permission_mode,
            cwd=begun.cwd,
        )
        await self._books.begun()

    async def _end_turn(self, ended: TurnEnded) -> None:
        is_aborted = ended.is_aborted or self._is_interrupted
        self._journal.event(
            "result",
            is_error=bool(ended.error) and not is_aborted,
            is_interrupted=is_aborted,
            subtype=ended.subtype,
            cost_usd=ended.cost_usd,
            usage=ended.usage,
            num_turns=ended.num_turns,
            duration_ms=ended.duration_ms,
        )
        if ended.error and not is_aborted:
            self._is_resting = False
            raise RunFailed(ended.error)
        if not is_aborted:
            await self._books.succeeded()

    async def _fail(self, error: Exception) -> None:
        known = isinstance(error, RunFailed)
        reason = str(error) if known else one_line(f"{type(error).__name__}: {error}")
        reason += self._unsent()
        self._journal.event("failed", reason=reason)
        await self._books.failed(reason)

    def _unsent(self) -> str:
        """Take no more prompts, and say which ones were taken and will never be sent."""
        for command in self._inbox.close():
            if command.kind == "prompt":
                self._prompts.append((command.text, command.by))
        dropped = self._drop()
        if not dropped:
            return ""
        what = "1 queued prompt was" if len(dropped) == 1 else f"{len(dropped)} queued prompts were"
        return f"; {what} not sent: {'; '.join(dropped)}"

    def _drop(self) -> list[str]:
        """Drop what is queued, each with a notice; return it, shortened."""
        queued = [one for one in self._prompts if one is not self._first]
        self._prompts.clear()
        for prompt, by in queued:
            self._journal.event("notice", kind="dropped", words=prompt, by=by)
        return [f"{one_line(prompt)[:_QUOTED]!r}" for prompt, _ in queued]

    def _note(self, kind: str, words: str) -> None:
        if words:
            self._journal.event("notice", kind=kind, words=words)

    async def _tick(self) -> None:
        ticks = 0
        while True:
            for command in self._inbox.take():
                self._obey(command)
            self._journal.partial(self._writing.shown(self._clock()))
            if ticks % round(_BEAT_S / _TICK_S) == 0:
                self._journal.beat()
            ticks += 1
            await asyncio.sleep(_TICK_S)

    def _obey(self, command: Command) -> None:
        self._journal.event("ack", command=command.kind, by=command.by)
        match command.kind:
            case "prompt":
                self._queue(command)
            case "answer":
                self._permissions.answer(command)
            case "interrupt":
                self._is_interrupted = True
                self._aside(self._agent.interrupt())
            case "stop":
                self.stopped_by = self.stopped_by or command.by or "somebody"
                self.stop()

    def _queue(self, command: Command) -> None:
        """Keep a prompt for the next turn; while only background work goes on, that is now."""
        prompt = (command.text, command.by)
        if self._is_resting:
            self._begin_turn()
            self._aside(self._say_now(prompt))
            return
        self._prompts.append(prompt)
        if self._is_stopping:
            self._drop()

    def _aside(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)


def _background_limit() -> float:
    return asyncio.get_running_loop().time() + _BACKGROUND_WITHIN_S
