"""The verbs that start and steer agents: new, resume, send, answer, interrupt, stop, mode ..."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from tui.cli.declarations.table import BY_NAME
from tui.cli.hangup import is_reader_gone
from tui.cli.json_fields import result_json, run_json
from tui.cli.lookup import session_named, sessions_named
from tui.cli.output import error_json, is_interactive, put, put_json, say
from tui.cli.permission_prompt import confirm_grant, permission_lines
from tui.cli.results import put_each, put_result
from tui.core.agent_questions import questions
from tui.core.errors import (
    ConfirmationRequired,
    ConsoleError,
    Reason,
    Refused,
    RunFailed,
    UsageError,
)
from tui.core.models.entry import EntryKind
from tui.core.models.permission_request import LEAST_DIGEST
from tui.core.models.run import Run
from tui.core.models.session import Session
from tui.core.permission_modes import allows, is_permissive
from tui.operations.catalog.session_lookup import whole_listing
from tui.operations.context import ActionResult, Context
from tui.operations.running import resume as resuming
from tui.operations.running import steer
from tui.operations.running.prompt_line import FLAGS, options_from_flags, with_options
from tui.operations.running.start_many import StartResult, start_many
from tui.operations.stream.final_answer import final_answer
from tui.operations.stream.run_notices import RunNotices
from tui.runs.folder.protocol import MAX_PROMPT_BYTES, read_run, runs_folder

_POLL_S = 0.2


def new(context: Context, args: argparse.Namespace) -> int:
    """Start a new session."""
    plan = resuming.plan_new(context, args.listing, args.stage, days=args.days)
    return _start(context, plan, args)


def resume(context: Context, args: argparse.Namespace) -> int:
    """Resume a session in a new run."""
    if args.also or whole_listing(args.id):
        return _resume_many(context, args)
    session = session_named(context, args.id)
    plan = resuming.plan_resume(context, session, fork=args.fork, takes_over=args.take_over)
    if args.at:
        plan = resuming.fork_at(plan, session, args.at)
    if plan.taken_over:
        say(f"taking over from {plan.taken_over}")
    return _start(context, plan, args)


def _resume_many(context: Context, args: argparse.Namespace) -> int:
    """Resume several sessions; return the exit code of the first that failed, or 0."""
    if args.wait or args.take_over or args.at:
        raise UsageError("--wait, --take-over and --at are for one session")
    sessions = _sessions(context, args, (args.id, *args.also))
    prompt, done = _prompt(args.prompt), []
    for one in start_many(context, sessions, prompt, _agent_options(args), fork=args.fork):
        done.append(one)
        for warning in one.warnings:
            say(f"{one.session.address}: warning: {warning}")
        if one.error is not None:
            say(f"{one.session.address}: {one.error}")
        elif not args.json:
            put(one.run_id)
    if args.json:
        put_json([_start_json(one) for one in done])
    begun = sum(one.error is None for one in done)
    say(f"{begun} of {len(done)} resumed, at most {context.settings.max_runs} at once")
    return next((one.error.exit_code for one in done if one.error is not None), 0)


def _start_json(one: StartResult) -> dict[str, object]:
    error = one.error
    return {
        "run_id": one.run_id or None,
        "session_id": one.session_id or one.session.session_id,
        "listing": one.session.listing,
        "error": error_json(error) if error else None,
    }


def _agent_options(args: argparse.Namespace) -> dict[str, Any]:
    """Return the agent options that were given for this run."""
    given = {flag: getattr(args, flag, None) for flag in FLAGS}
    if given["without"]:  # each adds
        given["without"] = ",".join(given["without"])
    return options_from_flags(given)


def send(context: Context, args: argparse.Namespace) -> int:
    """Queue a follow-up prompt for running sessions."""
    prompt = _prompt(args.prompt)
    return _steer(context, args, lambda at, session: steer.send(at, session, prompt))


def answer(context: Context, args: argparse.Namespace) -> int:
    """Answer the open permission request, or extend its deadline."""
    session = session_named(context, args.id)
    if args.decision == "wait":
        return _put(steer.put_off(context, session, args.length), args)
    if args.length:
        raise UsageError(f"unexpected {args.length!r}: put an answer of several words in quotes")
    shown = _granted_digest(context, session, args.decision, args.input)
    act = steer.answer(context, session, args.decision, args.reason, shown=shown)
    return _put(act, args)


def _granted_digest(context: Context, session: Session, decision: str, named: str) -> str:
    """Return the digest of the request that may be granted: as given, or of the one shown.

    At a terminal all of it is shown; raises `Refused` without a yes to it.
    """
    request = session.run.request if session.run else None
    if named or request is None or decision in ("deny", "wait") or not is_interactive():
        return named
    if reason := steer.why_not_grant(context, session, request):
        raise Refused(reason)
    who = f"{session.listing} {session.stage} {session.session_id}"
    confirm_grant(request, context.clock(), decision, who)
    return request.digest


def interrupt(context: Context, args: argparse.Namespace) -> int:
    """Interrupt the current turn of sessions."""
    is_sure = args.yes and not any(map(whole_listing, args.ids))
    return _steer(context, args, partial(steer.interrupt, is_sure=is_sure))


def stop(context: Context, args: argparse.Namespace) -> int:
    """Stop the run of sessions."""
    return _steer(context, args, steer.stop)


def model(context: Context, args: argparse.Namespace) -> int:
    """Change the model of running agents."""
    return _steer(context, args, lambda at, session: steer.model(at, session, args.name))


def mode(context: Context, args: argparse.Namespace) -> int:
    """Change the permission mode of running agents."""
    if len(args.ids) > 1 and is_permissive(args.name) and allows(args.name) and not args.yes:
        raise ConfirmationRequired(
            f"would give mode {args.name} to {len(args.ids)} agents: {allows(args.name)}",
            many=len(args.ids),
        )
    return _steer(context, args, lambda at, session: steer.mode(at, session, args.name))


def _steer(
    context: Context, args: argparse.Namespace, act: Callable[[Context, Session], ActionResult]
) -> int:
    """Act on each session that is named, in one act; where one is unknown, on none."""
    context = context.at_one_moment()
    sessions = _sessions(context, args, args.ids)
    if len(sessions) == 1:
        return _put(act(context, sessions[0]), args)
    return put_each(sessions, lambda one: result_json(act(context, one)), as_json=args.json)


def _sessions(context: Context, args: argparse.Namespace, words: Sequence[str]) -> list[Session]:
    """Return the sessions that are named, each once."""
    named = sessions_named(context, BY_NAME[args.verb], words, is_sure=args.yes)
    found = [one or session_named(context, words) for words, one in named.items()]
    return list({one.key: one for one in found}.values())


def _start(context: Context, plan: resuming.RunPlan, args: argparse.Namespace) -> int:
    prompt = _prompt(args.prompt)
    if plan.mode == "new" and not prompt.strip():
        raise UsageError("a new session needs a prompt: new LISTING PROMPT --stage STAGE")
    plan = with_options(context, plan, _agent_options(args))
    if args.wait and plan.host:
        words = f"--wait is for a run on this host; to follow that on {plan.host}"
        raise Refused(words, Reason.ELSEWHERE, remedy=f"tail -f {plan.target.short}")
    for warning in plan.warnings:
        say(f"warning: {warning}")
    say(f"{plan.mode} {plan.listing}/{plan.target.session_id} with {plan.words}")
    run_id = resuming.start(context, plan, prompt)
    facts = {
        "run_id": run_id,
        "session_id": plan.target.session_id,
        "listing": plan.listing,
    }
    if args.wait:
        return _wait(plan, facts, args)
    put_json(facts) if args.json else put(run_id)
    return 0


def _wait(plan: resuming.RunPlan, facts: dict[str, str], args: argparse.Namespace) -> int:
    """Wait for the run to end and print its answer.

    The run goes on after Ctrl-C, or when the reader goes away.
    """
    folder = runs_folder(plan.target.folder) / facts["run_id"]
    try:
        run = _wait_for_end(folder)
    except KeyboardInterrupt:
        say(f"the run continues: session-console tail -f {facts['session_id']}")
        return 0
    if run is None:
        return 0
    is_done = run.state == "done"
    text = final_answer(plan.target.config_dir, plan.target.session_id) if is_done else ""
    if args.json:
        put_json(facts | run_json(run) | {"answer": text})
    elif text:
        put(text)
    if not is_done:
        raise RunFailed(run.error or f"the run ended {run.state}")
    return 0


def _wait_for_end(folder: Path) -> Run | None:
    """Return the run once it is over, or `None` when the reader is gone.

    Notices and permission requests are printed meanwhile.
    """
    asked, happened = "", RunNotices()
    while True:
        run = read_run(folder)
        for notice in happened.poll(folder):
            if notice.kind is EntryKind.NOTICE:
                say(notice.text)
        if run.is_over:
            return run
        if run.request and run.request.request_id != asked:
            asked = run.request.request_id
            say(_request_notice(run))
        if is_reader_gone(_POLL_S):
            return None


def _request_notice(run: Run) -> str:
    request = run.request
    if request is None:
        return "it waits"
    asks = "".join(f"\n  {line}" for line in permission_lines(request, datetime.now(UTC), 2))
    named = f"{run.session_id} --input {request.digest[:LEAST_DIGEST]}"
    if questions(request):
        return f"it asks:{asks}\nsession-console answer {named} NUMBER"
    if request.problem:
        return f"it waits for a permission for {request.tool}: {asks}"
    return (
        f"it waits for a permission for {request.tool}: session-console answer {named} allow{asks}"
    )


def _prompt(typed: str) -> str:
    if typed != "-":
        return typed
    text = sys.stdin.read(MAX_PROMPT_BYTES + 1)
    if is_reader_gone():
        raise ConsoleError(
            "the prompt may be incomplete, since its sender is gone: nothing was done"
        )
    if not text.strip():
        raise UsageError("there is no prompt on stdin")
    return text


def _put(act: ActionResult, args: argparse.Namespace) -> int:
    return put_result(result_json(act), as_json=args.json)
