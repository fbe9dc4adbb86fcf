"""Extends a session: both its clocks."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from tui.claude.config_dir import postpone_sweep, refresh_children
from tui.core.errors import Reason, Refused
from tui.core.models.row import Row, Status
from tui.core.models.session import Session
from tui.core.sessions import row_transitions
from tui.core.time import expiry
from tui.core.time.zones import zone_named
from tui.core.values import dataclass
from tui.operations.cause import stray_words
from tui.operations.context import ActionResult, Context, at_home
from tui.operations.target import (
    Target,
    require_row_known,
    require_transcript_known,
    target_of,
    tracking_of,
)
from tui.safe_io.folders import console_folder


@dataclass(frozen=True, slots=True)
class Extension:
    """What an extension would do: move the expiry from `was` to `until`, as was `typed`.

    `is_needless` when both clocks reach `until` already.
    """

    session: Session
    was: datetime | None
    until: datetime
    is_needless: bool
    typed: str = ""

    @property
    def host(self) -> str:
        """Where its session lives, empty for here."""
        return self.session.host

    @property
    def ends_at(self) -> datetime | None:
        """When the session ends without the extension, by the earlier clock."""
        return self.session.ends_at


def plan_extension(session: Session, words: str, now: datetime) -> Extension:
    """Return what `words` (`7`, `12h`, `+7d`, `2026-12-24`) would do to a session.

    Raises `UsageError` for a malformed duration, `Refused` for a session without an expiry to
    extend, `ConsoleError` when its expiry, or whether it has a transcript, cannot be read.
    """
    _require_row(session)
    if session.status == Status.DELETED:
        short = session.session_id[:8]
        raise Refused(f"{short} is deleted", Reason.DELETED, remedy=f"show {short}")
    require_transcript_known(session)
    was = session.expires_at
    until = expiry.extended(words, was, now, zone_named(session.zone))
    revives = session.status == Status.EXPIRED and session.transcript is not None
    is_swept = session.sweep_at is not None and session.sweep_at < until
    if session.is_stray and is_swept:
        raise Refused(
            f"{session.session_id[:8]} cannot be kept that long where it is: "
            f"{stray_words(session)} first"
        )
    is_needless = was is not None and until <= was and not revives and not is_swept
    return Extension(session, was, until, is_needless, words)


@at_home
def extend(context: Context, extension: Extension) -> ActionResult:
    """Write the new expiry by compare-and-set, and postpone the CLI's sweep past it.

    Raises `Changed` when the row is no longer what was shown, `DatabaseProblem`, `Refused`.
    """
    context.require_writable()
    session, now = extension.session, context.clock()
    target, row = target_of(session), _require_row(session)
    require_transcript_known(session)
    has_transcript = session.transcript is not None
    zone = zone_named(session.zone)
    after = row_transitions.extended(row, extension.until, zone, has_transcript=has_transcript)
    if extension.until == extension.was and after.status == row.status:
        after = row
    _postpone_sweep(target, session, extension.until, now)
    if after != row:
        tracking = tracking_of(context, target.folder, session.zone)
        tracking.change(row, after, action="extend", now=now)
        with suppress(OSError):  # it tells `undo` that this listing may have an act
            console_folder(target.folder)
    is_needless = extension.is_needless
    words = f"{target.short} already lasts longer" if is_needless else f"extended {target.short}"
    return ActionResult(
        kind="extend",
        listing=session.listing,
        session_id=target.session_id,
        at=now,
        words=words,
        before=row,
        after=after,
        zone=session.zone,
        folder=target.folder,
        is_needless=is_needless,
        act_id=context.act_id,
    )


def _require_row(session: Session) -> Row:
    short = session.session_id[:8]
    require_row_known(session, "extended")
    if session.row is None:
        raise Refused(f"{short} is not tracked: it has no expiry to extend", Reason.NOT_TRACKED)
    return session.row


def _postpone_sweep(target: Target, session: Session, until: datetime, now: datetime) -> None:
    if session.is_stray:
        return
    if session.transcript is not None and session.transcript.resumable:
        postpone_sweep(target.config_dir, session.transcript.modified_at, until)
        refresh_children(target.config_dir, now)
