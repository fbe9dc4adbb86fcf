"""Shows everything known about a session: the verb show.

What few sessions have is explained by modules that are imported for those alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import datetime, timedelta

from tui.cli.lookup import session_and_problem
from tui.cli.output import put, put_json
from tui.core.errors import ConsoleError
from tui.core.models.audit import AuditEvent
from tui.core.models.session import Session
from tui.core.sessions.attention import snoozed_until
from tui.core.sessions.session_state import StateWord, state_word
from tui.core.text.safe_text import one_line, safe_text
from tui.core.text.sizes import size_text
from tui.core.time.zones import LOCAL, zone_words
from tui.operations.cause import cause_of, failed_remedy, unknown_transcript_words
from tui.operations.context import Context
from tui.operations.owner import owner_elsewhere
from tui.operations.running.preflight import available_bytes, too_large
from tui.operations.transcripts.branches import branch_words

_INDENT = 14


def show(context: Context, args: argparse.Namespace) -> int:
    """Show everything known about a session; 1 when not all of it could be read."""
    now, (session, problem) = context.clock(), session_and_problem(context, args.id)
    missing = _fetched(context, session)
    if args.json:
        from tui.cli.json_fields import session_json

        facts = session_json(session, now, context.settings.quiet_after)
        more = {"answers": None, "not_here": missing or None} if session.host else {}
        put_json(facts | _more(context, session) | more)
        return int(bool(problem or missing))
    for name, value in [*_facts(context, session, now), ("not here", missing)]:
        if value:
            put(f"{name:<{_INDENT}}{one_line(value) if name else safe_text(value)}")
    return int(bool(problem or missing))


def _fetched(context: Context, session: Session) -> str:
    """Have the files of a session of another host here; say why they are not, if it has any."""
    if not session.host or not (session.transcript or session.remains):
        return ""
    try:
        context.elsewhere.fetch(session)
    except ConsoleError as error:
        return f"its files, so nothing of them is told: {error}"
    return ""


def _more(context: Context, session: Session) -> dict[str, object]:
    from tui.cli.json_fields import annotation_json, event_json, run_json

    row = session.row
    return {
        "reason": session.reason or None,
        "metadata": dict(row.details()) if row else None,
        "stored": {"created_at": row.created_at, "expires_at": row.expires_at} if row else None,
        "zone": session.zone,
        "pid": session.process.pid if session.process else None,
        "run": run_json(session.run) if session.run else None,
        "answers": [event_json(one) for one in _answers(context, session)],
        "inherited_usd": session.inherited_usd,
        "cause": cause_of(session, context) or None,
        "owner": _owner(session, context.clock()) or None,
        "memory": _memory(session) or None,
        "branches": branch_words(session) or None,
        **annotation_json(session),
    }


def _facts(context: Context, session: Session, now: datetime) -> list[tuple[str, str]]:
    word = state_word(session, now, context.settings.quiet_after)
    liveness = f"{session.liveness}" + (f", {session.waiting_for}" if session.waiting_for else "")
    run, is_here = session.run, not session.host
    return [
        ("session", session.address),
        ("title", session.title),
        ("stage", session.stage),
        ("host", session.host),
        ("state", f"{word}: {word.meaning}" if isinstance(word, StateWord) else word),
        ("row", f"{session.status} ({_state(session)})" if session.row else _rowless(session)),
        ("reason", session.reason),
        ("what to do", _remedy(session, word)),
        ("cause", cause_of(session, context)),
        ("runs now", liveness + (f", pid {session.process.pid}" if session.process else "")),
        ("last run", f"{run.run_id} {run.state}, by {run.operator}" if run else ""),
        ("run error", run.error if run else ""),
        ("answers", _answer_words(context, session)),
        *_steering(session, now),
        ("owner", _owner(session, now)),
        ("created", _moment(session.created_at)),
        (
            "expired" if session.expires_at and session.expires_at <= now else "expires",
            _clock(session.expires_at, now) or (session.expiry_is_unreadable and "?") or "",
        ),
        ("CLI's sweep", _clock(session.sweep_at, now)),
        ("last activity", _moment(session.last_activity_at)),
        ("model", session.model),
        *_of_resume(context, session),
        ("cost", _cost(session)),
        ("size", _size(session)),
        ("transcript", str(session.transcript.path) if session.transcript and is_here else ""),
        ("what is left", str(session.remains.path) if session.remains and is_here else ""),
        ("branches", branch_words(session)),
        ("memory", _memory(session)),
        *_annotated(session, now, context.settings.quiet_after),
        ("time zone", _zone(session, now)),
    ]


def _annotated(
    session: Session, now: datetime, quiet_after: timedelta
) -> Iterator[tuple[str, str]]:
    """Yield what operators wrote about a session, and who acknowledged or snoozed it."""
    signed = {one.name: f"{one.by}, {_moment(one.at)}" for one in session.annotation.tags}
    for name in session.tags:
        yield "tag", f"{name} ({signed.get(name, 'set in the CLI')})"
    if (note := session.annotation.note) is not None:
        yield "note", f"{note.content} ({note.by}, {_moment(note.at)})"
    if (ack := session.ack) is not None:
        until = snoozed_until(session, now, quiet_after)
        said = f"by {ack.by} on {_moment(ack.at)}"
        if ack.until is None:
            yield "acknowledged", said
        else:
            yield "snoozed", f"until {_moment(ack.until)}, {said}{'' if until else '; it is over'}"


def _remedy(session: Session, word: StateWord | str) -> str:
    """Return what to do about a state whose cause is not told in words of its own."""
    short = session.session_id[:8]
    if word in (StateWord.FAILED, StateWord.API_ERROR):
        return f"fix the cause, then {failed_remedy(session)}"
    if word in (StateWord.STALLED, StateWord.QUIET):
        return f"`interrupt {short}` ends the turn, `stop {short}` the run"
    if word == StateWord.EXPIRED:
        return f"`extend {short} 7d` keeps it, `cleanup` moves it to the trash"
    if word == StateWord.PAST_END:
        return f"set `time_zone`, as `doctor` says; `extend {short} 7d` keeps it for certain"
    return ""


def _steering(session: Session, now: datetime) -> list[tuple[str, str]]:
    """Return what the run waits for, which commands are pending, and what was changed."""
    run = session.run
    if run is None:
        return []
    from tui.view.text.formatting import progress_words
    from tui.view.text.sent_commands import asked_words, sent_words, until_words

    facts = [("sent", sent_words(one, now, is_over=run.is_over)) for one in run.sent]
    if (asked := run.asked) is not None:
        said = asked_words(asked, now, is_over=run.is_over, queued_for=run.queued_for)
        facts += [("prompt", asked.text), ("", said)]
    if run.is_over:
        return facts
    if not run.queued_for and (words := progress_words(run.progress, now)):
        facts.append(("progress", words))
    request = run.request
    if request is not None:
        from tui.cli.permission_prompt import permission_lines
        from tui.view.stream.permission_page import short_tool

        facts += [("asks", f"{short_tool(request)}, {until_words(request, now)}")]
        facts += [("", line) for line in permission_lines(request, now, _INDENT)]
    if run.queued_for:
        facts.append(("queued", run.queued_for))
    if run.stalled_since:
        facts.append(("stalled", f"nothing received since {_moment(run.stalled_since)}"))
    return [*facts, ("run's model", run.model), ("run's mode", run.permission_mode)]


def _answers(context: Context, session: Session) -> tuple[AuditEvent, ...]:
    if session.run is None or session.host:  # whose audit is not here
        return ()
    from tui.operations.monitor.history import answers

    return answers(context, session)


def _answer_words(context: Context, session: Session) -> str:
    if not (answered := _answers(context, session)):
        return ""
    from tui.view.panes.audit_line import answer_words

    return answer_words(answered)


def _of_resume(context: Context, session: Session) -> list[tuple[str, str]]:
    """Say what a resume would lack of the agent, or why nobody knows what it may do."""
    from tui.operations.lost_options import recorded_agent
    from tui.operations.running.agent_options import agent_options, lacking
    from tui.operations.target import target_of

    if session.host:  # which has what was recorded
        return []
    try:
        target = target_of(session)
        known = recorded_agent(target.folder, target.db_path, target.session_id)
    except ConsoleError as problem:
        return [("options", f"unknown: {one_line(problem)}")]
    options, _ = agent_options(context.settings, session.stage, known.metadata)
    return [("options lost", known.lost), ("resume lacks", ", ".join(lacking(options)))]


def _cost(session: Session) -> str:
    from tui.view.text import formatting

    if session.inherited_usd is None:
        from tui.operations.monitor.history import UNKNOWN_SHARE

        return UNKNOWN_SHARE
    if session.cost_usd is None:
        return ""
    running = ", without the turn that is running" if session.is_in_a_turn else ""
    taken = formatting.cost(session.inherited_usd)
    more = f", and {taken} that its parent had cost when it was forked"
    of_parent = more if session.inherited_usd else ""
    return f"{formatting.cost(session.cost_usd)}{running}{of_parent}"


def _size(session: Session) -> str:
    found = session.transcript or session.remains
    if found is None:
        return ""
    more = f", at least: {found.uncounted}" if found.uncounted else ""
    return f"{size_text(session.bytes)}{more}"


def _owner(session: Session, now: datetime) -> str:
    """Return who runs it on a machine where processes cannot be checked."""
    if session.host:  # which can check them
        return ""
    owner = owner_elsewhere(session, now)
    return owner.words(now) if owner else ""


def _memory(session: Session) -> str:
    """Warn that a resume needs more memory than there is; that of another host is not known."""
    return "" if session.host else str(too_large(session, available_bytes()))


def _zone(session: Session, now: datetime) -> str:
    words = f"the table's times are read as {zone_words(session.zone, now)}"
    return f"{words}, which is in doubt: see `doctor`" if session.is_zone_doubted else words


def _state(session: Session) -> str:
    return "unreadable" if unknown_transcript_words(session) else str(session.state)


def _rowless(session: Session) -> str:
    return "? (unreadable)" if session.row_problem else str(session.state)


def _moment(moment: datetime | None) -> str:
    return f"{moment.astimezone(LOCAL):%Y-%m-%d %H:%M:%S %Z}" if moment else ""


def _clock(moment: datetime | None, now: datetime) -> str:
    from tui.view.text import formatting

    if moment is None:
        return ""
    is_over = moment <= now
    left = (
        f"{formatting.elapsed(moment, now)} ago" if is_over else formatting.countdown(moment, now)
    )
    return f"{_moment(moment)}, {left}"
