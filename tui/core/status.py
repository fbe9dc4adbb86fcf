"""The transition table of a row: what each event makes of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import Any

from tui.core.models import Row, Status
from tui.core.zones import read_time, write_time


def tracked(row: Row, expires_at: datetime, zone: tzinfo, metadata: str | None) -> Row:
    """Tracked again: active, never ending sooner, metadata kept unless new is given."""
    kept = _at_least(row, expires_at, zone)
    return replace(kept, status=Status.ACTIVE, metadata=metadata or row.metadata)


def extended(row: Row, expires_at: datetime, zone: tzinfo, *, has_transcript: bool) -> Row:
    """Extended by an operator: an expired row whose transcript is there is active again."""
    revived = row.status == Status.EXPIRED and has_transcript
    status = Status.ACTIVE if revived else row.status
    return replace(row, expires_at=write_time(expires_at, zone), status=status)


def resumed(row: Row, keeps_until: datetime, zone: tzinfo) -> Row:
    """Resumed or forked into: active, and lasting at least until `keeps_until`."""
    return replace(_at_least(row, keeps_until, zone), status=Status.ACTIVE)


def failed(row: Row, reason: str, now: datetime, zone: tzinfo) -> Row:
    """A turn failed: the reason goes into the metadata, when that is ours to write."""
    facts = {"last_error": reason, "failed_at": write_time(now, zone)}
    return replace(row, status=Status.FAILED, metadata=_merged(row, facts))


def succeeded(row: Row) -> Row:
    """A turn succeeded: a failed row is active again, its reason gone."""
    if row.status != Status.FAILED:
        return row
    return replace(row, status=Status.ACTIVE, metadata=_merged(row, {}))


def deleted(row: Row) -> Row:
    """Deleted by an operator, its transcript in the trash."""
    return replace(row, status=Status.DELETED)


def restored(row: Row, now: datetime, keeps_until: datetime, zone: tzinfo) -> Row:
    """Taken back from the trash: what it was, or active for a while if its time has passed."""
    expires_at = read_time(row.expires_at, zone)
    if expires_at is None or expires_at > now or row.status not in ("active", "expired"):
        return row
    return resumed(row, keeps_until, zone)


def _at_least(row: Row, moment: datetime, zone: tzinfo) -> Row:
    current = read_time(row.expires_at, zone)
    if current is not None and current >= moment:
        return row
    return replace(row, expires_at=write_time(moment, zone))


def _merged(row: Row, facts: Mapping[str, Any]) -> str | None:
    """Return the metadata with `facts` for the failure marks; text that is not ours stays."""
    details = dict(row.details())
    if row.metadata and not details and row.metadata.strip() != "{}":
        return row.metadata
    for name in ("last_error", "failed_at"):
        details.pop(name, None)
    details.update(facts)
    return json.dumps(details) if details else None
