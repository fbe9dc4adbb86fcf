"""What others did, as text for the message line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from tui.core.act_summary import Source, did, source_of
from tui.core.console.keymap import Keymap
from tui.core.errors import UsageError
from tui.core.models.audit import AuditEvent
from tui.core.models.catalog import Catalog
from tui.core.models.row import Row
from tui.core.models.session import Key, Session
from tui.core.sessions.attention import Need
from tui.core.sessions.catalog_changes import CatalogChanges
from tui.core.text.safe_text import one_line
from tui.core.time.zones import read_time, zone_named
from tui.view.text import formatting

# Part of every turn, which the screen shows anyway.
_OF_TURNS = ("track", "succeed")
# Recorded in the logbook, and in the audit not at all or as well.
_OF_LOG = ("ack", "rename", "adopt", "purge")
_PIPELINE = "pipeline"


def lines(changes: CatalogChanges, catalog: Catalog, now: datetime) -> tuple[str, ...]:
    """Return one line for each change, and one for what an operator did to several sessions."""
    said = [*_acts(changes.events, now)]
    for one in changes.overwritten:
        short = formatting.short_id(one.session_id)
        said.append(f"the pipeline overwrote a change to {short}: :reapply restores it")
    for name in changes.vanished:
        said.append(f"{one_line(name)} has vanished: `:ack {one_line(name)}` removes it")
    if changes.hold is not None:
        said.append(hold_words(catalog, changes.lifted_by))
    return (*said, *_logged(changes.log))


def need_lines(
    before: Mapping[Key, Need], after: Mapping[Key, Need], catalog: Catalog, keys: Keymap
) -> Iterator[tuple[str, frozenset[Key]]]:
    """Yield what happened without anybody's act, and of which sessions it tells."""
    resumes = f"{keys.sign('resume')} resumes"
    told = (
        (Need.CUT_OFF, "left in the middle of a turn", resumes),
        (Need.UNSENT, "ended with a prompt never sent", resumes),
        (Need.ORPHAN, "left without a runner", ":stop ends the CLI"),
        (Need.EXPIRED, "expired", f"{keys.sign('extend')} keeps, {keys.sign('cleanup')} cleans up"),
    )
    for need, what, then in told:
        new = frozenset(key for key in after if after[key] is need and before.get(key) is not need)
        there = [one for one in catalog.sessions if one.key in new]
        if len(there) == 1:
            where = f"{formatting.short_id(there[0].session_id)} of {one_line(there[0].listing)}"
            yield f"{where} {what}: {then}", new
        elif there:
            yield f"{len(there)} sessions {what}: {then}", new


def hold_words(catalog: Catalog, lifted_by: str) -> str:
    """Return who holds new runs, or that nobody does any longer."""
    hold = catalog.hold
    if hold is None:
        lifted = f"{one_line(lifted_by)[:32]} released the hold" if lifted_by else ""
        return f"{lifted or 'the hold is released'}: new runs and clean-up resume"
    reason = f": {one_line(hold.reason)}" if hold.reason else ""
    return f"new runs paused by {one_line(hold.by)}{reason}"


def _logged(events: Iterable[AuditEvent]) -> Iterator[str]:
    """Yield what only the logbook records, several sessions of one action in one line."""
    named = [one for one in events if one.action in _OF_LOG]
    groups = Counter((one.operator, one.action) for one in named if one.session_id)
    for event in named:
        count = groups.pop((event.operator, event.action), 0) if event.session_id else 1
        if count == 1:
            yield did(event, _what(event))
        elif count:
            yield did(event, f"{count} sessions")


def _what(event: AuditEvent) -> str:
    """Return what an action was about: a session, a vanished listing, or else its note."""
    if event.session_id:
        return formatting.short_id(event.session_id)
    if event.listing:
        return f"that {one_line(event.listing)} vanished"
    return one_line(event.note)[:60]


def _acts(events: Iterable[tuple[Session, AuditEvent]], now: datetime) -> Iterable[str]:
    every = [(one, event) for one, event in events if not _is_of_a_turn(event)]
    counts = Counter((event.operator, event.action) for _, event in every)
    for session, event in every:
        who = (event.operator, event.action)
        count = counts.pop(who, 0)
        if count == 1:
            yield act(session, event, now)
        elif count:
            yield did(event, f"{count} sessions")


def _is_of_a_turn(event: AuditEvent) -> bool:
    is_told = event.action == "purge"  # by the logbook
    is_covered = source_of(event) is Source.ALWAYS
    return event.action in _OF_TURNS or event.operator == _PIPELINE or is_told or is_covered


def act(session: Session, event: AuditEvent, now: datetime) -> str:
    """Return who did what to a session, as in `bert extended 9f2c 6h → 7d`."""
    said = did(event, formatting.short_id(session.session_id))
    before, after = (_expiry(row, session, now) for row in (event.before, event.after))
    is_moved = event.action not in ("delete", "clean-up") and before and after and before != after
    return f"{said}  {before} → {after}" if is_moved else said


def _expiry(row: Row | None, session: Session, now: datetime) -> str:
    if row is None:
        return ""
    try:
        expires_at = read_time(row.expires_at, zone_named(session.zone))
    except UsageError:
        return ""
    return formatting.countdown(expires_at, now) if expires_at else ""
