"""Joins rows, transcripts, locks, runs and the live registry into one immutable listing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

from tui.core.errors import Reason
from tui.core.models.annotation import NO_ANNOTATION, Annotation
from tui.core.models.audit import AuditEvent
from tui.core.models.catalog import Catalog, Listing
from tui.core.models.row import Row, Status
from tui.core.models.run import Run
from tui.core.models.session import (
    Acknowledgement,
    Key,
    Liveness,
    Process,
    Remains,
    Session,
    State,
    Transcript,
)
from tui.core.sessions.overwrite import TRIED, to_put_back
from tui.core.text.safe_text import one_line
from tui.core.time.expiry import sweep_at
from tui.core.time.zones import contradictions, infer_zone, read_time, zone_name
from tui.core.values import KW_ONLY, dataclass, field, replace


@dataclass(frozen=True, slots=True)
class ListingScan:
    """What a scan found in one listing, not joined yet; `zone` is `None` to infer it.

    Without `has_rows` the table could not be read: a transcript may be tracked or not. `audited`
    holds the last act on each session, `stray_processes` the registry entries beside its strays.
    `cut` says why there may be more transcripts or runs, `transcript_problem` why more transcripts.
    `unsure` are the sessions whose lock could not be checked; `is_lock_blind`: none could.
    `remains` are folders of sessions whose transcript is gone. `trouble` is the reason for
    `problem`, and `cut_trouble` that for `cut`.
    """

    listing_id: str
    path: Path
    _: KW_ONLY
    rows: tuple[Row, ...] = ()
    transcripts: tuple[Transcript, ...] = ()
    processes: tuple[Process, ...] = ()
    runs: tuple[Run, ...] = ()
    locked: frozenset[str] = frozenset()
    sweep_days: int = 30
    problem: str = ""
    is_stale: bool = False
    zone: tzinfo | None = None
    has_rows: bool = True
    audited: Mapping[str, AuditEvent] = field(default_factory=dict)
    acks: Mapping[str, Acknowledgement] = field(default_factory=dict)
    annotations: Mapping[str, Annotation] = field(default_factory=dict)
    stray_processes: tuple[Process, ...] = ()
    cut: str = ""
    unsure: frozenset[str] = frozenset()
    is_lock_blind: bool = False
    remains: tuple[Remains, ...] = ()
    trouble: Reason = Reason.NONE
    cut_trouble: Reason = Reason.CUT
    transcript_problem: str = ""

    @property
    def shown_problem(self) -> tuple[str, Reason]:
        """The problem to show, and its reason; a missing table counts less than a cut scan."""
        if self.cut and (not self.problem or self.trouble is Reason.NO_TABLE):
            return self.cut, self.cut_trouble
        return self.problem, self.trouble if self.problem else Reason.NONE


_Known = tuple[Row | None, Transcript | None, Run | None, Remains | None]
_NOBODY = None, Liveness.NONE
_NO_FILE = Transcript("", place=Path(), bytes=0, modified_at=datetime.min.replace(tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class _Place:
    """The values that all sessions of a listing share."""

    listing: str
    zone: tzinfo
    zone_name: str
    is_zone_doubted: bool


def join(found: ListingScan) -> Listing:
    """Return the listing, with one session for each id found in a row, a file or a run."""
    rows = {row.session_id: row for row in found.rows}
    transcripts = _latest_transcripts(found.transcripts)
    stamps = [] if found.zone else _stamps(rows, transcripts)
    zone = found.zone or infer_zone(stamps)
    doubts = contradictions(stamps, zone)
    runs = _latest_runs(found.runs)
    remains = {one.session_id: one for one in found.remains if one.session_id not in transcripts}
    ids = [*rows, *(one for one in {**transcripts, **runs, **remains} if one not in rows)]
    place = _Place(one_line(found.listing_id), zone, zone_name(zone), bool(doubts))
    sessions = (
        _session(found, place, one, known)
        for one in ids
        for known in [(rows.get(one), transcripts.get(one), runs.get(one), remains.get(one))]
    )
    problem, trouble = found.shown_problem
    return Listing(
        place.listing,
        found.path,
        sessions=tuple(session for session in sessions if session is not None),
        problem=problem,
        zone=place.zone_name,
        is_stale=found.is_stale,
        has_rows=found.has_rows,
        zone_doubts=doubts,
        is_cut=bool(found.cut),
        trouble=trouble,
    )


def vanished(listing: Listing, words: str) -> Listing:
    """Return a listing whose folder is gone, as it was last seen, with nothing running."""
    sessions = tuple(
        replace(one, liveness=Liveness.NONE, waiting_for="", process=None, is_vanished=True)
        for one in listing.sessions
    )
    return replace(
        listing,
        sessions=sessions,
        problem=words,
        is_vanished=True,
        is_stale=True,
        trouble=Reason.VANISHED,
    )


def is_gone(session: Session) -> bool:
    """Whether only a row is left (deleted or cleaned up), so that nothing can be done with it."""
    if session.transcript is not None or session.remains is not None or session.is_live:
        return False
    return session.status in (Status.DELETED, Status.EXPIRED)


def is_ending(session: Session, now: datetime) -> bool:
    """Whether it has an end that is still to come, and something that ends then."""
    at = session.ends_at
    return at is not None and at > now and not (is_gone(session) or session.is_vanished)


def ends_within(session: Session, now: datetime, within: timedelta) -> bool:
    """Whether it ends within that time: all that counts or lists such sessions goes by this."""
    at = session.ends_at
    return at is not None and is_ending(session, now) and at - now < within


def erased(catalog: Catalog) -> frozenset[Key]:
    """Return the sessions that were erased recently and did not come back."""
    named = {(one.listing, one.session_id) for one in catalog.log if one.action == "purge"}
    if not named:
        return frozenset()
    return frozenset(named - {one.key for one in catalog.sessions if one.transcript is not None})


def is_pending(session: Session, now: datetime) -> bool:
    """Whether clean-up would take it: past its expiry beyond doubt, or a leftover; never live."""
    if session.is_live or session.transcript is None:
        return False
    return session.state is State.LEFTOVER or (
        is_past(session, now) and not session.is_zone_doubted
    )


def is_past(session: Session, now: datetime) -> bool:
    """Whether it is active and past its expiry, which may be read in the wrong zone."""
    past = session.expires_at is not None and session.expires_at <= now
    return past and session.status == Status.ACTIVE


def _latest_transcripts(transcripts: Iterable[Transcript]) -> dict[str, Transcript]:
    """Return one transcript for each session: resumable first, then not stray, then the newest."""
    latest: dict[str, Transcript] = {}
    for one in transcripts:
        known = latest.get(one.session_id)
        if known is None or _rank(known) <= _rank(one):
            latest[one.session_id] = one
    return latest


def _rank(one: Transcript) -> tuple[bool, bool, datetime]:
    return one.resumable, one.stray_in is None, one.modified_at


def _latest_runs(runs: Iterable[Run]) -> dict[str, Run]:
    return {run.session_id: run for run in sorted(runs, key=lambda run: run.run_id)}


def _stamps(rows: dict[str, Row], transcripts: dict[str, Transcript]) -> list[tuple[str, datetime]]:
    return [
        (rows[one].created_at, first_at)
        for one, transcript in transcripts.items()
        if one in rows and (first_at := transcript.first_at) is not None
    ]


def _session(found: ListingScan, place: _Place, session_id: str, known: _Known) -> Session | None:
    (row, transcript, run, remains), (process, liveness) = known, _owner(found, session_id, known)
    is_left = _is_untold(run, found.acks.get(session_id))
    if not (row or transcript or remains or is_left) and liveness is Liveness.NONE:
        return None
    zone, file = place.zone, transcript or _NO_FILE
    return Session(
        session_id=one_line(session_id) or "?",
        listing=place.listing,
        stage=_stage(row, run),
        status=(one_line(row.status)[:20] or Status.ACTIVE) if row else "",
        liveness=liveness,
        state=_state(found, row, transcript, liveness),
        created_at=_created_at(row, transcript, zone),
        expires_at=(expires_at := read_time(row.expires_at, zone) if row else None),
        sweep_at=_sweep_at(transcript, found.sweep_days),
        last_activity_at=_active_at(transcript or remains),
        title=file.title or (run.title if run is not None else ""),
        model=file.model,
        cost_usd=file.own_cost_usd,
        bytes=remains.bytes if remains else file.bytes,
        waiting_for=_waiting_for(liveness, process, run),
        turn_error=(turn_error := _turn_error(row, file, run, liveness)),
        reason=_reason(row) or turn_error,
        expiry_is_unreadable=row is not None and expires_at is None,
        folder=found.path,
        zone=place.zone_name,
        **({} if found.has_rows else _unread_row(found)),
        transcript_problem=found.transcript_problem if transcript is None else "",
        row=row,
        transcript=transcript,
        process=process,
        run=run,
        ack=found.acks.get(session_id),
        annotation=found.annotations.get(session_id, NO_ANNOTATION),
        overwritten=_overwritten(found, known, liveness, zone),
        last_event=found.audited.get(row.session_id) if row is not None else None,
        is_zone_doubted=place.is_zone_doubted,
        remains=remains,
    )


def _unread_row(found: ListingScan) -> dict[str, Any]:
    return {"row_problem": found.problem, "row_trouble": found.trouble}


def _owner(found: ListingScan, session_id: str, known: _Known) -> tuple[Process | None, Liveness]:
    """Return the session's process and its liveness: unknown where the lock can't be checked."""
    row, transcript, run, remains = known
    locks = found.locked or found.unsure or found.is_lock_blind
    if not (locks or found.processes or found.stray_processes):
        return _NOBODY
    process = _process_of(found, session_id, row, transcript)
    liveness = _liveness(session_id in found.locked, process, run)
    if liveness is Liveness.NONE and _may_be_locked(found, session_id, row, transcript or remains):
        liveness = Liveness.UNKNOWN
    return process, liveness


def _is_untold(run: Run | None, ack: Acknowledgement | None) -> bool:
    """Whether a run left something undone before its session had anything, and nobody knows."""
    if run is None or not (run.cut_off_at or run.unsent or (run.is_over and run.row_problem)):
        return False
    return ack is None or ack.until is not None or (run.cut_off_run or run.run_id) not in ack.mark


def _stage(row: Row | None, run: Run | None) -> str:
    """Return the stage of a session, also of a new one that its run has not tracked yet."""
    if row is not None:
        return one_line(row.stage)[:60]
    is_left = run is not None and bool(run.cut_off_at or run.unsent or run.row_problem)
    return run.stage if run is not None and (is_left or not run.is_over) else ""


def _turn_error(row: Row | None, file: Transcript, run: Run | None, liveness: Liveness) -> str:
    """Return the error of the last turn that no row tells, of a session that is not running."""
    if liveness is not Liveness.NONE or (row is not None and row.status != Status.ACTIVE):
        return ""
    of_run = run.failed_unmarked(file.modified_at) if run is not None else ""
    return one_line(of_run)[:400] or (file.turn_error if row is not None else "")


def _active_at(left: Transcript | Remains | None) -> datetime | None:
    """Return when any file of a session was last written."""
    if isinstance(left, Transcript):
        return max(left.modified_at, left.active_at or left.modified_at)
    return left.active_at if left is not None else None


def _process_of(
    found: ListingScan, session_id: str, row: Row | None, transcript: Transcript | None
) -> Process | None:
    """Return the session's process; that of a stray is in the registry beside it."""
    is_there = _is_there(row, transcript)
    process = _process(found.processes, session_id, is_there=is_there)
    if process is not None:
        return process
    is_stray = transcript is not None and transcript.stray_in is not None
    return _process(found.stray_processes, session_id, is_there=is_stray)


def _process(processes: tuple[Process, ...], session_id: str, *, is_there: bool) -> Process | None:
    """Return the session's process, else one that may run any session (unreadable entry)."""
    own = (one for one in processes if one.session_id == session_id != "")
    nameless = (one for one in processes if one.session_id == "" and is_there and _is_unknown(one))
    return next(own, None) or next(nameless, None)


def _overwritten(found: ListingScan, known: _Known, live: Liveness, zone: tzinfo) -> Row | None:
    row, transcript = known[:2]
    last = found.audited.get(row.session_id) if row is not None else None
    if row is None or last is None or (transcript is None and live is Liveness.NONE):
        return None
    return to_put_back(row, last, zone, is_tried=live in TRIED)


def _is_unknown(process: Process) -> bool:
    return process.liveness is Liveness.UNKNOWN


def _is_there(row: Row | None, left: Transcript | Remains | None) -> bool:
    ended = row is None or row.status in (Status.EXPIRED, Status.DELETED)
    return left is not None or not ended


def _sweep_at(transcript: Transcript | None, sweep_days: int) -> datetime | None:
    if transcript is None or not transcript.resumable:
        return None
    days = transcript.sweep_days
    return sweep_at(transcript.modified_at, sweep_days if days is None else days)


def _created_at(row: Row | None, transcript: Transcript | None, zone: tzinfo) -> datetime | None:
    stored = read_time(row.created_at, zone) if row else None
    return stored or (transcript.first_at if transcript else None)


def _liveness(is_locked: bool, process: Process | None, run: Run | None) -> Liveness:
    is_orphan = process is not None and run is not None and is_orphaned(process, run)
    # With a lost run, the lock's holder is unknown, and only `stop` ends the CLI.
    if is_orphan and run is not None and (run.state == "lost" or not is_locked):
        return Liveness.ORPHAN
    if is_locked and run is not None and run.state == "queued":
        return Liveness.QUEUED
    if is_locked:
        waits = run is not None and run.state == "waiting"
        waits = waits or (process is not None and process.liveness is Liveness.WAITING)
        is_idle = run is not None and run.state == "idle"
        return Liveness.WAITING if waits else Liveness.IDLE if is_idle else Liveness.BUSY
    return Liveness.NONE if process is None else process.liveness


def _may_be_locked(
    found: ListingScan, session_id: str, row: Row | None, left: Transcript | Remains | None
) -> bool:
    """Whether the session's lock may be held, but could not be checked."""
    is_any = found.is_lock_blind and _is_there(row, left)
    return is_any or session_id in found.unsure


def is_orphaned(process: Process, run: Run) -> bool:
    """Whether it is the CLI of a run that never recorded its end."""
    is_its_cli = (process.pid, process.proc_start) == (run.cli_pid, run.cli_start)
    return run.ended_at is None and is_its_cli and not _is_unknown(process)


def _state(
    found: ListingScan, row: Row | None, transcript: Transcript | None, liveness: Liveness
) -> State:
    """Return how row and transcript fit; a row isn't a ghost if the scan was cut short."""
    if row is None:
        return State.UNTRACKED if found.has_rows else State.OK
    ended = row.status in (Status.EXPIRED, Status.DELETED)
    if transcript is not None:
        return State.LEFTOVER if ended else State.OK
    is_missed = not (ended or found.cut) and liveness is Liveness.NONE
    return State.GHOST if is_missed else State.OK


def _waiting_for(liveness: Liveness, process: Process | None, run: Run | None) -> str:
    if liveness is not Liveness.WAITING:
        return ""
    if run is not None and run.request is not None:
        return f"permission for {run.request.tool}"
    return (process.waiting_for if process else "") or "permission prompt"


def _reason(row: Row | None) -> str:
    if row is None or row.status != Status.FAILED:
        return ""
    return one_line(row.details().get("last_error") or "")[:400]
