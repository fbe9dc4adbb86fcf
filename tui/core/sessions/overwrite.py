"""Detects when a blind write of the pipeline wiped the last audited change of a row.

The guide's code doesn't check before it writes: its `INSERT OR REPLACE` resets `created_at`,
`expires_at`, `status` and `metadata`, and its extension may shorten a session's life. Deliberate
changes by other programs stay: a new stage, a failure, a clean-up of an expired session.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import tzinfo

from tui.core.models.audit import AuditEvent
from tui.core.models.row import Row, Status
from tui.core.sessions.row_transitions import FAILURE, with_details
from tui.core.time.zones import read_time

_KEPT = (Status.ACTIVE, Status.FAILED)
_MENDED = (*_KEPT, Status.EXPIRED)


def overwritten(row: Row, last: AuditEvent | None, zone: tzinfo) -> Row | None:
    """Return `row` with the wiped values of the last act restored; `None` if none were wiped.

    Times are compared as moments in the listing's `zone`. A session that was deleted or cleaned up
    and is tracked again has begun anew: nothing was wiped.
    """
    left = last.after if last else None
    if last is None or left is None or left.status not in _KEPT or row.status not in _MENDED:
        return None
    mended, facts = row, ["agent"]
    if _is_shortened(row, left, zone):
        status = Status.ACTIVE if row.status == Status.EXPIRED else row.status
        mended = replace(row, expires_at=left.expires_at, status=status)
    if _is_failure_lost(mended, left, last):
        mended, facts = replace(mended, status=Status.FAILED), [*facts, *FAILURE]
    mended = _with_facts(mended, left, facts)
    return None if mended == row else replace(mended, created_at=_earlier(row, left, zone))


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


def _with_facts(row: Row, left: Row, names: Iterable[str]) -> Row:
    known, lost = row.details(), left.details()
    return with_details(row, {one: lost[one] for one in names if one in lost and one not in known})


def _earlier(row: Row, left: Row, zone: tzinfo) -> str:
    made, first = read_time(row.created_at, zone), read_time(left.created_at, zone)
    return left.created_at if made and first and first < made else row.created_at
