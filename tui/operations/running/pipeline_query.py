"""Prepares a query of the pipeline: its session, its agent's options, and its lock."""

from __future__ import annotations

import json
import logging
import os
import uuid
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.claude.config_dir import CONFIG_DIR, footprint
from tui.claude.layout import is_transcript, projects_folder
from tui.claude.session_id import require_session_id
from tui.core.errors import ConsoleError, NotTracked, Reason, Refused, UsageError
from tui.core.models.row import Row
from tui.core.prompts import Prompts
from tui.core.recorded_agent import UNRECORDED, known_unrecorded
from tui.core.run_events import OnEvent
from tui.core.sessions.row_transitions import OF_RUNS
from tui.core.text.safe_text import one_line
from tui.core.time.expiry import length_of
from tui.core.time.zones import LOCAL, read_time, zone_name
from tui.operations.catalog.late_rows import write_late_row
from tui.operations.context import Context
from tui.operations.lost_options import says_rights, why_lost
from tui.operations.running.agent_options import agent_options, lacking, stage_gives
from tui.operations.running.closed_places import closed_places, work_folder
from tui.operations.running.hold import require_not_held
from tui.operations.target import Target, hold_lock, make_listing
from tui.runs.agent.recorded_options import (
    HOLDS_BACK,
    GivenOptions,
    chosen_names,
    decides_itself,
    recorded_options,
    unrecorded,
    without,
)
from tui.runs.folder.protocol import Mode, RunSpec, new_run_id
from tui.runs.hosted.retries import retried_by
from tui.runs.hosted.run import PreparedRun
from tui.runs.prompt_queue import OwnPrompt
from tui.settings import Settings, load_settings
from tui.storage.session_locks import SessionLock
from tui.storage.sqlite.connection import WRITE_TIMEOUT_S
from tui.storage.table.tracking import read_rows

if TYPE_CHECKING:
    from claude_agent_sdk import ClaudeAgentOptions

logger = logging.getLogger(__name__)

_told: set[tuple[str, ...]] = set()  # each is said once by a process, not by every query

# Which session it is, or how the CLI is talked to: two of them contradict each other.
_OUR_FLAGS = frozenset(
    {
        *("resume", "r", "continue", "c", "session-id", "fork-session", "resume-session-at"),
        *("from-pr", "teleport", "cloud", "bg", "background", "print", "p"),
        *("input-format", "output-format"),
    }
)

OPERATOR = "pipeline"


@dataclass(frozen=True, slots=True)
class Query:
    """What a pipeline asks for: the arguments of all that starts an agent for it.

    `listing_id` is the name of the listing's folder unless given.
    A new session lasts `max_age_days`, and a resumed one at least so many more; `None` means as the
    manager and the settings say. `metadata` is added to the session's own. With `take_over`, what
    runs a resumed session is ended first; the failure of the session `retry_of`, and of those that
    it had tried again itself, is settled by an answer. `on_event` is told of this run. With
    `follow_ups` the turns that operators add are the pipeline's, too.
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
    def is_verbatim(self) -> bool:
        """Whether a slash command in a prompt is text."""
        return self.options is not None and self.options.verbatim_prompts


@dataclass(frozen=True, slots=True)
class _QuerySession:
    mode: Mode
    target: Target
    source_id: str = ""


def prepare(
    context: Context, folder: Path, query: Query, first: OwnPrompt, max_age_days: float
) -> PreparedRun:
    """Return the run of a query in the listing `folder`, with the session's lock held; blocking.

    It begins with the prompt `first`; a new session lasts `max_age_days` unless the query says.

    Raises `Refused` when the root is held, the session is live, or has no transcript to resume;
    `UnknownId`, `UsageError` for bad arguments; `DatabaseProblem` when the session's agent options
    cannot be read.
    """
    _require_sound(query)
    days = max_age_days if query.max_age_days is None else query.max_age_days
    max_age = length_of(days, "max_age_days")
    _require_our_config_dir(query, folder / CONFIG_DIR)
    require_not_held(context.root)
    chosen = _session_of(query, folder)
    make_listing(folder)
    if chosen.mode != "new":
        write_late_row(context, folder, chosen.source_id or chosen.target.session_id)
    lock = _take_lock(context, query, chosen)
    try:
        if chosen.mode != "resume":
            _require_unused(chosen.target)
        if chosen.mode != "new":
            _require_transcript(Target(chosen.source_id or chosen.target.session_id, folder))
        spec = _spec(context, query, chosen, first, max_age)
    except BaseException:  # even an interrupt must release the lock
        lock.release()
        raise
    left_out = {name: spec.agent[name] for name in (UNRECORDED,) if name in spec.agent}
    recorded = _recorded(query) | left_out
    given = GivenOptions(query.options, recorded, first, owns_follow_ups=query.follow_ups)
    return PreparedRun(spec, folder, lock, given)


def _require_sound(query: Query) -> None:
    if query.take_over and not query.resumed:
        raise UsageError("take_over goes with resume: a new session is nobody's")
    if not one_line(query.stage):
        raise UsageError("a query needs the stage of its session")
    try:
        metadata = json.loads(json.dumps(dict(query.metadata or {}), allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"the metadata cannot be kept as JSON: {one_line(error)}") from error
    extra = query.options.extra_args if query.options is not None else {}
    if ours := next((one for one in extra if _flag(one) in _OUR_FLAGS), None):
        raise UsageError(
            f"extra_args cannot have {one_line(ours)}: which session it is, and how the CLI is "
            "talked to, is for the manager to say (resume=ID, options.fork_session)"
        )
    if own := metadata.keys() & OF_RUNS:
        raise UsageError(f"metadata cannot have {one_line(min(own))}: it is the session's own")


def _flag(name: str) -> str:
    return name.strip().lstrip("-").partition("=")[0]


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
    named = {one for one in (query.resume, options and options.resume) if one}
    if options and options.continue_conversation:
        raise UsageError(
            "continue_conversation goes on with whichever session is the newest, and others may "
            "run beside it: name the one that you mean, resume=ID"
        )
    if len(named) > 1:
        raise UsageError("name the session to resume once: resume=ID")
    given = str(options.session_id) if options and options.session_id else str(uuid.uuid4())
    if not named:
        return _QuerySession("new", Target(require_session_id(given), folder))
    source = Target(require_session_id(named.pop()), folder)
    if options and options.fork_session:
        return _QuerySession("fork", Target(require_session_id(given), folder), source.session_id)
    return _QuerySession("resume", source)


def _require_unused(target: Target) -> None:
    """Raise `UsageError` for the id of a session that exists: the CLI would not begin it anew."""
    if _has_transcript(target):
        raise UsageError(
            f"options.session_id names a session that exists: resume={target.session_id} goes on "
            "with it"
        )


def _has_transcript(target: Target) -> bool:
    return any(map(is_transcript, footprint(target.config_dir, target.session_id)))


def _require_transcript(target: Target) -> None:
    if not _has_transcript(target):
        raise Refused(
            f"{target.short} has no transcript below {projects_folder(target.config_dir)}: its "
            "agent never began (then retry_of settles its failure), or it was deleted, swept by "
            "the CLI, or written elsewhere",
            Reason.NO_TRANSCRIPT,
            remedy=f"show {target.short}",
        )


def _take_lock(context: Context, query: Query, chosen: _QuerySession) -> SessionLock:
    """Take the session's lock while nothing else runs it; a new session is nobody else's yet."""
    target = chosen.target
    try:
        if chosen.mode != "resume":
            return SessionLock.take(target.folder, target.session_id)
        if query.take_over:
            from tui.operations.running.ending import take_over

            _require_transcript(target)
            return take_over(context, target, query.listing_id)
        with hold_lock(target) as lock:
            return lock.handed_on()
    except OSError as error:
        words = f"the session's lock cannot be taken: {error.strerror or error}"
        raise ConsoleError(words, Reason.of(error)) from error


def _spec(
    context: Context, query: Query, chosen: _QuerySession, first: OwnPrompt, max_age: timedelta
) -> RunSpec:
    settings, target, now = context.settings, chosen.target, context.clock()
    row = _row(target, chosen.source_id or target.session_id) if chosen.mode != "new" else None
    if chosen.mode != "new":
        _require_options_known(query, target, chosen.source_id or target.session_id, row)
    replayed = _recorded_options(context, query, row)
    agent = replayed | _recorded(query) | _left_out(query, chosen, replayed)
    keeps = settings.resume_keeps if query.max_age_days is None else max_age
    keeps_until = now + keeps
    return RunSpec(
        run_id=new_run_id(now),
        session_id=target.session_id,
        listing_id=query.listing_id,
        stage=query.stage,
        mode=chosen.mode,
        prompt=first.text,
        db_path=target.db_path,
        config_dir=target.config_dir,
        cwd=_cwd(context, query, target.folder, agent),
        operator=settings.operator,
        created_at=now,
        expires_at=_expiry(chosen, row, now + max_age, keeps_until),
        keeps_until=keeps_until,
        agent=agent,
        zone=zone_name(LOCAL),
        permission_timeout_s=settings.permission_timeout.total_seconds(),
        source_id=chosen.source_id,
        stall_timeout_s=settings.stall_timeout.total_seconds(),
        decides_itself=query.options is not None and decides_itself(query.options),
        stage_gives=stage_gives(settings, query.stage),
        closed=closed_places(settings, target.folder),
        audit_days=settings.audit_days,
        metadata=dict(query.metadata or {}),
        retried=retried_by(target.folder, chosen.mode, target.session_id, query.retry_of or ""),
    )


def _row(target: Target, session_id: str) -> Row | None:
    try:
        rows = read_rows(target.db_path, WRITE_TIMEOUT_S)
    except NotTracked:
        return None
    return next((row for row in rows if row.session_id == session_id), None)


def _require_options_known(query: Query, target: Target, session_id: str, row: Row | None) -> None:
    """Raise `Refused` when the agent's recorded options are lost and not given again."""
    given = recorded_options(query.options) if query.options is not None else {}
    if says_rights(given):
        return
    if why := why_lost(target.folder, target.db_path, session_id, row):
        short = session_id[:8]
        raise Refused(
            f"{short} may not go on with more than it had, and its agent's options are unknown: "
            f"{why}. Say in the options what it may do (tools, allowed_tools, disallowed_tools or "
            f"permission_mode), or, if it was overwritten, `reapply {short}` first",
            Reason.OPTIONS_LOST,
        )


def _recorded(query: Query) -> dict[str, Any]:
    return recorded_options(query.options) if query.options is not None else {}


def _left_out(
    query: Query, chosen: _QuerySession, replayed: Mapping[str, Any]
) -> dict[str, list[str]]:
    """Return the names of what a later resume will lack, and tell of what this run does.

    Raises `UsageError` if the session's agent was held back by what is not given again.
    """
    given = chosen_names(query.options) if query.options is not None else frozenset()
    short, left = chosen.target.short, without(lacking(replayed), given)
    if freed := [one for one in left if one in HOLDS_BACK]:
        raise UsageError(
            f"{short} was run with {', '.join(freed)}, which nobody can record and which may hold "
            "its agent back: give it in the options again, or an empty one for none"
        )
    if left:
        logger.warning("%s goes on without its %s: give it in the options", short, ", ".join(left))
    now = unrecorded(query.options) if query.options is not None else ()
    if now and now not in _told:
        _told.add(now)
        logger.warning("No resume by others will have what cannot be recorded: %s", ", ".join(now))
    known = known_unrecorded(replayed)
    names = [*dict.fromkeys((*without(known, given), *now))]
    return {UNRECORDED: names} if known or names else {}


def _recorded_options(context: Context, query: Query, row: Row | None) -> dict[str, Any]:
    """Return the options that make a resumed session the same agent, bounded as for every row."""
    if row is None:
        return {}
    options, notes = agent_options(context.settings, row.stage, row.details())
    for note in notes:
        logger.warning("%s: %s", row.session_id[:8], note)
    return options


def _cwd(context: Context, query: Query, folder: Path, agent: Mapping[str, Any]) -> Path:
    """Return where the agent works: as given, else as recorded if allowed, else our own cwd."""
    here, asked = Path.cwd(), agent.get("cwd")
    if not asked:
        return here
    path = Path(str(asked))
    if path == here or (query.options and query.options.cwd):
        return path
    return work_folder(context.settings, query.stage, folder, str(asked))[0] or here


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
