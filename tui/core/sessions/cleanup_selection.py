"""What a clean-up takes of the sessions, what it leaves, and why."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from tui.core.models.session import Liveness, Session, State
from tui.core.sessions.listing_join import is_past, is_pending
from tui.core.values import dataclass

IN_DOUBT = "its time zone is uncertain: set time_zone"


@dataclass(frozen=True, slots=True)
class CleanupCriteria:
    """Which sessions a clean-up takes: those that meet any of these criteria.

    `is_expired`: past their expiry, or leftovers; `older_than`: inactive for that long;
    `max_bytes`: the least recently active ones, until the rest fits. `free_bytes` stands alone:
    that much is erased for good, of the trash first, then of what is expired.
    """

    is_expired: bool = False
    older_than: timedelta | None = None
    max_bytes: int | None = None
    free_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class CleanupSelection:
    """The sessions that a clean-up would take and skip, each with the reason."""

    taken: tuple[tuple[Session, str], ...]
    skipped: tuple[tuple[Session, str], ...]


def select(sessions: Iterable[Session], wanted: CleanupCriteria, now: datetime) -> CleanupSelection:
    """Return what a clean-up takes of the sessions; never one that is or may be live.

    A session whose expiry may be read in the wrong zone is skipped for that reason.
    """
    every = tuple(sessions)
    due = [(one, why) for one in every if (why := _due(one, wanted, now))]
    taken = [(one, why) for one, why in due if not _protection(one)]
    skipped = [(one, why) for one, _ in due if (why := _protection(one))]
    if wanted.max_bytes is not None:
        decided = {one.key for one, _ in due}
        left = sum(one.bytes for one in every) - sum(one.bytes for one, _ in taken)
        rest = sorted((one for one in every if one.key not in decided), key=_last_active)
        for one in rest:
            if left <= wanted.max_bytes:
                break
            if why := _protection(one):
                skipped.append((one, why))
            elif one.transcript is not None:
                taken.append((one, "over the size limit"))
                left -= one.bytes
    decided = {one.key for one, _ in (*taken, *skipped)}
    if wanted.is_expired:
        doubted = (one for one in every if one.is_zone_doubted and is_past(one, now))
        skipped += [(one, IN_DOUBT) for one in doubted if one.key not in decided]
    return CleanupSelection(tuple(taken), tuple(skipped))


def cleanable(sessions: Iterable[Session], now: datetime) -> tuple[Session, ...]:
    """Return what a clean-up takes: all that counts what awaits one goes by this."""
    return tuple(one for one, _ in select(sessions, CleanupCriteria(is_expired=True), now).taken)


def is_expired(session: Session, now: datetime) -> bool:
    """Whether it is past its expiry, or a leftover, and is still here; some are not cleanable."""
    return is_past(session, now) or session.state is State.LEFTOVER


def why_left(session: Session, now: datetime) -> str:
    """Return why a clean-up would leave a session at its end, or leaves it; empty if it takes it.

    What has it open now counts only once it has ended: by then it may be closed.
    """
    if session.is_zone_doubted and session.state is not State.LEFTOVER:
        return IN_DOUBT
    is_held = session.is_live and not is_expired(session, now)
    return "" if is_held else _protection(session)


def _due(session: Session, wanted: CleanupCriteria, now: datetime) -> str:
    """Return why a session is due by its age or expiry, live or not; empty when it is not."""
    if wanted.is_expired and _is_over(session, now):
        return "leftover" if session.state is State.LEFTOVER else "expired"
    last = session.last_activity_at
    is_old = wanted.older_than is not None and last is not None and last <= now - wanted.older_than
    return "old" if is_old and session.transcript is not None else ""


def _is_over(session: Session, now: datetime) -> bool:
    """Whether it awaits clean-up, or would if not live, or is only a row past its expiry."""
    return is_pending(session, now) or (is_past(session, now) and not session.is_zone_doubted)


def _last_active(session: Session) -> datetime:
    return session.last_activity_at or datetime.min.replace(tzinfo=UTC)


def _protection(session: Session) -> str:
    """Return why clean-up must not take a session; empty when it may."""
    if session.liveness is Liveness.UNKNOWN:
        return "its owner may still be alive"
    if session.is_orphan:
        return "its CLI is still running: `stop` ends it"
    if session.is_live:
        return "in use"
    if session.is_stray:
        return "outside its listing: `adopt` it first"
    return session.row_problem
