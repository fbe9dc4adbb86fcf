"""Prepares a query of the pipeline: its session, its agent's options, and its lock."""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Mapping, Set
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.claude.config_dir import CONFIG_DIR, footprint
from tui.claude.layout import is_transcript
from tui.claude.session_id import is_cli_id, require_session_id
from tui.claude.transcript_files.entry_lookup import fork_point
from tui.core.errors import ConsoleError, NotTracked, Reason, Refused, UsageError
from tui.core.models.row import Row
from tui.core.prompts import Prompts
from tui.core.recorded_agent import CAN_BE_LEFT, not_leavable
from tui.core.run_events import OnEvent
from tui.core.sessions.row_transitions import OWN_DETAILS
from tui.core.sessions.rows.row_arguments import require_json, require_short, require_stage
from tui.core.text.safe_text import one_line
from tui.core.time.expiry import length_of
from tui.core.time.zones import LOCAL, read_time, zone_name
from tui.core.values import KW_ONLY, dataclass, replace
from tui.operations.catalog.late_rows import write_late_row
from tui.operations.context import Context
from tui.operations.logbook_entry import log_left_out
from tui.operations.running.agent_options import stage_gives
from tui.operations.running.closed_places import closed_places
from tui.operations.running.hold import require_not_held
from tui.operations.running.resumed_agent import (
    ResumedAgent,
    new_agent,
    require_work_folder,
    require_writing_user,
    resumed_agent,
)
from tui.operations.target import (
    Target,
    has_transcript,
    hold_lock,
    make_listing,
    require_transcript,
    require_unused,
)
from tui.runs.agent.recorded_options import GivenOptions, as_taken, decides_itself
from tui.runs.folder.protocol import Mode, RunSpec, new_run_id
from tui.runs.hosted.prepared_run import PreparedRun
from tui.runs.hosted.retries import retried_by
from tui.runs.prompt_queue import OwnPrompt
from tui.settings import Settings, load_settings
from tui.storage.session_locks import SessionLock
from tui.storage.sqlite.connection import WRITE_TIMEOUT_S
from tui.storage.table.tracking import read_rows

if TYPE_CHECKING:
    from claude_agent_sdk import ClaudeAgentOptions

logger = logging.getLogger(__name__)

_OF_RESUMES = ("fork_session", "resume_session_at", "resume_drops_turn")

OPERATOR = "pipeline"


@dataclass(frozen=True, slots=True)
class Query:
    """What a pipeline asks for: the arguments of all that starts an agent for it.

    `listing_id` is the name of the listing's folder unless given.
    A new session lasts `max_age_days`, and a resumed one at least so many more; `None` means as the
    manager and the settings say. `metadata` is added to the session's own. With `take_over`, what
    runs a resumed session is ended first; the failure of the session `retry_of`, and of those that
    it had tried again itself, is settled by an answer. `on_event` is told of this run. With
    `follow_ups` the turns that operators add are the pipeline's, too. A resumed agent goes on
    `without` these options: what cannot be recorded and may have held it back, and recorded limits.
    """

    prompt: Prompts
    _: KW_ONLY
    stage: str
    listing_id: str = ""
    resume: str | None = None
    options: ClaudeAgentOptions | None = None
    max_age_days: float | None = None
    follow_ups: bool = False
    metadata: Mapping[str, Any] | None = None
    take_over: bool = False
    retry_of: str | None = None
    without: list[str] | tuple[str, ...] | Set[str] = ()
    on_event: OnEvent | None = None

    @property
    def told_as(self) -> dict[str, str]:
        """Whose run it is, for those who watch it."""
        return {
            "session_id": self.resumed,
            "listing_id": self.listing_id,
            "stage": self.stage,
        }

    @property
    def resumed(self) -> str:
        """The session to go on with; empty for a new one."""
        return self.resume or (self.options and self.options.resume) or ""

    @property
    def sources(self) -> frozenset[str]:
        """The sessions that it names to go on with, which may be none."""
        given = self.options.resume if self.options is not None else None
        return frozenset(one for one in (self.resume, given) if one is not None)

    @property
    def is_verbatim(self) -> bool:
        """Whether a slash command in a prompt is text."""
        return self.options is not None and self.options.verbatim_prompts


@dataclass(frozen=True, slots=True)
class _QuerySession:
    mode: Mode
    target: Target
    source_id: str = ""

    @property
    def source(self) -> Target:
        """The session that it goes on with, if it is not a new one."""
        return Target(self.source_id or self.target.session_id, self.target.folder)


def prepare(
    context: Context, folder: Path, query: Query, first: OwnPrompt, max_age_days: float
) -> PreparedRun:
    """Return the run of a query in the listing `folder`, with the session's lock held; blocking.

    It begins with the prompt `first`; a new session lasts `max_age_days` unless the query says.

    Raises `Refused` when the root is held, the session is live, or has no transcript to resume;
    `UnknownId`, `UsageError` for bad arguments; `DatabaseProblem` when the session's agent options
    cannot be read.
    """
    query = _sound(query, folder)
    days = max_age_days if query.max_age_days is None else query.max_age_days
    max_age = length_of(days, "max_age_days")
    _require_our_config_dir(query, folder / CONFIG_DIR)
    require_not_held(context.root)
    chosen = _whole(context, _session_of(query, folder))
    make_listing(folder)
    if chosen.mode != "new":
        write_late_row(context, folder, chosen.source.session_id)
    lock = _take_lock(context, query, chosen)
    try:
        if chosen.mode != "resume" and _names_its_id(query):
            require_unused(context, chosen.target, "options.session_id")
        if chosen.mode != "new":
            require_transcript(chosen.source)
        row = _row(chosen.source) if chosen.mode != "new" else None
        agent = _agent(context, query, chosen, row)
        spec = _spec(context, query, chosen, first, max_age, row=row, agent=agent)
    except BaseException:  # even an interrupt must release the lock
        lock.release()
        raise
    given = GivenOptions(
        query.options,
        agent.given,
        first,
        owns_follow_ups=query.follow_ups,
        base=agent.base,
    )
    return PreparedRun(spec, folder, lock, given)


def _agent(context: Context, query: Query, chosen: _QuerySession, row: Row | None) -> ResumedAgent:
    source, options = chosen.source, query.options
    if chosen.mode == "new":
        agent = new_agent(options)
    else:
        _require_entry(source, options)
        agent = resumed_agent(context, source, row, query.stage, options, left_out=query.without)
    require_writing_user(options, chosen.target, agent.cwd)
    if agent.left_out:
        log_left_out(context, source.folder.name, source.session_id, agent.left_out)
        said = ", ".join(agent.left_out)
        logger.info("%s goes on without its %s, as asked", source.short, said)
    return agent


def _sound(query: Query, folder: Path) -> Query:
    """Return it with options as the SDK takes them; raises `UsageError` for bad arguments."""
    query = replace(query, options=query.options and as_taken(query.options))
    if (odd := not_leavable(query.without)) is not None:
        known = ", ".join(sorted(CAN_BE_LEFT))
        raise UsageError(
            f"without cannot be {one_line(odd)[:40]!r}: it takes {known}, and what a refusal "
            "names; nothing else is missed"
        )
    _require_goes_on(query)
    require_stage(query.stage)
    require_short("listing_id", query.listing_id)
    require_json(query.metadata)
    if own := (query.metadata or {}).keys() & OWN_DETAILS:
        raise UsageError(f"metadata cannot have {one_line(min(own))}: it is the session's own")
    cwd = query.options.cwd if query.options is not None else None
    if cwd and Path(cwd) not in (folder, folder.absolute()):  # the listing's own is made first
        require_work_folder(cwd)
    return query


def _require_goes_on(query: Query) -> None:
    """Raise `UsageError` for what a new session cannot mean, or one that is resumed."""
    options = query.options
    if query.resumed:
        own = options.session_id if options is not None and not options.fork_session else None
        if own not in (None, query.resumed):
            raise UsageError(
                "options.session_id is of a new session, or a fork (options.fork_session): a "
                "resumed one keeps its own"
            )
        return
    if query.take_over:
        raise UsageError("take_over goes with resume: a new session is nobody's")
    if query.without:
        raise UsageError("without goes with resume: a new session has nothing to go without")
    for name in _OF_RESUMES:
        if getattr(options, name, None):
            raise UsageError(f"options.{name} goes with resume: name the session to go on with")


def _require_our_config_dir(query: Query, config_dir: Path) -> None:
    """Raise `UsageError` for an environment that would keep the session in another place."""
    for name in ("CLAUDE_CONFIG_DIR", "CLAUDE_SESSION_DIR"):
        given = query.options.env.get(name) if query.options is not None else None
        if given and os.path.realpath(given) != os.path.realpath(config_dir):
            raise UsageError(
                f"options.env sets {name} to {one_line(given)}, and this listing's sessions are "
                f"kept in {one_line(config_dir)}: leave it out, or use the SessionManager of the "
                "listing that you mean"
            )


def _session_of(query: Query, folder: Path) -> _QuerySession:
    """Return the session of the query; without an id nobody could lock it."""
    options = query.options
    named = set(query.sources)
    if options and options.continue_conversation:
        raise UsageError(
            "continue_conversation goes on with whichever session is the newest, and others may "
            "run beside it: name the one that you mean, resume=ID"
        )
    if len(named) > 1:
        raise UsageError("name the session to resume once: resume=ID")
    given = options.session_id if options and options.session_id is not None else str(uuid.uuid4())
    if not named:
        return _QuerySession("new", Target(require_session_id(given), folder))
    source = Target(require_session_id(named.pop()), folder)
    if options and options.fork_session:
        return _QuerySession("fork", Target(require_session_id(given), folder), source.session_id)
    return _QuerySession("resume", source)


def _names_its_id(query: Query) -> bool:
    return query.options is not None and query.options.session_id is not None


def _whole(context: Context, chosen: _QuerySession) -> _QuerySession:
    """Return it; raises `UnknownId` for an id that cannot be the CLI's, and says which is meant."""
    source = chosen.source
    is_sound = is_cli_id(source.session_id) and source.session_id == source.session_id.lower()
    if chosen.mode != "new" and not is_sound and not has_transcript(source):
        from tui.operations.running.ending import session_of

        session_of(context, source.folder, source.session_id)
    return chosen


def _require_entry(target: Target, options: ClaudeAgentOptions | None) -> None:
    """Raise `UsageError` for an entry to go on from that the session has not got."""
    at = options.resume_session_at if options is not None else None
    places = footprint(target.config_dir, target.session_id) if at else ()
    if at and not any(fork_point(one, at) for one in places if is_transcript(one)):
        raise UsageError(
            f"options.resume_session_at is {one_line(at)[:40]}, which is no entry of "
            f"{target.short}: `tail --json` prints the uuid of each"
        )


def _take_lock(context: Context, query: Query, chosen: _QuerySession) -> SessionLock:
    """Take the session's lock while nothing else runs it; a new session is nobody else's yet."""
    target = chosen.target
    try:
        if chosen.mode != "resume":
            return SessionLock.take(target.folder, target.session_id)
        if query.take_over:
            from tui.operations.running.ending import take_over

            require_transcript(target)
            return take_over(context, target, query.listing_id)
        with hold_lock(target) as lock:
            return lock.handed_on()
    except Refused as refused:
        if refused.reason is Reason.ORPHAN:
            refused.remedy = "take_over=True"  # which a pipeline has in place of a verb
        raise
    except OSError as error:
        words = f"the session's lock cannot be taken: {error.strerror or error}"
        raise ConsoleError(words, Reason.of(error)) from error


def _spec(
    context: Context,
    query: Query,
    chosen: _QuerySession,
    first: OwnPrompt,
    max_age: timedelta,
    *,
    row: Row | None,
    agent: ResumedAgent,
) -> RunSpec:
    settings, own, now = context.settings, chosen.target, context.clock()
    keeps_until = now + (settings.resume_keeps if query.max_age_days is None else max_age)
    return RunSpec(
        run_id=new_run_id(now),
        session_id=own.session_id,
        listing_id=query.listing_id,
        stage=query.stage,
        mode=chosen.mode,
        prompt=first.text,
        db_path=own.db_path,
        config_dir=own.config_dir,
        cwd=agent.cwd,
        operator=settings.operator,
        created_at=now,
        expires_at=_expiry(chosen, row, now + max_age, keeps_until),
        keeps_until=keeps_until,
        agent=agent.options,
        zone=zone_name(LOCAL),
        permission_timeout_s=settings.permission_timeout.total_seconds(),
        source_id=chosen.source_id,
        source_at=(query.options and query.options.resume_session_at) or "",
        stall_timeout_s=settings.stall_timeout.total_seconds(),
        decides_itself=query.options is not None and decides_itself(query.options),
        stage_gives=stage_gives(settings, query.stage),
        closed=closed_places(settings, own.folder),
        audit_days=settings.audit_days,
        metadata=dict(query.metadata or {}),
        retried=retried_by(own.folder, own.session_id, now, query.resumed, query.retry_of or ""),
    )


def _row(target: Target) -> Row | None:
    try:
        rows = read_rows(target.db_path, WRITE_TIMEOUT_S)
    except NotTracked:
        return None
    return next((row for row in rows if row.session_id == target.session_id), None)


def _expiry(
    chosen: _QuerySession, row: Row | None, until: datetime, keeps_until: datetime
) -> datetime:
    """Return when the session will expire; the CLI must not sweep it before."""
    if chosen.mode != "resume" or row is None:
        return until
    known = read_time(row.expires_at, LOCAL)
    return max(known, keeps_until) if known else keeps_until


def pipeline_settings(folder: Path) -> Settings:
    """Return the settings of a pipeline: its own root, and no operator's home."""
    try:
        settings = load_settings(os.environ, {})
    except UsageError as problem:
        logger.warning("The settings are ignored: %s", problem)
        settings = Settings()
    return replace(
        settings,
        root=folder.parent,
        operator=OPERATOR,
        read_only=False,
        claude_home=None,
        state_dir=None,
        cache_dir=None,
    )
