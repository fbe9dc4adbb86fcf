"""What operators sent to a run, and for how long it waits for one of them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, tzinfo

from tui.core.models.permission_request import PermissionRequest
from tui.core.models.run import SentCommand
from tui.core.models.session import Session
from tui.core.text.safe_text import one_line
from tui.view.text import formatting

_NOW = "0s"


def sent_words(sent: SentCommand, now: datetime, *, is_over: bool) -> str:
    """Return a command that waits: queued for its turn, not taken yet, or never taken."""
    text = f": {one_line(sent.text)}" if sent.text else ""
    what = f"{one_line(sent.kind)} of {one_line(sent.by) or 'somebody'}{text}"
    if is_over:
        return f"never taken: {what}"
    if sent.is_taken:
        return f"queued {what}"
    return f"sent, not taken yet {ago(sent.at, now)}: {what}"


def ago(at: datetime, now: datetime) -> str:
    """Return how long something waits, by the second in its first minute."""
    gone = max(now - at, timedelta())
    if gone < timedelta(minutes=1):
        return f"{int(gone.total_seconds())}s"
    return formatting.span(gone)


def until_words(request: PermissionRequest, now: datetime) -> str:
    """Return how long a request waits, and when it is denied because nobody came."""
    return ", ".join(filter(None, (f"waits {ago(request.at, now)}", deadline_words(request, now))))


def deadline_words(request: PermissionRequest, now: datetime) -> str:
    """Return when a request is denied because nobody came; empty when it waits for ever."""
    left = left_words(request, now)
    return left and (f"denied in {left}" if left != _NOW else "denied at any moment")


def left_words(request: PermissionRequest, now: datetime) -> str:
    """Return how long a request still waits, by the second in the last minute; or nothing."""
    if request.until is None:
        return ""
    left = max(request.until - now, timedelta())
    return f"{left.seconds}s" if left < timedelta(minutes=1) else formatting.span(left)


def answered_words(request: PermissionRequest, session: Session, zone: tzinfo) -> str:
    """Return who answered a request meanwhile, and when; empty while it waits as it did."""
    run = session.run
    for sent in run.sent if run else ():
        if sent.kind == "answer" and sent.request_id == request.request_id:
            return _answered(sent.by, sent.decision, sent.at, zone)
    now = run.request if run else None
    if now is not None and now.request_id == request.request_id:
        return "" if now.digest == request.digest else "it asks for something else by now"
    last = session.last_event
    if last is not None and last.action == "answer" and last.request_id == request.request_id:
        return _answered(last.operator, _decision(last.detail), last.at, zone)
    return "it waits no more: it was answered, or its turn has ended"


def _answered(by: str, decision: str, at: datetime, zone: tzinfo) -> str:
    did = {"allow": "allowed it", "always": "allowed it in this run", "deny": "denied it"}
    who = one_line(by)[:32] or "somebody"
    return f"{who} {did.get(decision, 'answered it')} at {at.astimezone(zone):%H:%M}"


def _decision(detail: str) -> str:
    """Return what was decided, as the audit has it."""
    try:
        facts = json.loads(detail)
    except ValueError:
        return ""
    return str(facts.get("decision", "")) if isinstance(facts, dict) else ""
