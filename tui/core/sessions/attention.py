"""Which sessions need an operator, how urgently, and which failures share a cause."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from enum import IntEnum

from tui.core.errors import Kind, UsageError
from tui.core.models.retried import BETWEEN_MARKS, is_retried
from tui.core.models.row import Status
from tui.core.models.session import Key, Liveness, Session, State
from tui.core.sessions.listing_join import ends_within, is_gone, is_past, is_pending
from tui.core.sessions.row_transitions import kind_of_failure
from tui.core.text.digest import sha256_hex
from tui.core.text.late_pattern import late_pattern
from tui.core.text.safe_text import one_line
from tui.core.time.zones import read_time, zone_named
from tui.core.values import dataclass

FEW = 3
LAST_HOUR = timedelta(hours=1)
_FAILURES = "\x00failures"
_DAY = timedelta(days=1)
_FAR = datetime.max.replace(tzinfo=UTC)
_MOST_OF_MARK = 80
# The parts that differ between failures of one cause: ids, and all numbers but HTTP statuses.
_VARYING = late_pattern(
    r"[0-9a-f]{8}-[0-9a-f-]{20,}"
    r"|\b[a-z]+_(?=\w*\d)\w{8,}"
    r"|\b(?=[a-f]*\d)[0-9a-f]{8,}\b"
    r"|\d+(?:[.:,]\d+)*"
)
# All failures of such a kind are one, however the API or the CLI words each.
_ONE_CAUSE = frozenset(
    {
        *(Kind.RATE_LIMIT, Kind.OVERLOADED, Kind.NETWORK, Kind.CREDENTIAL, Kind.BILLING),
        *(Kind.TURNS, Kind.BUDGET, Kind.BUSY, Kind.DISK_FULL),
    }
)
_HTTP_STATUS = late_pattern(r"[45]\d\d")


class Need(IntEnum):
    """Why a session needs an operator, the most urgent first.

    It waits for a permission; it failed; it was left in the middle of a turn; prompts to it were
    never sent; it is an orphan; it is busy but quiet for long, or stalled; it ends within the hour;
    the CLI sweeps it within a day, though it expires later; it expired within the last day; the
    pipeline overwrote an operator's change; it is a ghost.
    """

    ANSWER = 0
    FAILED = 1
    CUT_OFF = 2
    UNSENT = 3
    ORPHAN = 4
    QUIET = 5
    ENDS = 6
    SWEPT = 7
    EXPIRED = 8
    OVERWRITTEN = 9
    GHOST = 10


def attention(session: Session, now: datetime, quiet_after: timedelta) -> Need | None:
    """Return the most urgent reason why a session needs an operator now, or `None`.

    All that counts or lists who needs somebody goes by this, or by all of the `open_needs`.
    """
    return next(open_needs(session, now, quiet_after), None)


def open_needs(
    session: Session, now: datetime, quiet_after: timedelta, within: timedelta = LAST_HOUR
) -> Iterator[Need]:
    """Yield why a session needs an operator now, the most urgent first.

    An acknowledged need counts again only when something new happens to the session, a snoozed one
    also when its time is over. An end counts `within` that time.
    """
    for need in needs_of(session, now, quiet_after, within):
        if not is_settled(session, need, now):
            yield need


def needing(sessions: Iterable[Session], now: datetime, quiet_after: timedelta) -> dict[Key, Need]:
    """Return the needs of all sessions that have one, by session key."""
    needs = ((one.key, attention(one, now, quiet_after)) for one in sessions)
    return {key: need for key, need in needs if need is not None}


def by_urgency(sessions: Iterable[Session], needs: Mapping[Key, Need]) -> tuple[Key, ...]:
    """Return the sessions that have one of these needs, the most urgent and the longest first."""
    ranks = (urgency(one, needs[one.key]) for one in sessions if one.key in needs)
    return tuple(key for *_, key in sorted(ranks))


def urgency(session: Session, need: Need) -> tuple[Need, datetime, Key]:
    """Return the sort key of who needs somebody: the kind of need, then since when it stands."""
    return need, since(session, need) or _FAR, session.key


def is_settled(session: Session, need: Need, now: datetime) -> bool:
    """Whether an operator has acknowledged this very need, or snoozed it until later than now."""
    ack = session.ack
    if ack is None or (ack.until is not None and ack.until <= now):
        return False
    marks = ack.mark.split(BETWEEN_MARKS)
    news = since(session, need), session.undated_failure_at if need is Need.FAILED else None
    is_tried_again = need in (Need.FAILED, Need.CUT_OFF) and is_retried(marks, *news)
    return is_tried_again or mark_of(session, need) in marks


def is_all_settled(session: Session, now: datetime, quiet_after: timedelta) -> bool:
    """Whether it has needs, and all of them are acknowledged or snoozed."""
    is_in_need = need_of(session, now, quiet_after) is not None
    return is_in_need and attention(session, now, quiet_after) is None


def is_snoozed(session: Session) -> bool:
    """Whether what was acknowledged comes back by itself."""
    return session.ack is not None and session.ack.until is not None


def snoozed_until(session: Session, now: datetime, quiet_after: timedelta) -> datetime | None:
    """Return until when a session is snoozed; `None` when it is not, or no longer."""
    ack = session.ack
    if ack is None or ack.until is None:
        return None
    return ack.until if is_all_settled(session, now, quiet_after) else None


def need_of(session: Session, now: datetime, quiet_after: timedelta) -> Need | None:
    """Return the most urgent reason why a session needs an operator, acknowledged or not."""
    return next(needs_of(session, now, quiet_after), None)


def needs_of(
    session: Session, now: datetime, quiet_after: timedelta, within: timedelta = LAST_HOUR
) -> Iterator[Need]:
    """Yield all reasons why a session needs an operator, the most urgent first."""
    if is_gone(session) or session.is_vanished:
        return
    of_turn = _need_of_turn(session, now, quiet_after)
    if of_turn is not None:
        yield of_turn
    if session.unsent:
        yield Need.UNSENT
    if ends_soon(session, now, within):
        yield Need.ENDS
    elif is_swept_soon(session, now):
        yield Need.SWEPT
    elif has_expired(session, now):
        yield Need.EXPIRED
    if session.overwritten is not None:
        yield Need.OVERWRITTEN
    if of_turn is None and session.state is State.GHOST:
        yield Need.GHOST


def _need_of_turn(session: Session, now: datetime, quiet_after: timedelta) -> Need | None:
    """Return what its running or last turn needs."""
    if session.liveness is Liveness.WAITING:
        return Need.ANSWER
    if has_failed(session):
        return Need.FAILED
    if session.cut_off_at is not None:
        return Need.CUT_OFF
    if session.is_orphan:
        return Need.ORPHAN
    return Need.QUIET if is_quiet(session, now, quiet_after) else None


def has_failed(session: Session) -> bool:
    """Whether its last turn failed, or its row says so, and it is not tried again."""
    is_told = session.status == Status.FAILED or bool(session.turn_error)
    return is_told and not is_tried(session)


def is_tried(session: Session) -> bool:
    """Whether a turn of it is queued, or one of a run that has not ended is at work.

    What only the CLI's registry calls busy may have failed and still be open.
    """
    is_ours = session.run is not None and not session.run.is_over
    return session.liveness is Liveness.QUEUED or (is_ours and session.is_in_a_turn)


def why_failed(session: Session) -> str:
    """Return why it failed, if it did and if that is known."""
    return session.reason if has_failed(session) else ""


def since(session: Session, need: Need) -> datetime | None:
    """Return since when a need stands, or when it will be too late; `None` if unknown.

    Of two with the same need the one with the earlier moment is the more urgent.
    """
    run = session.run
    match need:
        case Need.ANSWER if run is not None and run.request is not None:
            return run.request.at
        case Need.FAILED:
            return failed_at(session)
        case Need.CUT_OFF:
            return session.cut_off_at
        case Need.UNSENT if session.unsent:
            return session.unsent[0].at
        case Need.ENDS | Need.SWEPT | Need.EXPIRED:
            return session.ends_at
    return last_sign(session)


def ends_soon(session: Session, now: datetime, within: timedelta = LAST_HOUR) -> bool:
    """Whether it ends within that time, and its transcript with it."""
    return session.transcript is not None and ends_within(session, now, within)


def is_swept_too_soon(session: Session, now: datetime) -> bool:
    """Whether the CLI would sweep it before it expires: both clocks are known and disagree."""
    if session.expires_at is None or session.sweep_at is None or session.expires_at <= now:
        return False
    is_kept = session.status not in (Status.EXPIRED, Status.DELETED)
    return is_kept and session.sweep_at < session.expires_at


def is_swept_soon(session: Session, now: datetime) -> bool:
    """Whether nothing runs it, and the CLI sweeps it within a day, before it expires."""
    at = session.sweep_at
    is_near = at is not None and at <= now + _DAY
    return is_near and not session.is_live and is_swept_too_soon(session, now)


def has_expired(session: Session, now: datetime) -> bool:
    """Whether it expired within the last day, and still awaits clean-up."""
    at = session.expires_at
    is_new = at is not None and now - at < _DAY
    return is_new and is_past(session, now) and is_pending(session, now)


def marks_of(session: Session, needs: Iterable[Need]) -> str:
    """Return what an acknowledgement of these needs of a session stores."""
    return BETWEEN_MARKS.join(mark_of(session, need) for need in needs)


def mark_of(session: Session, need: Need) -> str:
    """Return the mark of a need: it changes when something new happens.

    The failure's text is hashed, not quoted: it may have to be erased one day.
    """
    parts = (need.name, *_new_of(session, need))
    return "|".join(one_line(part)[:_MOST_OF_MARK] for part in parts)


def _new_of(session: Session, need: Need) -> tuple[str, ...]:
    """Return what changes when something new happens, of what a need is about."""
    run, last = session.run, session.last_activity_at
    if need in (Need.CUT_OFF, Need.UNSENT):
        return ("" if run is None else (need is Need.CUT_OFF and run.cut_off_run) or run.run_id,)
    if need in (Need.ENDS, Need.SWEPT, Need.EXPIRED):
        return (session.ends_at.isoformat() if session.ends_at else "",)
    if need is Need.OVERWRITTEN and session.overwritten is not None:
        return session.overwritten.status, session.overwritten.expires_at
    last = session.undated_failure_at if need is Need.FAILED else last
    request = run.request.request_id if run and run.request else ""
    failed_at = session.row.details().get("failed_at", "") if session.row else ""
    said = session.reason.encode("utf-8", "surrogatepass")
    reason = sha256_hex(said)[:32] if said else ""
    left = (run.cut_off_run,) if run is not None and run.cut_off_run else ()
    return request, reason, failed_at, last.isoformat() if last else "", *left


def is_quiet(session: Session, now: datetime, quiet_after: timedelta) -> bool:
    """Whether it is busy but stalled, or has not written for longer than `quiet_after`."""
    last = last_sign(session)
    if is_stalled(session):
        return True
    return session.liveness is Liveness.BUSY and last is not None and now - last > quiet_after


def is_stalled(session: Session) -> bool:
    """Whether it is busy and its run has heard nothing from the agent for too long."""
    run = session.run
    is_run_stalled = run is not None and not run.is_over and run.stalled_since is not None
    return session.liveness is Liveness.BUSY and is_run_stalled


def last_sign(session: Session) -> datetime | None:
    """Return when the session or its agent last wrote, or its process started, if later.

    Includes streamed text, which reaches the transcript only when its message is complete.
    """
    run = session.run if session.run is not None and not session.run.is_over else None
    signs = (
        session.last_activity_at,
        run.started_at if run is not None else None,
        run.heard_at if run is not None else None,
        session.process.started_at if session.process else None,
    )
    return max((sign for sign in signs if sign), default=None)


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Sessions that failed for one cause: `reason` is the latest one's.

    `since` is when the first of them failed, if known.
    """

    cause: str
    reason: str
    sessions: tuple[Session, ...]
    since: datetime | None = None

    @property
    def key(self) -> Key:
        """The group's key for the selection; no listing can have this name."""
        return (_FAILURES, self.cause)


def cause_of_failure(session: Session) -> str:
    """Return what is the same for all failures of one cause.

    The kind that the run recorded, where all failures of it are one; else the reason's text without
    ids and numbers.
    """
    kind = kind_of_failure(session.row)
    return kind.value if kind in _ONE_CAUSE else _without_varying(session.reason)


def _without_varying(reason: str) -> str:
    def kept(match: re.Match[str]) -> str:
        return match[0] if _HTTP_STATUS.fullmatch(match[0]) else "#"

    return " ".join(_VARYING.sub(kept, one_line(reason).lower()).split())[:200]


def grouped(
    sessions: Iterable[Session],
    need_of_one: Callable[[Session], int | None],
    is_open: Collection[str] = (),
) -> tuple[Session | FailureGroup, ...]:
    """Return the sessions, with three or more failures of one cause collapsed into a group.

    A group takes the place of its first session; if its cause is in `is_open`, its sessions
    follow it. Failures that are acknowledged or have no reason are not grouped.
    """
    ordered = tuple(sessions)
    causes = {
        one.key: cause_of_failure(one)
        for one in ordered
        if one.reason and need_of_one(one) == Need.FAILED
    }
    groups = _groups(ordered, causes, FEW)
    rows: list[Session | FailureGroup] = []
    for one in ordered:
        group = groups.get(causes.get(one.key, ""))
        if group is None:
            rows.append(one)
        elif one is group.sessions[0]:
            rows += (group, *(group.sessions if group.cause in is_open else ()))
    return tuple(rows)


def by_cause(failed: Iterable[Session]) -> tuple[FailureGroup, ...]:
    """Return failed sessions by their cause, the largest group first, also a group of one."""
    sessions = tuple(failed)
    groups = _groups(sessions, {one.key: cause_of_failure(one) for one in sessions}, 1)
    return tuple(sorted(groups.values(), key=lambda group: -len(group.sessions)))


def _groups(
    sessions: Iterable[Session], causes: Mapping[Key, str], least: int
) -> dict[str, FailureGroup]:
    found: dict[str, list[Session]] = {}
    for one in sessions:
        if one.key in causes:
            found.setdefault(causes[one.key], []).append(one)
    return {
        cause: _group(cause, tuple(many)) for cause, many in found.items() if len(many) >= least
    }


def _group(cause: str, sessions: tuple[Session, ...]) -> FailureGroup:
    known = [(moment, one.reason) for one in sessions if (moment := failed_at(one)) is not None]
    latest = max(known)[1] if known else sessions[0].reason
    return FailureGroup(cause, latest, sessions, min(known)[0] if known else None)


def failed_at(session: Session) -> datetime | None:
    """Return when it failed: from its row, else when it last wrote."""
    stored = session.row.details().get("failed_at") if session.row else None
    try:
        moment = read_time(stored, zone_named(session.zone))
    except UsageError:
        moment = None
    unmarked = session.run.unmarked_since if session.run is not None else None
    return moment or unmarked or session.last_activity_at
