"""Steer a run through its folder: follow-up prompts, answers, interrupt, stop."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from tui.core.errors import Refused, UsageError
from tui.core.models import Liveness, Process, Run, Session
from tui.core.text import one_line
from tui.operations.context import Act, Context
from tui.operations.target import Target, require_no_orphan, target_of
from tui.runs.ending import end_cli, end_runner
from tui.runs.inbox import Command, CommandKind, Decision, post
from tui.runs.protocol import IN_PIPELINE, named_process, read_owner, read_run

_DECISIONS = ("allow", "always", "deny")
_STILL_S = 15  # a runner shows every 2 s that it lives


def send(context: Context, session: Session, prompt: str) -> Act:
    """Queue a follow-up prompt for the run of a session."""
    if not prompt.strip():
        raise UsageError("there is nothing to send: give a prompt")
    return _post(context, session, "prompt", "sent to", text=prompt.strip())


def answer(context: Context, session: Session, decision: str, reason: str = "") -> Act:
    """Answer the permission request that waits: `allow`, `always` (in this run) or `deny`.

    The first answer wins; a later one raises `Refused` and names who was first.
    """
    if decision not in _DECISIONS:
        raise UsageError(f"{one_line(decision)!r} is no answer: use allow, always or deny")
    run = _steerable(session)
    if run.request is None:
        raise Refused(f"{session.session_id[:8]} does not wait for a permission")
    words = {"allow": "allowed once:", "always": "allowed in this run:", "deny": "denied:"}
    return _post(
        context,
        session,
        "answer",
        f"{words[decision]} {run.request.tool} of",
        text=reason.strip(),
        request_id=run.request.request_id,
        decision=cast("Decision", decision),
    )


def interrupt(context: Context, session: Session) -> Act:
    """End the turn that runs now; the run then takes its next prompt or ends."""
    context.require_writable()
    _require_running(session)
    return _post(context, session, "interrupt", "interrupt asked of")


def stop(context: Context, session: Session) -> Act:
    """End the run of a session.

    An orphaned CLI, and a runner that has not moved for long together with its CLI, are ended by
    force; only when they are proven to be that.
    """
    context.require_writable()
    if session.liveness is Liveness.ORPHAN and session.process is not None:
        return _end_orphan(context, session, session.process)
    _require_running(session)
    run = _steerable(session)
    still = _stillness(run, context.clock())
    if still and _is_reachable(run):
        return _end_frozen(context, session, run, still)
    return _post(context, session, "stop", "stop asked of")


def _end_orphan(context: Context, session: Session, process: Process) -> Act:
    target = target_of(session)
    end_cli(process.pid, process.proc_start, target.config_dir)
    words = f"ended the orphaned CLI of {target.short} (pid {process.pid})"
    return _act(context, session, target, "stop", words)


def _end_frozen(context: Context, session: Session, run: Run, still: str) -> Act:
    target = target_of(session)
    pid = end_runner(run.folder)
    words = f"ended the runner of {target.short} (pid {pid}), which had not moved for {still}"
    cli = named_process(read_owner(run.folder), "cli_pid", "cli_start")
    if cli:
        end_cli(*cli, target.config_dir)
        words += f", and its CLI (pid {cli[0]})"
    return _act(context, session, target, "stop", words)


def _post(
    context: Context,
    session: Session,
    kind: CommandKind,
    verb: str,
    *,
    text: str = "",
    request_id: str = "",
    decision: Decision = "",
) -> Act:
    context.require_writable()
    target, now = target_of(session), context.clock()
    run = _steerable(session)
    operator = context.settings.operator
    post(run.folder, Command(kind, now, operator, text, request_id, decision))
    words = f"{verb} {target.short}"
    if still := _stillness(run, now):
        words += f"; its runner has not moved for {still}: {_way_out(run, target)}"
    return _act(context, session, target, kind, words)


def _act(context: Context, session: Session, target: Target, kind: str, words: str) -> Act:
    return Act(kind, session.listing, target.session_id, context.clock(), words)


def _stillness(run: Run, now: datetime) -> str:
    """Return in words for how long the runner has not moved; empty while it does."""
    seconds = int((now - read_run(run.folder).beat_at).total_seconds())
    if seconds < _STILL_S:
        return ""
    return f"{seconds}s" if seconds < 120 else f"{seconds // 60} min"


def _way_out(run: Run, target: Target) -> str:
    if _is_reachable(run):
        return f"`stop {target.short}` ends it"
    host = one_line(read_owner(run.folder).get("host") or "") or "the machine it runs on"
    return f"it cannot be reached from here, so end it on {host}"


def _is_reachable(run: Run) -> bool:
    """Whether its runner can be ended from here; a pipeline is not, which does other work too."""
    owner = read_owner(run.folder)
    return not owner.get(IN_PIPELINE) and named_process(owner, "pid", "proc_start") is not None


def _require_running(session: Session) -> None:
    is_over = session.run is None or session.run.is_over
    if is_over and not session.is_live:
        raise Refused(f"{session.session_id[:8]}: nothing to stop: it is not running")


def _steerable(session: Session) -> Run:
    """Return the run to steer; raises `Refused` when the session has none of ours."""
    short = session.session_id[:8]
    if session.run is not None and not session.run.is_over:
        return session.run
    require_no_orphan(session)
    if session.is_live:
        raise Refused(f"{short} is run by another program, which takes no commands from here")
    raise Refused(f"{short} is not running: `resume {short}` starts it")
