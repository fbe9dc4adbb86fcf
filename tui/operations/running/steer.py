"""Steers a run through its folder: follow-up prompts, answers, interrupt, stop, model and mode."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from typing import cast

from tui.claude.slash_commands import require_same_session
from tui.core.agent_questions import answers, questions
from tui.core.errors import ConfirmationRequired, Reason, Refused, UsageError
from tui.core.limits import LONGEST_WAIT_S
from tui.core.models.audit import AuditEvent
from tui.core.models.permission_request import LEAST_DIGEST, PermissionRequest
from tui.core.models.run import Run
from tui.core.models.session import Liveness, Process, Session
from tui.core.text.safe_text import one_line
from tui.core.time.expiry import parse_duration
from tui.core.values import replace
from tui.operations.act_record import act_on
from tui.operations.context import ActionResult, Context, at_home
from tui.operations.logbook_entry import log_act
from tui.operations.running.agent_options import require_mode
from tui.operations.running.command_record import record_command
from tui.operations.running.restricted_console import (
    agent_folder,
    require_allowable,
    require_asking_agent,
    require_inner_prompt,
    require_no_secret,
)
from tui.operations.target import Target, require_no_orphan, target_of
from tui.runs.folder.command import Command, CommandKind, Decision
from tui.runs.folder.heartbeat import is_moving
from tui.runs.folder.inbox import post
from tui.runs.folder.protocol import IN_PIPELINE, is_taken, named_process, read_owner, read_run
from tui.runs.termination import end_cli, end_runner, interrupt_cli

_DECISIONS = ("allow", "always", "deny")
_STILL_S = 15  # a runner shows every 2 s that it lives
_TAKEN_WITHIN_S, _LOOK_S = 0.6, 0.05


@at_home
def send(context: Context, session: Session, prompt: str) -> ActionResult:
    """Queue a follow-up prompt for a session's run; it starts when the current turn ends."""
    if not prompt.strip():
        raise UsageError("there is nothing to send: give a prompt")
    require_same_session(prompt)
    context.require_writable()
    run = _steerable(session)
    cwd = agent_folder(run, session)
    require_inner_prompt(context, prompt, cwd, target_of(session).config_dir)
    require_asking_agent(context, session, run)
    require_no_secret(context, run, cwd, target_of(session).config_dir)
    return _post(context, session, _command(context, "prompt", prompt.strip()), "sent to")


def answer(
    context: Context, session: Session, decision: str, reason: str = "", *, shown: str = ""
) -> ActionResult:
    """Answer a request: `allow`, `always` (in this run) or `deny`, with a reason.

    An agent's questions are answered by the number or the words of an option, or by own words, one
    for each question, separated by `;`. Unless it is denied, `shown` names what the operator saw:
    the SHA-256 of the request, or a prefix of it; raises `ConfirmationRequired` without it. The
    first answer wins; a later one raises `Refused` and names who was first.
    """
    context.require_writable()
    known = session.run.request if session.run is not None else None
    is_question = known is not None and bool(questions(known))
    if not is_question:
        _require_decision(decision)
    request = _steerable(session).request
    if request is None:
        raise Refused(f"{session.session_id[:8]} is not waiting for an answer")
    if is_question and decision != "deny":
        parts = decision.split(";") if len(questions(request)) > 1 else [decision]
        return answer_questions(context, session, [one.strip() for one in parts], shown=shown)
    decided = _require_decision(decision)
    if decided != "deny":
        _require_shown(context, session, request, shown)
    words = {"allow": "allowed once:", "always": "allowed for this run:", "deny": "denied:"}
    return _reply(
        context, session, request, words[decided], decision=decided, reason=reason.strip()
    )


def answer_questions(
    context: Context, session: Session, said: Sequence[str], *, shown: str = ""
) -> ActionResult:
    """Answer each of the agent's questions with one of `said`; see `answer`."""
    context.require_writable()
    request = _steerable(session).request
    if request is None or not questions(request):
        raise Refused(f"{session.session_id[:8]} is no longer asking a question")
    answers(questions(request), said)
    _require_shown(context, session, request, shown)
    return _reply(context, session, request, "answered", decision="allow", answers=tuple(said))


@at_home
def put_off(context: Context, session: Session, words: str) -> ActionResult:
    """Let the waiting request wait for this long from now before it is denied automatically.

    Its run, whose clock counts, refuses a deadline that is not later than the present one.
    """
    seconds = int(parse_duration(words).total_seconds())
    context.require_writable()
    request = _steerable(session).request
    if request is None:
        raise Refused(f"{session.session_id[:8]} is not waiting for an answer")
    if not 0 < seconds <= LONGEST_WAIT_S:
        raise UsageError(f"{one_line(words)}: a request can wait 7 days at most")
    verb = f"extended by {one_line(words)} from now:"
    return _reply(context, session, request, verb, reason=str(seconds))


def why_not_grant(context: Context, session: Session, request: PermissionRequest) -> str:
    """Return why this console may only deny a request; empty when it may grant it."""
    if request.problem:
        return request.problem
    try:
        require_allowable(context, session, request)
    except Refused as error:
        return str(error)
    return ""


def _require_decision(decision: str) -> Decision:
    if decision not in _DECISIONS:
        raise UsageError(
            f"{one_line(decision)!r} is not an answer: use allow, always, deny or wait"
        )
    return cast("Decision", decision)


def _require_shown(
    context: Context, session: Session, request: PermissionRequest, shown: str
) -> None:
    """Raise unless the request is the one that the operator saw, named by `shown`."""
    short = session.session_id[:8]
    if reason := why_not_grant(context, session, request):
        raise Refused(reason)
    if not shown:
        raise ConfirmationRequired(
            f"would grant {request.tool} to {short}; for the request and its --input digest see",
            remedy=f"show {short}",
        )
    if len(shown) < LEAST_DIGEST or not request.digest.startswith(shown.lower()):
        raise Refused(
            "--input names a different request than the one waiting",
            Reason.CHANGED,
            remedy=f"show {short}",
        )


@at_home
def _reply(
    context: Context,
    session: Session,
    request: PermissionRequest,
    verb: str,
    *,
    decision: Decision = "",
    reason: str = "",
    answers: tuple[str, ...] = (),
) -> ActionResult:
    """Post an operator's answer to a request; without a decision, postpone it."""
    command = Command(
        "answer" if decision else "wait",
        at=context.clock(),
        by=context.settings.operator,
        text=reason,
        request_id=request.request_id,
        decision=decision,
        answers=answers,
        digest=request.digest if decision != "deny" else "",
    )
    return _post(context, session, command, f"{verb} {request.tool} of")


@at_home
def interrupt(context: Context, session: Session, *, is_sure: bool = False) -> ActionResult:
    """End the current turn; the run then takes its next prompt or ends.

    A session that another program runs on this machine is interrupted by a signal to its proven
    process; raises `ConfirmationRequired` first, unless `is_sure`.
    """
    context.require_writable()
    _require_running(session)
    if not _is_ours(session) and session.liveness in (Liveness.BUSY, Liveness.WAITING):
        return _interrupt_foreign(context, session, is_sure=is_sure)
    short = session.session_id[:8]
    if session.is_attached:
        raise Refused(f"{short} has no turn that could be interrupted", Reason.NOTHING_TO_DO)
    if session.liveness is Liveness.QUEUED:
        raise Refused(
            f"{short} has not started; to remove it from the queue",
            Reason.NOT_RUNNING,
            remedy=f"stop {short}",
        )
    return _post(context, session, _command(context, "interrupt"), "interrupt sent to")


def _interrupt_foreign(context: Context, session: Session, *, is_sure: bool) -> ActionResult:
    target, process = target_of(session), session.process
    if process is None or not process.proc_start:
        raise Refused(f"{target.short} is run by another program, and it is unknown which")
    if not is_sure:
        raise ConfirmationRequired(
            f"would interrupt {target.short}, which another program runs (pid {process.pid}): that "
            "may end all of its work"
        )
    stray = session.transcript.stray_in if session.transcript else None
    interrupt_cli(process.pid, process.proc_start, stray or target.config_dir)
    words = f"interrupted the CLI of {target.short} (pid {process.pid}), run by another program"
    return _record_signal(context, session, target, "interrupt", words)


@at_home
def model(context: Context, session: Session, name: str) -> ActionResult:
    """Switch the agent to another model for the rest of this run."""
    if not one_line(name).strip():
        raise UsageError("which model? model ID NAME")
    name = one_line(name).strip()
    command = _command(context, "model", name)
    return _post(context, session, command, f"model {name} sent to")


@at_home
def mode(context: Context, session: Session, name: str) -> ActionResult:
    """Switch the agent to another permission mode for the rest of this run.

    `bypassPermissions` only where the settings give it to the session's stage.
    """
    require_mode(context.settings, session.stage, name)
    return _post(context, session, _command(context, "mode", name), f"mode {name} sent to")


@at_home
def stop(context: Context, session: Session) -> ActionResult:
    """End the run of a session.

    An orphaned CLI, and a stalled runner together with its CLI, are killed, once proven to be that.
    What that leaves undone is told like any other turn that was cut off, until somebody knows.
    """
    context.require_writable()
    if session.is_orphan and session.process is not None:
        return _end_orphan(context, session, session.process)
    _require_running(session)
    run = _steerable(session)
    still = _silence(run, context.clock())
    if still and _is_reachable(run) and not is_moving(run.folder):
        return _end_frozen(context, session, run, still)
    return _post(context, session, _command(context, "stop"), "stop sent to")


def _end_orphan(context: Context, session: Session, process: Process) -> ActionResult:
    target = target_of(session)
    end_cli(process.pid, process.proc_start, target.config_dir)
    words = f"ended the orphaned CLI of {target.short} (pid {process.pid}){_undone(session)}"
    return _record_signal(context, session, target, "stop", words)


def _end_frozen(context: Context, session: Session, run: Run, still: str) -> ActionResult:
    target = target_of(session)
    pid = end_runner(run.folder)
    words = f"ended the runner of {target.short} (pid {pid}), which had not responded for {still}"
    cli = named_process(read_owner(run.folder), "cli_pid", "cli_start")
    if cli:
        end_cli(*cli, target.config_dir)
        words += f", and its CLI (pid {cli[0]})"
    words += _undone(session)
    return _record_signal(context, session, target, "stop", words)


def _undone(session: Session) -> str:
    """Say what a run that was killed leaves undone, which needs attention from now on."""
    run = session.run
    if run is None:
        return ""
    left = ["its turn was cut off"] if run.is_turn_open else []
    if unsent := sum(one.kind == "prompt" for one in run.sent):
        left.append(f"{unsent} prompt{'s were' if unsent > 1 else ' was'} never sent")
    return f"; {' and '.join(left)}" if left else ""


def _command(context: Context, kind: CommandKind, text: str = "") -> Command:
    return Command(kind, at=context.clock(), by=context.settings.operator, text=text)


def _post(context: Context, session: Session, command: Command, verb: str) -> ActionResult:
    """Post a command, and wait a moment for the run to take it."""
    context.require_writable()
    target, now = target_of(session), context.clock()
    run, settings = _steerable(session), context.settings
    command = replace(command, by=settings.operator, is_restricted=settings.restricted)
    posted = post(run.folder, command)
    tool = run.request.tool if run.request else ""
    unwritten = record_command(context, session, command, tool)
    words = f"{verb} {target.short}{unwritten}"
    if still := _silence(run, now):
        words += f"; its runner has not responded for {still}: {_way_out(run, target)}"
    elif not _was_taken(run, posted, command.at):
        words += "; not accepted yet"
    return act_on(context, session, command.kind, words)


def _was_taken(run: Run, posted: str, at: datetime) -> bool:
    until = time.monotonic() + _TAKEN_WITHIN_S
    while not (taken := is_taken(run.folder, posted, at)) and time.monotonic() < until:
        time.sleep(_LOOK_S)
    return taken


def _record_signal(
    context: Context, session: Session, target: Target, kind: str, words: str
) -> ActionResult:
    """Record what was done to a process that no run folder tells of."""
    act = act_on(context, session, kind, words)
    event = AuditEvent(
        at=act.at,
        action=kind,
        listing=session.listing,
        session_id=target.session_id,
        note=words,
    )
    said = log_act(context, event, words)
    return replace(act, words=said)


def _silence(run: Run, now: datetime) -> str:
    """Say for how long the runner has shown no sign of life; empty if it has."""
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
    """Whether its runner can be ended from here; a pipeline's cannot, it does other work too."""
    owner = read_owner(run.folder)
    return not owner.get(IN_PIPELINE) and named_process(owner, "pid", "proc_start") is not None


def _is_ours(session: Session) -> bool:
    """Whether one of our runs, which takes commands, runs the session."""
    return session.run is not None and not session.run.is_over


def _require_running(session: Session) -> None:
    if not (_is_ours(session) or session.is_live):
        raise Refused(f"{session.session_id[:8]}: it is not running", Reason.NOT_RUNNING)


def _steerable(session: Session) -> Run:
    """Return the run to steer; raises `Refused` when the session has none of ours."""
    short = session.session_id[:8]
    if session.run is not None and _is_ours(session):
        return session.run
    require_no_orphan(session)
    if session.is_live:
        raise Refused(
            f"{short} is run by another program, which takes no commands; to end its turn",
            Reason.ELSEWHERE,
            remedy=f"interrupt {short}",
        )
    can_go_on = session.transcript is not None and session.transcript.resumable
    remedy = f"resume {short}" if can_go_on and not session.is_stray else f"show {short}"
    raise Refused(f"{short} is not running", Reason.NOT_RUNNING, remedy=remedy)
