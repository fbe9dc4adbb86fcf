"""Let a session last longer: both its clocks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tui.core import expiry, status
from tui.core.errors import Refused
from tui.core.models import Session, Status
from tui.core.zones import zone_named
from tui.operations.context import Act, Context
from tui.operations.target import Target, target_of
from tui.storage.config_dir import raise_sweep, refresh_children
from tui.storage.tracking import Tracking


@dataclass(frozen=True, slots=True)
class Extension:
    """What an extension would do: from `was` to `until`; `is_needless` when nothing changes."""

    session: Session
    was: datetime | None
    until: datetime
    is_needless: bool


def plan_extension(session: Session, words: str, now: datetime) -> Extension:
    """Return what `words` (`7`, `12h`, `+7d`, `2026-12-24`) would do to a session.

    Raises `UsageError` for words that are no duration, `Refused` for what has no expiry to extend.
    """
    if session.row is None:
        raise Refused(f"{session.session_id[:8]} is not tracked: it has no expiry to extend")
    if session.status == Status.DELETED:
        raise Refused(f"{session.session_id[:8]} is deleted: restore it first")
    was = session.expires_at
    until = expiry.extended(words, was, now, zone_named(session.zone))
    revives = session.status == Status.EXPIRED and session.transcript is not None
    return Extension(session, was, until, was is not None and until <= was and not revives)


def extend(context: Context, extension: Extension) -> Act:
    """Write the new expiry by compare-and-set and put the CLI's own sweep off until past it.

    Raises `Changed` when the row is not what was shown any more, `DatabaseProblem`, `Refused`.
    """
    context.require_writable()
    session, now = extension.session, context.clock()
    target, row = target_of(session), session.row
    if row is None:
        raise Refused(f"{target.short} is not tracked: it has no expiry to extend")
    has_transcript = session.transcript is not None
    zone = zone_named(session.zone)
    after = status.extended(row, extension.until, zone, has_transcript=has_transcript)
    if extension.is_needless:
        after = row
    _put_sweep_off(target, session, extension.until, now)
    if after != row:
        tracking = Tracking(target.db_path, zone, context.settings.operator)
        tracking.change(row, after, action="extend", now=now)
    words = f"{target.short} already lasts longer" if after == row else f"extended {target.short}"
    return Act(
        "extend",
        session.listing,
        target.session_id,
        now,
        words,
        row,
        after,
        zone=session.zone,
        folder=target.folder,
    )


def _put_sweep_off(target: Target, session: Session, until: datetime, now: datetime) -> None:
    if session.transcript is not None and session.transcript.resumable:
        raise_sweep(target.config_dir, session.transcript.modified_at, until)
        refresh_children(target.config_dir, now)
