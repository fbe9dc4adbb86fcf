"""The transitions of a row: its status after each event, from any status.

| event | status |
| --- | --- |
| tracked, resumed, forked into, activated | `active` |
| extended | `active` if it was `expired` and has a transcript, else unchanged |
| turn failed, failed by an operator | `failed` |
| turn succeeded | `active` if it was `failed`, else unchanged |
| turn without an answer | `failed` if it was before the run, else unchanged |
| cleaned up | `expired` |
| deleted | `deleted` |
| restored | as before; `active` for a while if it is past its expiry, unless it had failed |
| a delete or clean-up undone | as before |
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any

from tui.core.errors import Kind
from tui.core.models.row import Row, Status
from tui.core.time.zones import read_time, write_time
from tui.core.values import replace

KIND = "last_error_kind"
FAILURE = ("last_error", "failed_at", KIND)
# What a run keeps beside its pipeline's metadata: the first decides what a resume may do.
OF_RUNS = ("agent", "operator")
OWN_DETAILS = frozenset((*OF_RUNS, *FAILURE))


def tracked(row: Row, expires_at: datetime, zone: tzinfo, metadata: str | None) -> Row:
    """Tracked again: active, never shortened; metadata is kept unless new is given.

    The agent's options, which a later resume needs, are kept even with new metadata.
    """
    kept = _at_least(row, expires_at, zone)
    after = replace(kept, status=Status.ACTIVE, metadata=metadata or row.metadata)
    agent = row.details().get("agent")
    is_kept = agent is None or "agent" in after.details()
    return after if is_kept else with_details(after, {"agent": agent})


def keeping(row: Row, before: Row | None, recorded: Mapping[str, Any] | None) -> Row:
    """Return a row with what runs keep in it: as it was `before`, but the options `recorded`."""
    was = before.details() if before is not None else {}
    kept = {name: was[name] for name in OF_RUNS if name in was}
    kept |= {"agent": dict(recorded)} if recorded is not None else {}
    is_kept = all(row.details().get(name) == value for name, value in kept.items())
    return row if is_kept else with_details(row, kept)


def extended(row: Row, expires_at: datetime, zone: tzinfo, *, has_transcript: bool) -> Row:
    """Extended, never shortened; an expired row that has a transcript becomes active again."""
    revived = row.status == Status.EXPIRED and has_transcript
    status = Status.ACTIVE if revived else row.status
    return replace(_at_least(row, expires_at, zone), status=status)


def resumed(row: Row, keeps_until: datetime, zone: tzinfo) -> Row:
    """Resumed: active, at least until `keeps_until`.

    An unreadable expiry is kept: any date we write might be earlier.
    """
    is_known = read_time(row.expires_at, zone) is not None
    kept = _at_least(row, keeps_until, zone) if is_known else row
    return replace(kept, status=Status.ACTIVE)


def activated(row: Row, keeps_until: datetime, zone: tzinfo) -> Row:
    """Made active by an operator: as resumed, and a failure is cleared."""
    return without_failure(resumed(row, keeps_until, zone))


def failed(row: Row, reason: str, now: datetime, zone: tzinfo, kind: Kind = Kind.OTHER) -> Row:
    """A turn failed, or an operator says so; the reason is added to the metadata if possible."""
    facts = {"last_error": reason, "failed_at": write_time(now, zone)}
    if kind is not Kind.OTHER:
        facts[KIND] = kind.value
    return with_details(without_failure(replace(row, status=Status.FAILED)), facts)


def kind_of_failure(row: Row | None) -> Kind:
    """Return of what kind a row says that its failure is; `OTHER` for what is not known."""
    stored = row.details().get(KIND) if row is not None else None
    return next((one for one in Kind if one == stored), Kind.OTHER)


def succeeded(row: Row) -> Row:
    """A turn succeeded: a failed row becomes active, and the old reason is removed."""
    if row.status not in (Status.FAILED, Status.ACTIVE):
        return row
    return without_failure(replace(row, status=Status.ACTIVE))


def unanswered(row: Row) -> Row:
    """A turn without an answer: a resume has made it active, but its failure stands."""
    stands = row.status == Status.ACTIVE and "failed_at" in row.details()
    return replace(row, status=Status.FAILED) if stands else row


def cleaned_up(row: Row) -> Row:
    """Cleaned up, the transcript in the trash; the guide calls this `expired`."""
    return replace(row, status=Status.EXPIRED)


def deleted(row: Row) -> Row:
    """Deleted by an operator, the transcript in the trash."""
    return replace(row, status=Status.DELETED)


def restored(row: Row, now: datetime, keeps_until: datetime, zone: tzinfo) -> Row:
    """Restored from the trash: active for a while if it is past its expiry.

    A failed row stays failed: clean-up does not take it for its expiry.
    """
    expires_at = read_time(row.expires_at, zone)
    if expires_at is None or expires_at > now or row.status not in ("active", "expired"):
        return row
    return resumed(row, keeps_until, zone)


def with_details(row: Row, facts: Mapping[str, Any]) -> Row:
    """Return the row with `facts` in its metadata, or unchanged if that is not a JSON object."""
    if not facts or not is_metadata_ours(row):
        return row
    return replace(row, metadata=json.dumps(dict(row.details()) | dict(facts)))


def without_failure(row: Row) -> Row:
    """Return the row without the reason and time of a failure."""
    details = row.details()
    if details.keys().isdisjoint(FAILURE):
        return row
    kept = {name: value for name, value in details.items() if name not in FAILURE}
    return replace(row, metadata=json.dumps(kept) if kept else None)


def _at_least(row: Row, moment: datetime, zone: tzinfo) -> Row:
    current = read_time(row.expires_at, zone)
    if current is not None and current >= moment:
        return row
    return replace(row, expires_at=write_time(moment, zone))


def is_metadata_ours(row: Row) -> bool:
    """Whether the metadata is ours to write: empty, or a JSON object."""
    return not row.metadata or bool(row.details()) or row.metadata.strip() == "{}"
