"""Resumes, forks or begins a session in a run that outlives the console."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tui.claude.slash_commands import require_same_session
from tui.claude.transcript_files.entry_lookup import fork_point
from tui.core.errors import ConsoleError, DatabaseProblem, Reason, Refused, UnknownId, UsageError
from tui.core.explanation import Explanation
from tui.core.listing_id import is_listing_id
from tui.core.models.audit import AuditEvent
from tui.core.models.row import Status
from tui.core.models.run import Progress, Run, SentCommand
from tui.core.models.session import Liveness, Session, State
from tui.core.text.safe_text import one_line
from tui.core.values import dataclass, replace
from tui.operations.catalog.late_rows import with_late_row
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.catalog.session_lookup import find_listing
from tui.operations.cause import cause_of
from tui.operations.context import Context, at_home
from tui.operations.logbook_entry import log_act, log_left_out
from tui.operations.lost_options import keep_options, lost_words, origin_words, recorded_agent
from tui.operations.owner import Owner, owner_elsewhere, require_silent
from tui.operations.running.agent_options import (
    agent_options,
    describe,
    lacks,
    require_held_back,
    stage_gives,
)
from tui.operations.running.closed_places import closed_places, work_folder
from tui.operations.running.hold import require_not_held
from tui.operations.running.preflight import require_startable, warnings
from tui.operations.running.restricted_console import require_inner_prompt
from tui.operations.target import (
    Target,
    busy,
    hold_lock,
    require_here,
    require_no_orphan,
    require_not_live,
    require_row_known,
    require_transcript_known,
    target_of,
)
from tui.runs.folder.protocol import Mode, RunSpec, new_run_id, require_sound_prompt, runs_folder
from tui.runs.hosted.retries import retried_by
from tui.runs.starting.launcher import launch
from tui.runs.starting.spare import SpareRunner
from tui.safe_io.folders import is_folder

DEFAULT_PROMPT = "Continue where we left off."


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """A run that could be started; `words` say what it will use, `notes` what else is to be known.

    `source_id` is the session that a fork continues, from its entry `source_at` if that is set;
    `taken_over` describes the owner that cannot be proven dead and is to be ignored. It is one of
    `together` runs that are started at once; 0 if it is alone. With `options_lost` it is started
    only once what its agent may do is named, under which what was `recorded` last applies; with
    `cwd_lost` only once it is said where it works. Its row then gets the options `kept`. It goes on
    without what is `left_out`, which may have held its agent back. It is started on `host`, if it
    names one.
    """

    mode: Mode
    target: Target
    listing: str
    stage: str
    agent: Mapping[str, Any]
    cwd: Path
    zone: str
    words: str
    notes: tuple[Explanation, ...] = ()
    source_id: str = ""
    source_at: str = ""
    kept_for: timedelta = timedelta(days=1)
    taken_over: str = ""
    together: int = 0
    options_lost: str = ""
    recorded: Mapping[str, Any] | None = None
    kept: Mapping[str, Any] | None = None
    left_out: tuple[str, ...] = ()
    cwd_lost: str = ""
    host: str = ""

    @property
    def goes_on(self) -> str:
        """The session that it goes on with or is a fork of; empty for a new one."""
        return self.source_id or (self.target.session_id if self.mode == "resume" else "")

    @property
    def warnings(self) -> tuple[Explanation, ...]:
        """What to know before it starts, with what it still lacks; may be empty."""
        lost = filter(None, (self.options_lost, self.cwd_lost))
        return (*map(Explanation, (*lost, *lacks(self.agent))), *self.notes)

    def require_options(self, *, restricted: bool) -> None:
        """Raise `Refused` while nobody knows what the session's agent may do, and where.

        Also while it lacks what may have held it back, and nobody said that it goes on without.
        """
        if self.options_lost:
            raise Refused(self.options_lost, Reason.OPTIONS_LOST)
        if self.cwd_lost:
            raise Refused(self.cwd_lost)
        require_held_back(self.goes_on[:8], self.agent, restricted=restricted)


@at_home
def plan_resume(
    context: Context, session: Session, *, fork: bool = False, takes_over: bool = False
) -> RunPlan:
    """Return how a session would be resumed; raises `Refused` with the reason and a way out.
    Also raises it for a mistake in this console's setup, so that the run does not fail. With
    `takes_over` an owner elsewhere that cannot be proven dead is ignored, unless its runner has
    just shown that it lives.
    """
    context.require_writable()
    require_not_held(context.root)
    session = with_late_row(context, session)
    source = target_of(session)
    require_here(source)
    require_startable(context.settings, source)
    owner = owner_elsewhere(session, context.clock()) if not fork else None
    if owner is not None:
        _require_taken_over(context, source, owner, takes_over=takes_over)
    _require_resumable(context, session, source, fork=fork, is_passed=owner is not None)
    known = recorded_agent(source.folder, source.db_path, source.session_id)
    agent, notes = agent_options(context.settings, session.stage, known.metadata)
    target = Target(str(uuid.uuid4()), source.folder) if fork else source
    cwd, cwd_lost = _cwd(context, source, session.stage, agent)
    return RunPlan(
        mode="fork" if fork else "resume",
        target=target,
        listing=session.listing,
        stage=session.stage,
        agent=agent,
        cwd=cwd,
        zone=session.zone,
        words=describe(agent) + origin_words(known),
        notes=(*map(Explanation, notes), *warnings(context.settings, target, session)),
        source_id=source.session_id if fork else "",
        kept_for=max_age(context, session.stage) if fork else context.settings.resume_keeps,
        taken_over=owner.words(context.clock()) if owner is not None else "",
        options_lost=lost_words(source, known),
        recorded=known.options,
        cwd_lost=cwd_lost,
    )


def fork_at(plan: RunPlan, session: Session, at: str) -> RunPlan:
    """Return the plan of a fork that begins at the entry with the uuid `at`, not at the end.

    At a tool call it begins after the results. Raises `UsageError` unless the session's transcript
    has that entry.
    """
    if plan.mode != "fork":
        raise UsageError("--at goes with --fork: a resume goes on from the end")
    try:
        found = fork_point(session.transcript.path, at) if session.transcript else None
    except OSError as error:
        raise ConsoleError(f"its transcript cannot be read: {error.strerror}") from error
    if found is None:
        said = f"{one_line(at)[:40]!r} is no entry of {session.session_id[:8]}"
        raise UsageError(f"{said}: `tail --json` prints the uuid of each")
    told = f"{found.unanswered} of its tool calls there have no result: the agent is told so"
    more = (Explanation(told),) if found.unanswered else ()
    return replace(plan, source_at=found.uuid, notes=(*plan.notes, *more))


def plan_new(context: Context, listing_id: str, stage: str, *, days: int | None = None) -> RunPlan:
    """Return how a new session of a listing would begin, with an id chosen here.

    Raises `UnknownId` when there is no such listing, `UsageError` for an empty stage, `Refused` for
    a mistake in this console's setup.
    """
    context.require_writable()
    require_not_held(context.root)
    if not one_line(stage):
        raise UsageError("a new session needs a stage: new LISTING PROMPT --stage STAGE")
    if not is_listing_id(listing_id):
        raise UnknownId(f"{one_line(listing_id)[:80]!r} is not a valid listing name")
    path = context.root / listing_id
    if path.is_symlink() or not is_folder(path, unknown=True):
        raise UnknownId(f"there is no listing {one_line(listing_id)}: make the folder {path} first")
    listing = find_listing(CatalogScanner(context).look(only=listing_id), listing_id)
    if not listing.has_rows:
        raise DatabaseProblem(f"nothing can be tracked now: {listing.problem}")
    target = Target(str(uuid.uuid4()), listing.path)
    require_startable(context.settings, target)
    agent, notes = agent_options(context.settings, stage, {})
    cwd, cwd_lost = _cwd(context, target, stage, agent)
    keeps = timedelta(days=days) if days else max_age(context, stage)
    return RunPlan(
        mode="new",
        target=target,
        listing=listing_id,
        stage=stage,
        agent=agent,
        cwd=cwd,
        zone=listing.zone,
        words=describe(agent),
        notes=(*map(Explanation, notes), *warnings(context.settings, target, None)),
        kept_for=keeps,
        cwd_lost=cwd_lost,
    )


def planned_session(plan: RunPlan, prompt: str, by: str, now: datetime) -> Session:
    """Return the new session of a plan as the console shows it until a scan finds it."""
    prompt = prompt.strip()
    run = Run(
        run_id="",
        session_id=plan.target.session_id,
        listing=plan.listing,
        folder=runs_folder(plan.target.folder) / plan.target.session_id,
        state="starting",
        operator=by,
        started_at=now,
        beat_at=now,
        progress=Progress(since=now),
        asked=SentCommand(kind="prompt", by=by, at=now, text=prompt),
    )
    return Session(
        plan.target.session_id,
        plan.listing,
        stage=plan.stage,
        status=Status.ACTIVE,
        liveness=Liveness.BUSY,
        state=State.OK,
        title=one_line(prompt),
        folder=plan.target.folder,
        zone=plan.zone,
        run=run,
    )


@at_home
def start(context: Context, plan: RunPlan, prompt: str, spare: SpareRunner | None = None) -> str:
    """Start the run, detached, and return its id; `Refused` when the session is live by now.

    It is given to the `spare` runner, if there is one.

    The session's lock is taken here and handed to the runner, so of two simultaneous starts one is
    refused.
    """
    context.require_writable()
    plan.require_options(restricted=context.settings.restricted)
    context, prompt = context.as_one_act(), prompt.strip()
    if not prompt and plan.mode == "new":
        raise UsageError("a new session needs a prompt")
    require_sound_prompt(prompt)
    require_same_session(prompt)
    require_inner_prompt(context, prompt, plan.cwd, plan.target.config_dir)
    require_not_held(context.root)
    require_startable(context.settings, plan.target)
    with hold_lock(plan.target, takes_over=bool(plan.taken_over)) as lock:
        if plan.taken_over:
            require_silent(plan.target, context.clock(), watches=True)
        spec = _spec(context, plan, prompt or DEFAULT_PROMPT, context.clock())
        if plan.taken_over:
            record_take_over(context, plan.target, plan.listing, plan.taken_over)
        _record_rights(context, plan)
        try:
            launch(spec, lock, spare)
        except OSError as error:
            raise ConsoleError(f"the run cannot be started: {error.strerror}") from error
    return spec.run_id


def _record_rights(context: Context, plan: RunPlan) -> None:
    """Record what the operator said of the rights of a session; raises `ConsoleError`."""
    if plan.left_out:
        log_left_out(context, plan.listing, plan.goes_on, plan.left_out)
    if plan.kept is not None and plan.mode == "resume":
        keep_options(context, plan.target, plan.zone, plan.kept)


def record_take_over(context: Context, target: Target, listing: str, owner: str) -> None:
    """Record who takes a session over, and from whom; raises `ConsoleError` if that fails."""
    event = AuditEvent(
        at=context.clock(),
        action="take over",
        listing=listing,
        session_id=target.session_id,
        note=f"from {owner}",
    )
    if why := log_act(context, event):
        raise ConsoleError(f"{target.short} was not taken over{why}")


def _spec(context: Context, plan: RunPlan, prompt: str, now: datetime) -> RunSpec:
    settings = context.settings
    return RunSpec(
        run_id=new_run_id(now),
        session_id=plan.target.session_id,
        listing_id=plan.listing,
        stage=plan.stage,
        mode=plan.mode,
        prompt=prompt,
        db_path=plan.target.db_path,
        config_dir=plan.target.config_dir,
        cwd=plan.cwd,
        operator=settings.operator,
        created_at=now,
        expires_at=now + plan.kept_for,
        keeps_until=now + settings.resume_keeps,
        agent=plan.agent,
        env_file=settings.env_file,
        cli_path=settings.cli_path,
        zone=plan.zone,
        permission_timeout_s=settings.permission_timeout.total_seconds(),
        source_id=plan.source_id,
        source_at=plan.source_at,
        max_runs=settings.max_runs,
        stall_timeout_s=settings.stall_timeout.total_seconds(),
        is_restricted=settings.restricted,
        stage_gives=stage_gives(settings, plan.stage),
        closed=closed_places(settings, plan.target.folder),
        act_id=context.act_id,
        audit_days=settings.audit_days,
        together=plan.together,
        retried=retried_by(plan.target.folder, plan.target.session_id, now, plan.goes_on),
    )


def _require_taken_over(
    context: Context, target: Target, owner: Owner, *, takes_over: bool
) -> None:
    require_silent(target, context.clock())
    said = f"{target.short} is not ours: {owner.words(context.clock())}"
    if not takes_over:
        raise Refused(
            f"{said}. It may still be alive; if you know that it is dead",
            Reason.ELSEWHERE,
            remedy=f"resume {target.short} --take-over",
        )


def _require_resumable(
    context: Context, session: Session, target: Target, *, fork: bool, is_passed: bool
) -> None:
    if not fork and not is_passed:
        _require_idle(session, target)
    require_transcript_known(session)
    if session.transcript is None or session.is_stray:
        raise Refused(f"{target.short} cannot be resumed: {_cause(context, session)}")
    require_row_known(session, "resumed")  # what its agent may do
    if not session.transcript.resumable or not os.access(session.transcript.path, os.R_OK):
        raise Refused(f"{target.short} cannot be resumed: {_cause(context, session)}")


def _require_idle(session: Session, target: Target) -> None:
    if session.liveness is Liveness.UNKNOWN:
        require_not_live(target)
    require_no_orphan(session)
    if session.is_live:
        raise busy(target.short, session.process.pid if session.process else None)


def _cause(context: Context, session: Session) -> str:
    return cause_of(session, context) or "it has no transcript to resume"


def _cwd(
    context: Context, source: Target, stage: str, agent: Mapping[str, Any]
) -> tuple[Path, str]:
    """Return where the agent works, as recorded or named, else in its listing's folder.

    If it may not work there, say so, and how to go on.
    """
    asked = agent.get("cwd")
    if not asked:
        return source.folder, ""
    path, reason = work_folder(context.settings, stage, source.folder, str(asked))
    if path is not None:
        return path, ""
    return source.folder, (
        f"{source.short} works in {one_line(asked)}, which {reason}; `--cwd .` before the prompt "
        "has it work in its listing's folder"
    )


def max_age(context: Context, stage: str) -> timedelta:
    """Return how long a new session of a stage lasts: the stage's setting, else the general one."""
    days = context.settings.stages.get(stage, {}).get("max_age_days")
    is_sound = isinstance(days, int) and not isinstance(days, bool) and days > 0
    return timedelta(days=days if is_sound and days else context.settings.max_age_days)
