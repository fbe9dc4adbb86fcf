"""How a pipeline runs its agents: `query`, `session` and `run`."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakSet

from tui.core.errors import RunFailed, UsageError
from tui.core.event_loop import require_no_loop
from tui.core.run_events import OnEvent
from tui.core.time.expiry import LONGEST
from tui.core.values import replace
from tui.operations.running.pipeline_query import Query, prepare
from tui.pipeline.arguments import checked, takes
from tui.pipeline.environment import Entered
from tui.pipeline.listing_part import ListingPart
from tui.pipeline.session_run import SessionRun
from tui.runs.agent.recorded_options import unrecorded
from tui.runs.hosted.own_prompts import OwnPrompts
from tui.runs.hosted.prepared_run import PreparedRun
from tui.runs.hosted.run import HostedRun
from tui.runs.hosted.run_watch import RunWatch, Watchers
from tui.runs.prompt_queue import OwnPrompt

if TYPE_CHECKING:
    from claude_agent_sdk import ClaudeAgentOptions, Message, ResultMessage

logger = logging.getLogger(__name__)

_MOST_TOLD = 16


class SessionRuns(ListingPart):
    """The part of `SessionManager` that runs agents, and ends those that still run."""

    @checked
    def __init__(
        self,
        output_dir: Path | str,
        max_age_days: float = 30,
        *,
        permission_timeout: timedelta | None = None,
        on_event: OnEvent | None = None,
        log_prompts: bool = False,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        super().__init__(output_dir, max_age_days, clock or _now)
        if permission_timeout is not None and not timedelta() <= permission_timeout <= LONGEST:
            longest = f"from 0 to {LONGEST.days:,} days"
            raise UsageError(f"permission_timeout must be {longest}, not {permission_timeout}")
        self._permission_timeout = permission_timeout
        self._watchers = Watchers(on_event, log_prompts)
        self._runs: WeakSet[HostedRun] = WeakSet()
        self._entered: list[Entered] = []
        self._told: deque[tuple[str, ...]] = deque(maxlen=_MOST_TOLD)

    async def __aexit__(self, *_: object) -> None:
        """End the agents that this manager still runs in this event loop."""
        await asyncio.gather(*(run.end() for run in tuple(self._runs)))

    @takes(Query)
    def query(self, query: Query) -> AsyncGenerator[Message, None]:
        """Run an agent and yield the SDK's messages; consoles follow and steer it meanwhile.

        `prompt` is a string, one of the SDK's user messages, or a stream of them, each a turn of
        its own. `listing_id` is the folder's name unless given. The session is tracked before
        `init` is yielded, with the options that shape its agent; `metadata` is added to its own.
        `resume` goes on as that agent, and what is set in `options` wins; `without` names what it
        had that is not given again, or no limit any more (`help settings`). With `take_over` what
        runs it is ended first. An answer to it acknowledges the failure of `retry_of`, and of what
        that tried again. Operators are asked for permissions, for as long as the manager's
        `permission_timeout`, unless `options` say who answers. Their turns once the prompt is
        answered are waited for, and yielded, and their failures raised, only with `follow_ups` (see
        `prompted_by`). `on_event` is told of this run, besides the manager's. Leaving the iteration
        ends the agent.

        Raises `Refused` before anything starts when the session is live or the root is held;
        `RunFailed` with the reason, which its row then has too, when a turn fails or its agent
        cannot begin; `RunStopped`, which is no `RunFailed`, when an operator stops it: don't start
        it again by yourself; `RunInterrupted`, a `RunStopped`, when its turn was interrupted, and
        no prompt of an operator was answered in its place.
        """
        return _messages(self._start(query))

    @takes(Query)
    def session(self, query: Query) -> SessionRun:
        """Run an agent as `query` does, and hold it: `async with manager.session(...) as run`.

        See `SessionRun` for what can be done with it, and how it ends. Entering it raises what
        `query` raises before anything starts.
        """
        return self._start(query, stays=True)

    @takes(Query)
    def run(self, query: Query) -> ResultMessage:
        """Run an agent as `query` does and return its result, for a pipeline without asyncio.

        Raises `UsageError` where an event loop runs already.
        """
        require_no_loop()
        return asyncio.run(_result(self._start(query)))

    def _start(self, query: Query, *, stays: bool = False) -> SessionRun:
        query = replace(query, listing_id=query.listing_id or self._folder.name)
        run = HostedRun(
            lambda first: self._prepare(query, first),
            self._clock,
            OwnPrompts(query.prompt, is_verbatim=query.is_verbatim),
            resumed=(self._folder, query.resumed),
            follow_ups=query.follow_ups,
            stays=stays,
            watch=RunWatch(self._watchers, self._clock, on_event=query.on_event, **query.told_as),
        )
        self._runs.add(run)
        return SessionRun(run)

    def _prepare(self, query: Query, first: OwnPrompt) -> PreparedRun:
        if query.retry_of is not None:
            from tui.operations.sessions.recovery import require_retriable

            require_retriable(self._context(), self._folder, query.retry_of, query.resumed)
        context = self._context()
        if (patience := self._permission_timeout) is not None:
            context = replace(
                context, settings=replace(context.settings, permission_timeout=patience)
            )
        prepared = prepare(context, self._folder, query, first, self.max_age_days)
        try:
            self._tell_unrecorded(prepared.given.options)
        except BaseException:  # of a filter of the pipeline's logging
            prepared.lock.release()
            raise
        return prepared

    def _tell_unrecorded(self, options: ClaudeAgentOptions | None) -> None:
        """Warn of what no resume by others will have, once rather than with every query."""
        names = unrecorded(options) if options is not None else ()
        if names and names not in self._told:
            self._told.append(names)
            said = ", ".join(names)
            logger.warning("No resume by others will have what cannot be recorded: %s", said)


def _now() -> datetime:
    return datetime.now(UTC)


async def _result(run: SessionRun) -> ResultMessage:
    async for _ in _messages(run):
        pass
    if run.result is None:
        raise RunFailed("the run ended without a result")
    return run.result


async def _messages(run: SessionRun) -> AsyncGenerator[Message, None]:
    async with run:
        async for message in run:
            yield message
