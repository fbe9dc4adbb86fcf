"""The pipeline's own way in: the guide's `SessionManager`, safe beside consoles and other runs."""

from __future__ import annotations

import asyncio
import logging
import os
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar
from weakref import WeakSet

from tui.claude.config_dir import CONFIG_DIR, footprint, postpone_sweep, refresh_children
from tui.claude.layout import is_transcript
from tui.claude.session_id import require_session_id
from tui.core.errors import ConsoleError, DatabaseProblem, NotTracked, RunFailed
from tui.core.event_loop import require_no_loop
from tui.core.models.row import Status
from tui.core.time.zones import LOCAL, read_time
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.context import Context
from tui.operations.running.pipeline_query import OPERATOR, Query, prepare
from tui.operations.sessions.recovery import require_retriable
from tui.operations.target import DATABASE
from tui.operations.trash.cleanup import CleanupPlan, clean_up, plan_cleanup
from tui.runs.hosted.callback import OnEvent
from tui.runs.hosted.own_prompts import OwnPrompts, Prompts
from tui.runs.hosted.run import HostedRun, PreparedRun
from tui.runs.hosted.run_watch import RunWatch, Watchers
from tui.runs.prompt_queue import OwnPrompt
from tui.safe_io.folders import is_link, without_dots
from tui.safe_io.opening import guard_below
from tui.session_care import SessionCare, in_thread
from tui.session_run import SessionRun
from tui.storage.sqlite import async_transactions
from tui.storage.state.hold import read_hold
from tui.storage.table.tracking import Transactions, active_rows, all_rows

if TYPE_CHECKING:
    from claude_agent_sdk import ClaudeAgentOptions, Message, ResultMessage

logger = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


class SessionManager(SessionCare):
    """Tracks, extends, cleans up and runs the sessions of one listing, as the guide's class does.

    `async with SessionManager(...) as manager` does `setup` and `init_table`, and leaving it ends
    the agents that still run.

    `output_dir` is the listing's folder, its parent the root; one process can use several listings.
    `on_event`, a function or coroutine function, is told what happens to each run, as a
    `tui.RunEvent`; the same is logged by `tui.runs`, with prompts only if `log_prompts`.
    Naive times are local. No async method blocks the event loop. Unless stated otherwise, methods
    raise `DatabaseProblem` when the table cannot be read or written, and `UnknownId` for an invalid
    session id.
    """

    def __init__(
        self,
        output_dir: Path | str,
        max_age_days: float = 30,
        *,
        on_event: OnEvent | None = None,
        log_prompts: bool = False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.output_dir = Path(output_dir)
        self.sessions_dir = self.output_dir / CONFIG_DIR
        self.db_path = self.output_dir / DATABASE
        self.max_age_days = max_age_days
        self._clock = clock
        self._watchers = Watchers(on_event, log_prompts)
        self._folder = without_dots(self.output_dir.absolute())
        guard_below(self._folder.parent)
        self._config_dir = self._folder / CONFIG_DIR
        self._database = self._folder / DATABASE
        self._transactions = Transactions(LOCAL, OPERATOR)
        self._runs: WeakSet[SessionRun] = WeakSet()

    async def __aenter__(self) -> SessionManager:
        """Do `setup` and `init_table`."""
        await in_thread(self.setup)
        await self.init_table()
        return self

    async def __aexit__(self, *_: object) -> None:
        """End the agents that this manager still runs in this event loop."""
        await asyncio.gather(*(run.end() for run in tuple(self._runs)))

    def setup(self) -> Path:
        """Make the sessions' folder, set this process's environment to it, and return it.

        The CLI itself reads only `CLAUDE_CONFIG_DIR`. Not needed for `query`.
        """
        self.sessions_dir.mkdir(parents=True, exist_ok=True)
        for name in ("CLAUDE_CONFIG_DIR", "CLAUDE_SESSION_DIR"):
            os.environ[name] = str(self._config_dir)
        if is_link(self._config_dir):
            logger.warning("%s is a link, and links are not followed", self.sessions_dir)
        else:
            refresh_children(self._config_dir, self._clock())
        logger.info("Claude sessions: %s", self.sessions_dir)
        return self.sessions_dir

    async def init_table(self) -> None:
        """Make the table of sessions, and the listing's folder, if they do not exist."""
        steps = self._transactions.init_table()
        await in_thread(self._folder.mkdir, parents=True, exist_ok=True)
        await async_transactions.write(self._database, steps, creates=True)

    async def track_session(
        self,
        session_id: str,
        stage: str,
        listing_id: str,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Track a session for `max_age_days` from now, and protect it from the CLI's own sweep.

        A session that is already tracked keeps its creation time, a later expiry, and its metadata
        unless new is given; its agent's recorded options always stay.
        """
        now, session_id = self._clock(), require_session_id(session_id)
        until = now + timedelta(days=self.max_age_days)
        steps = self._transactions.track(
            session_id,
            listing_id=listing_id,
            stage=stage,
            now=now,
            expires_at=until,
            metadata=metadata,
        )
        await in_thread(self._folder.mkdir, parents=True, exist_ok=True)
        row = await async_transactions.write(self._database, steps, creates=True)
        try:
            await in_thread(
                self._postpone_sweep, session_id, now, read_time(row.expires_at, LOCAL) or until
            )
        except ConsoleError as problem:
            logger.warning("%s: %s", session_id, problem)
        logger.info("Tracked session: %s (until %s)", session_id, row.expires_at)

    async def extend_session(self, session_id: str, additional_days: float = 7) -> None:
        """Extend a session's expiry, and the CLI's sweep, to that many days from now.

        Raises `ConsoleError` when the CLI's sweep cannot be postponed. Logs a warning for an id
        that is not tracked.
        """
        now, session_id = self._clock(), require_session_id(session_id)
        until = now + timedelta(days=additional_days)
        has_transcript = await in_thread(self._postpone_sweep, session_id, now, until)
        steps = self._transactions.mark_extended(
            session_id, now=now, until=until, has_transcript=has_transcript
        )
        row = await async_transactions.write(self._database, steps)
        if row is None:
            logger.warning("Session %s is not tracked: nothing was extended", session_id)
            return
        logger.info("Extended session %s (until %s)", session_id, row.expires_at)

    async def cleanup_expired(self) -> int:
        """Move the expired sessions that are not running to the trash; return how many.

        Includes leftovers of earlier clean-ups. Does nothing, and logs a warning, while an operator
        holds the root.
        """
        return await in_thread(self._clean_up, is_expired=True)

    async def cleanup_by_age(self, max_age_days: float) -> int:
        """Move the sessions inactive for that long to the trash; return how many."""
        return await in_thread(self._clean_up, older_than=timedelta(days=max_age_days))

    async def cleanup_by_size(self, max_bytes: int) -> int:
        """Move the least recently active sessions to the trash until the rest fits; as above."""
        return await in_thread(self._clean_up, max_bytes=max_bytes)

    async def list_active_sessions(self) -> list[dict[str, Any]]:
        """Return the active sessions, newest first, each with all columns of its row as stored."""
        try:
            return await async_transactions.read(self._database, active_rows())
        except NotTracked:
            return []

    async def get_session_stats(self) -> dict[str, int]:
        """Return how many sessions have each status, and as `expired_pending_cleanup` how many
        `cleanup_expired` would take now."""
        try:
            rows = await async_transactions.read(self._database, all_rows())
        except NotTracked:
            rows = ()
        pending = await in_thread(self._pending)
        return dict(Counter(row.status for row in rows)) | {"expired_pending_cleanup": pending}

    async def mark_session_failed(self, session_id: str, reason: str | None = None) -> None:
        """Mark a session failed; without a reason, an earlier one stays.

        Logs a warning for an id that is not tracked.
        """
        require_session_id(session_id)
        if reason is None and await self._has_reason(session_id):
            return
        words = reason or "the pipeline gave no reason"
        steps = self._transactions.mark_failed(session_id, now=self._clock(), reason=words)
        row = await async_transactions.write(self._database, steps)
        if row is None:
            logger.warning("Session %s is not tracked: it cannot be marked failed", session_id)

    def query(
        self,
        prompt: Prompts,
        *,
        stage: str,
        listing_id: str,
        resume: str | None = None,
        options: ClaudeAgentOptions | None = None,
        max_age_days: float | None = None,
        follow_ups: bool = False,
        metadata: Mapping[str, Any] | None = None,
        take_over: bool = False,
        retry_of: str | None = None,
    ) -> AsyncGenerator[Message, None]:
        """Run an agent and yield the SDK's messages; consoles follow and steer it meanwhile.

        `prompt` is a string, one of the SDK's user messages, or a stream of them, each a turn of
        its own. The session is tracked before `init` is yielded, with the options that shape its
        agent; `metadata` is added to its own. `resume` goes on as that agent, and what is set in
        `options` wins; with `take_over` what runs it is ended first. An answer acknowledges the
        failure of `retry_of`. Operators are asked for permissions, unless `options` say who
        answers. Their turns once the prompt is answered are waited for, and yielded only with
        `follow_ups` (see `prompted_by`). Leaving the iteration ends the agent.
        Raises `Refused` before anything starts when the session is live or the root is held;
        `RunFailed` with the reason, which its row then has too, when a turn fails; `RunStopped`,
        which is no `RunFailed`, when an operator stops it: don't start it again by yourself.
        """
        run = self._run(
            prompt,
            follow_ups=follow_ups,
            stage=stage,
            listing_id=listing_id,
            resume=resume,
            options=options,
            max_age_days=max_age_days,
            metadata=metadata,
            takes_over=take_over,
            retry_of=retry_of,
        )
        return _messages(run)

    def session(
        self,
        prompt: Prompts,
        *,
        stage: str,
        listing_id: str,
        resume: str | None = None,
        options: ClaudeAgentOptions | None = None,
        max_age_days: float | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> SessionRun:
        """Run an agent as `query` does, and hold it: `async with manager.session(...) as run`.

        See `SessionRun` for what can be done with it, and how it ends. Entering it raises what
        `query` raises before anything starts.
        """
        return self._run(
            prompt,
            stays=True,
            stage=stage,
            listing_id=listing_id,
            resume=resume,
            options=options,
            max_age_days=max_age_days,
            metadata=metadata,
        )

    def run(
        self,
        prompt: Prompts,
        *,
        stage: str,
        listing_id: str,
        resume: str | None = None,
        options: ClaudeAgentOptions | None = None,
        max_age_days: float | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> ResultMessage:
        """Run an agent as `query` does and return its result, for a pipeline without asyncio.

        Raises `UsageError` where an event loop runs already.
        """
        require_no_loop()
        run = self._run(
            prompt,
            stage=stage,
            listing_id=listing_id,
            resume=resume,
            options=options,
            max_age_days=max_age_days,
            metadata=metadata,
        )
        return asyncio.run(_result(run))

    def _run(
        self,
        prompt: Prompts,
        *,
        max_age_days: float | None,
        follow_ups: bool = False,
        stays: bool = False,
        **asked: Any,
    ) -> SessionRun:
        days = self.max_age_days if max_age_days is None else max_age_days
        keeps = None if max_age_days is None else timedelta(days=max_age_days)
        query = Query(max_age=timedelta(days=days), keeps=keeps, **asked)
        run = HostedRun(
            lambda first: self._prepare(query, first),
            self._clock,
            OwnPrompts(prompt, is_verbatim=query.is_verbatim),
            resumed=(self._folder, query.resumed),
            follow_ups=follow_ups,
            stays=stays,
            succeeded=self._settling(query.retry_of) if query.retry_of else None,
            watch=RunWatch(self._watchers, self._clock, **query.told_as),
        )
        held = SessionRun(run)
        self._runs.add(held)
        return held

    def _prepare(self, query: Query, first: OwnPrompt) -> PreparedRun:
        if query.retry_of is not None:
            require_retriable(self._context(), self._folder, query.retry_of, query.resumed)
        return prepare(self._context(), self._folder, query, first)

    async def _has_reason(self, session_id: str) -> bool:
        rows = await async_transactions.read(self._database, all_rows())
        row = next((one for one in rows if one.session_id == session_id), None)
        return row is not None and row.status == Status.FAILED

    def _postpone_sweep(self, session_id: str, now: datetime, until: datetime) -> bool:
        """Postpone the CLI's sweep and the guide's clean-up by age; whether it has a transcript.

        Raises `ConsoleError`.
        """
        places = footprint(self._config_dir, session_id)
        written = [_modified_at(place) for place in places if is_transcript(place)]
        if self._config_dir.is_dir() and not is_link(self._config_dir):
            postpone_sweep(self._config_dir, max(written, default=now), until)
            refresh_children(self._config_dir, now)
        return bool(written)

    def _clean_up(self, **selection: Any) -> int:
        context = self._context()
        hold = read_hold(context.root)
        if hold is not None:
            logger.warning("Nothing is cleaned up: %s holds %s", hold.by, context.root)
            return 0
        cleaned = clean_up(context, self._plan(context, **selection))
        for reason, times in cleaned.failures.items():
            logger.warning("Not cleaned up: %s (%d times)", reason, times)
        logger.info("%s", cleaned.words)
        return len(cleaned.acts)

    def _pending(self) -> int:
        return len(self._plan(self._context(), is_expired=True).sessions)

    def _plan(self, context: Context, **selection: Any) -> CleanupPlan:
        catalog = CatalogScanner(context).look(only=self._folder.name)
        listing = catalog.listing(self._folder.name)
        if listing is not None and not listing.has_rows:
            raise DatabaseProblem(listing.problem)
        return plan_cleanup(
            context, replace(catalog, listings=tuple(filter(None, [listing]))), **selection
        )


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


def _modified_at(path: Path) -> datetime:
    return datetime.fromtimestamp(path.lstat().st_mtime, UTC)
