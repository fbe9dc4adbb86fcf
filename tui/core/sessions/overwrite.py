"""Detects when a blind write of the pipeline wiped the last audited change of a row.

The guide's code doesn't check before it writes: its `INSERT OR REPLACE` resets `created_at`,
`expires_at`, `status` and `metadata`, and its extension may shorten a session's life. Deliberate
changes by other programs stay: a new stage, a failure, a clean-up of an expired session. An act on
something else settles nothing: its event says what was wiped of earlier ones and still is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import tzinfo
from typing import Any

from tui.core.models.audit import AuditEvent
from tui.core.models.row import Row, Status
from tui.core.models.session import Liveness
from tui.core.recorded_agent import options_in
from tui.core.sessions.row_transitions import FAILURE, is_metadata_ours, with_details
from tui.core.text.bounded_json import json_object
from tui.core.time.zones import read_time
from tui.core.values import replace

_KEPT = (Status.ACTIVE, Status.FAILED)
_MENDED = (*_KEPT, Status.EXPIRED)
_STANDS = "stands"  # in an event's detail: what an earlier act left, and the row has lost
_TIMES = ("created_at", "expires_at")
# They decide anew whether the session has failed.
_DECIDES_FAILURE = ("resume", "succeed", "fail", "track", "activate")
_MOST_OF_FACT = 400

# What runs it decides at the end of its turn whether it failed.
TRIED = (Liveness.BUSY, Liveness.WAITING, Liveness.IDLE, Liveness.QUEUED)


def to_put_back(row: Row, last: AuditEvent | None, zone: tzinfo, *, is_tried: bool) -> Row | None:
    """Return what `overwritten` does, if that can be put back now: else nobody is told to."""
    mended = overwritten(row, last, zone) if is_metadata_ours(row) else None
    is_failure = mended is not None and mended.status == Status.FAILED != row.status
    return None if is_failure and is_tried else mended


def overwritten(row: Row, last: AuditEvent | None, zone: tzinfo) -> Row | None:
    """Return `row` with the wiped values of the last act restored; `None` if none were wiped.

    Times are compared as moments in the listing's `zone`. A session that was deleted or cleaned up
    and is tracked again has begun anew: nothing was wiped.
    """
    if last is None or last.after is None or last.after.status not in _KEPT:
        return None
    if row.status not in _MENDED:
        return None
    left = _standing(last, last.after)
    mended, facts = _with_options(row, last.after), list[str]()
    if _is_shortened(row, left, zone):
        status = Status.ACTIVE if row.status == Status.EXPIRED else row.status
        mended = replace(row, expires_at=left.expires_at, status=status)
    if _is_failure_lost(mended, left, last):
        mended, facts = replace(mended, status=Status.FAILED), [*FAILURE]
    mended = _with_facts(mended, left, facts)
    return None if mended == row else replace(mended, created_at=_earlier(row, left, zone))


def still_wiped(event: AuditEvent, last: AuditEvent | None, zone: tzinfo) -> Mapping[str, Any]:
    """Return what the detail of an act's event must add: what was wiped before, and still is.

    Without it the act would be the last one, and what it found would count as meant.
    """
    before, after = event.before, event.after
    if before is None or after is None or last is None or last.after is None:
        return {}
    lost, left = overwritten(before, last, zone), _standing(last, last.after)
    if lost is None or after.status not in _KEPT:
        return {}
    is_shorter = lost.expires_at != before.expires_at and _is_shortened(after, left, zone)
    is_undecided = event.action not in _DECIDES_FAILURE and after.status != Status.FAILED
    is_failure = is_undecided and lost.status == Status.FAILED != before.status
    if not (is_shorter or is_failure):
        return {}
    facts = {"created_at": left.created_at}
    if is_shorter:
        facts["expires_at"] = left.expires_at
    if is_failure:
        known = left.details()
        facts |= {one: str(known[one])[:_MOST_OF_FACT] for one in FAILURE if one in known}
    return {_STANDS: facts}


def _standing(last: AuditEvent, left: Row) -> Row:
    """Return the row that an act `left`, with what still stood then of earlier ones."""
    stands = json_object(last.detail).get(_STANDS)
    if not isinstance(stands, Mapping):
        return left
    facts = {name: one for name, one in stands.items() if isinstance(one, str)}
    left = replace(left, **{name: facts[name] for name in _TIMES if name in facts})
    failure = {name: facts[name] for name in FAILURE if name in facts}
    return with_details(replace(left, status=Status.FAILED), failure) if failure else left


def _is_shortened(row: Row, left: Row, zone: tzinfo) -> bool:
    """Whether it ends sooner than the act left it, unless that end was before the row was made."""
    until, ends = read_time(left.expires_at, zone), read_time(row.expires_at, zone)
    if until is None or (ends is not None and ends >= until):
        return False
    made = read_time(row.created_at, zone)
    return row.created_at == left.created_at or made is None or made < until


def _is_failure_lost(row: Row, left: Row, last: AuditEvent) -> bool:
    """Whether a replaced row lost a failure that we recorded; an `UPDATE` was deliberate."""
    was_ours = not left.details().keys().isdisjoint(FAILURE)
    was_ours = was_ours or (last.before is not None and last.before.status != Status.FAILED)
    is_wiped = left.status == Status.FAILED and row.status == Status.ACTIVE
    return is_wiped and was_ours and row.created_at != left.created_at


def _with_options(row: Row, left: Row) -> Row:
    """Return the row with its agent's options as the last act left them."""
    known = options_in(left)
    return with_details(row, {"agent": known}) if known not in (None, options_in(row)) else row


def _with_facts(row: Row, left: Row, names: Iterable[str]) -> Row:
    known, lost = row.details(), left.details()
    return with_details(row, {one: lost[one] for one in names if one in lost and one not in known})


def _earlier(row: Row, left: Row, zone: tzinfo) -> str:
    made, first = read_time(row.created_at, zone), read_time(left.created_at, zone)
    return left.created_at if made and first and first < made else row.created_at
