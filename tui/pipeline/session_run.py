"""The handle by which a pipeline holds the run of its agent."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, cast

from tui.core.errors import RunInterrupted, UsageError
from tui.core.follow_ups import prompted_by
from tui.core.prompts import OnePrompt
from tui.pipeline.arguments import checked
from tui.runs.agent.sdk_messages import is_result
from tui.runs.hosted.run import HostedRun

if TYPE_CHECKING:
    from claude_agent_sdk import Message, ResultMessage


class SessionRun:
    """An agent at work for a pipeline: `async with manager.session(...) as run`.

    Iterating yields the SDK's messages and ends once all that was sent is answered; then `send`
    more and iterate again, or leave. Meanwhile consoles follow and steer it. Leaving after the
    iteration has ended waits for what operators have sent, as `query` does; leaving before that,
    or by an exception, ends the agent at once. Either way its session is free then.

    Iterating, `send`, `interrupt` and `set_model` raise `RunFailed` when a turn of yours has
    failed, or the CLI has ended, `RunStopped` when an operator has stopped the run, and `Refused`
    once it was left. Iterating raises `RunInterrupted` when an operator has interrupted your turn,
    and the run goes on. All of it is for the event loop that has entered it.
    """

    def __init__(self, run: HostedRun) -> None:
        self._run = run
        self._has_begun = self._is_answered = False
        self._result: ResultMessage | None = None

    async def __aenter__(self) -> SessionRun:
        if self._has_begun:
            raise UsageError("a session is entered once: ask the manager for another")
        self._has_begun = True
        try:
            await self._run.begin()
        except BaseException:  # a cancellation too must leave nothing behind
            await self._run.end()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._run.require_own_loop()
        await self._run.end(in_order=self._is_answered and kind is None)

    def __aiter__(self) -> SessionRun:
        return self

    async def __anext__(self) -> Message:
        self._is_answered = False
        try:
            message = cast("Message | None", await self._run.next())
        except RunInterrupted:
            self._is_answered = True
            raise
        if message is None:
            self._is_answered = True
            raise StopAsyncIteration
        if is_result(message) and not prompted_by(message):
            self._result = cast("ResultMessage", message)
        return message

    async def answer(self) -> str:
        """Iterate to the end, without the messages, and return the text of the last result.

        Empty if there is none: you have interrupted the turn yourself, or sent nothing since.
        """
        last: ResultMessage | None = None
        async for message in self:
            last = self._result if message is self._result else last
        return (last.result if last is not None else None) or ""

    async def end(self) -> None:
        """End the agent at once, as leaving does, from any task of its event loop."""
        self._run.require_own_loop()
        await self._run.end()

    @property
    def session_id(self) -> str:
        """The session; known from the start, tracked when the agent has begun."""
        return self._run.session_id

    @property
    def result(self) -> ResultMessage | None:
        """The last result that the iteration has yielded of the pipeline's own turns."""
        return self._result

    @property
    def cost_usd(self) -> float | None:
        """What this run has cost so far in US dollars, with all that operators have sent.

        `None` if that is unknown.
        """
        return self._run.cost_usd

    @checked
    async def send(self, prompt: OnePrompt) -> None:
        """Send a further prompt, a string or the SDK's user message: a turn of its own.

        It waits for the turns before it. Raises `UsageError` for one that cannot be sent. The CLI
        drops a message whose `uuid` the session has: it goes under a new one.
        """
        self._is_answered = False
        await self._run.send(prompt)

    async def interrupt(self) -> None:
        """Interrupt the turn, whose result is then an error; nothing once all is answered."""
        await self._run.interrupt()

    @checked
    async def set_model(self, name: str) -> None:
        """Go on with another model; raises `RunFailed` with what the CLI has against it."""
        await self._run.set_model(name)
