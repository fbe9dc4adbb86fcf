"""Commands sent to a run, and how long its request waits for an answer."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, tzinfo

from tui.core.act_summary import Source, source_of
from tui.core.models.audit import AuditEvent
from tui.core.models.permission_request import PermissionRequest
from tui.core.models.run import SentCommand
from tui.core.models.session import Session
from tui.core.text.safe_text import one_line
from tui.view.text import formatting

BY_NOBODY_KNOWN = "no longer waiting: it was answered, or its turn ended"
_NOW = "0s"


def sent_words(sent: SentCommand, now: datetime, *, is_over: bool) -> str:
    """Return a waiting command: queued for its turn, not accepted yet, or never sent."""
    text = f": {one_line(sent.text)}" if sent.text else ""
    what = f"{one_line(sent.kind)} from {one_line(sent.by) or 'somebody'}{text}"
    if is_over:
        return f"never sent: {what}"
    if sent.is_taken:
        return f"queued {what}"
    return f"sent {ago(sent.at, now)} ago, not accepted yet: {what}"


def asked_words(asked: SentCommand, now: datetime, *, is_over: bool, queued_for: str = "") -> str:
    """Return what became of a prompt that the API has not answered, and who sent it."""
    by = f"sent by {one_line(asked.by) or 'somebody'}"
    if is_over and asked.is_taken:
        return f"{by}: the run ended before it was answered, and it may be lost"
    if is_over:
        return f"{by}: never sent to the agent, since the run ended before"
    if asked.is_taken:
        return f"{by}, taken"
    when = f"{by} {ago(asked.at, now)} ago"
    return f"{when}, queued: {one_line(queued_for)}" if queued_for else f"{when}, not taken yet"


def prompt_words(sent: SentCommand, now: datetime, *, is_over: bool) -> str:
    """Return what became of a follow-up prompt that has not begun its turn, and who sent it."""
    by = f"sent by {one_line(sent.by) or 'somebody'}"
    if is_over:
        return f"{by}: never sent to the agent"
    if sent.is_taken:
        return f"{by}, queued: it runs after this turn"
    return f"{by} {ago(sent.at, now)} ago, not accepted yet"


def ago(at: datetime, now: datetime) -> str:
    """Return how long something has waited, in seconds during the first minute."""
    gone = max(now - at, timedelta())
    if gone < timedelta(minutes=1):
        return f"{int(gone.total_seconds())}s"
    return formatting.span(gone)


def until_words(request: PermissionRequest, now: datetime) -> str:
    """Return how long a request has waited, and when it is denied if nobody answers."""
    return ", ".join(
        filter(None, (f"waiting for {ago(request.at, now)}", deadline_words(request, now)))
    )


def deadline_words(request: PermissionRequest, now: datetime) -> str:
    """Return when a request is denied if nobody answers; empty when it never is."""
    left = left_words(request, now)
    return left and (f"will be denied in {left}" if left != _NOW else "about to be denied")


def left_words(request: PermissionRequest, now: datetime) -> str:
    """Return how long a request still waits, in seconds during the last minute; or nothing."""
    if request.until is None:
        return ""
    left = max(request.until - now, timedelta())
    return f"{left.seconds}s" if left < timedelta(minutes=1) else formatting.span(left)


def answered_words(request: PermissionRequest, session: Session, zone: tzinfo) -> str | None:
    """Return who has answered a request and when: empty if nobody has, `None` if unknown."""
    run = session.run
    for sent in run.sent if run else ():
        if sent.kind == "answer" and sent.request_id == request.request_id:
            return _answered(sent.by, sent.decision, sent.at, zone)
    now = run.request if run else None
    if now is not None and now.request_id == request.request_id:
        return "" if now.digest == request.digest else "it is asking for something else now"
    last = session.last_event
    if last is not None and last.action == "answer" and last.request_id == request.request_id:
        return audited_answer(last, zone)
    return None


def audited_answer(event: AuditEvent, zone: tzinfo) -> str:
    """Return who answered a request and when, from the audit."""
    if source_of(event) is Source.ALWAYS:  # of a later call: the answer itself was earlier
        return _answered(event.operator, "always", None, zone)
    return _answered(event.operator, _decision(event.detail), event.at, zone)


def _answered(by: str, decision: str, at: datetime | None, zone: tzinfo) -> str:
    did = {"allow": "allowed it", "always": "allowed it for this run", "deny": "denied it"}
    who = one_line(by)[:32] or "somebody"
    when = f" at {at.astimezone(zone):%H:%M}" if at is not None else ""
    return f"{who} {did.get(decision, 'answered it')}{when}"


def _decision(detail: str) -> str:
    """Return the decision, from an audit event's detail."""
    try:
        facts = json.loads(detail)
    except ValueError:
        return ""
    return str(facts.get("decision", "")) if isinstance(facts, dict) else ""
