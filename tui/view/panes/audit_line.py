"""Audit events in one line of words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Any

from tui.core.act_summary import Source, source_of
from tui.core.models.audit import AuditEvent
from tui.core.models.row import Row
from tui.core.text.bounded_json import json_object
from tui.core.text.safe_text import one_line
from tui.view.text.formatting import cost, moment

_MOST = 10_000
_MOST_ANSWERS = 6
_DENY = "deny"
_MOVED = {
    "clean-up": "moved to the trash",
    "delete": "moved to the trash",
    "restore": "moved back from the trash",
}


def act_words(event: AuditEvent) -> str:
    """Return what an event changed: `expires 24 Nov 10:00 -> 01 Dec 10:00, active -> failed: why`.

    A row's times are shown as stored, in its pipeline's time zone.
    """
    before, after = event.before, event.after
    if after is None:
        return detail_words(event) or event.note
    year = event.at.year
    if before is None:
        return f"{_word(after.status)}, expires {stored_time(after.expires_at, year)}"
    changes = (_expiry(before, after, year), _status(before, after), _others(before, after))
    together, moved = _together(json_object(event.detail)), _MOVED.get(event.action, "")
    said = (together, *changes, moved, event.note, _cost(event))
    return ", ".join(words for words in said if words)


def detail_words(event: AuditEvent) -> str:
    """Return the details of an event that changed no row: `allow Bash, input 3fa9c2d1`."""
    facts = json_object(event.detail)

    def said(name: str, longest: int = 60) -> str:
        return one_line(str(facts.get(name) or "")[: 4 * longest])[:longest]

    parts = [
        " ".join(filter(None, (said("decision"), said("tool")))),
        f"input {said('digest')[:8]}" if said("digest") else "",
        f"{said('seconds')} s more" if said("seconds") else "",
        _covered(event) or said("reason", 200),
        f"{said('characters')} characters" if said("characters") else "",
        said("model") or said("mode"),
        _together(facts),
        said("words", 200),
        said("tags", 400),
        said("note", 500),
        _cost(event),
    ]
    return ", ".join(filter(None, parts))


def answer_words(events: Iterable[AuditEvent]) -> str:
    """Return how requests were answered: `always Bash 1, and 3 more by that answer, deny Read 2`.

    What an operator answered is told apart from what an earlier answer covered, and from what was
    denied since nobody answered; refusals come first.
    """
    by_source: dict[Source, list[AuditEvent]] = {source: [] for source in Source}
    for event in events:
        by_source[source_of(event)].append(event)
    answered, covered = by_source[Source.OPERATOR], by_source[Source.ALWAYS]
    asked = {one.request_id: _answer(one) for one in answered if one.request_id}
    kinds = Counter(map(_answer, answered))
    more = Counter(asked[one.request_id] for one in covered if one.request_id in asked)
    before = len(covered) - more.total()
    late = len(by_source[Source.CLOCK])
    named = sorted(kinds, key=lambda kind: (not kind.startswith(_DENY), -kinds[kind], kind))
    said = [_with_covered(kind, kinds[kind], more[kind]) for kind in named[:_MOST_ANSWERS]]
    rest = named[_MOST_ANSWERS:]
    if rest:
        denied = sum(kinds[kind] for kind in rest if kind.startswith(_DENY))
        word = f", {denied} of them denied" if denied else ""
        said.append(f"and {sum(kinds[kind] for kind in rest)} more{word}")
    said += [f"{before} covered by an earlier answer"] if before else []
    return ", ".join((*said, *((f"{late} denied since nobody answered",) if late else ())))


def _answer(event: AuditEvent) -> str:
    """Return what was answered about which tool: `deny Write`."""
    facts = json_object(event.detail)
    said = " ".join(str(facts.get(name) or "")[:60] for name in ("decision", "tool"))
    return one_line(said).strip() or "an answer"


def _with_covered(kind: str, number: int, covered: int) -> str:
    those = "that answer" if number == 1 else "those answers"
    return f"{kind} {number}{f', and {covered} more by {those}' if covered else ''}"


def _covered(event: AuditEvent) -> str:
    """Return whose earlier answer covered a request; empty for one that was answered itself."""
    if source_of(event) is not Source.ALWAYS:
        return ""
    return f"by an earlier `always` of {one_line(event.operator)[:32]}"


def _together(facts: Mapping[str, Any]) -> str:
    """Return with how many others its run was started, as in `one of 40 at once`."""
    count = facts.get("together")
    is_many = isinstance(count, int) and 1 < count < _MOST
    return f"one of {count} at once" if is_many else ""


def _cost(event: AuditEvent) -> str:
    return cost(event.cost_usd) if event.cost_usd is not None else ""


def act_time(event: AuditEvent, zone: tzinfo) -> str:
    """Return when an event happened, in a time zone."""
    return f"{event.at.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def stored_time(stored: str, year: int) -> str:
    """Return a stored time in a few cells: `24 Nov 10:00`, with its year unless that is `year`."""
    try:
        at = datetime.fromisoformat(stored)
    except ValueError:
        return one_line(stored)[:30] or "?"
    return moment(at, year=year) + (f" {at:%Z}" if at.tzinfo else "")


def _expiry(before: Row, after: Row, year: int) -> str:
    if before.expires_at == after.expires_at:
        return ""
    was, ends = stored_time(before.expires_at, year), stored_time(after.expires_at, year)
    return f"expires {was} -> {ends}"


def _status(before: Row, after: Row) -> str:
    reason = one_line(after.details().get("last_error") or "")[:200]
    has_new = reason != one_line(before.details().get("last_error") or "")[:200]
    if before.status == after.status and not (reason and has_new):
        return ""
    told = f": {reason}" if reason and after.status == "failed" else ""
    return f"{_word(before.status)} -> {_word(after.status)}{told}"


def _others(before: Row, after: Row) -> str:
    names = ("listing_id", "stage", "created_at")
    words = [
        f"{name} {one_line(getattr(before, name))[:40]} -> {one_line(getattr(after, name))[:40]}"
        for name in names
        if getattr(before, name) != getattr(after, name)
    ]
    known, now_known = before.details(), after.details()
    if known.get("agent") != now_known.get("agent"):
        words.append("agent's options recorded" if "agent" in now_known else "agent's options lost")
    return ", ".join(words)


def _word(status: str) -> str:
    return one_line(status)[:20] or "?"
