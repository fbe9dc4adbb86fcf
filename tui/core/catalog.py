"""Rows, files, locks and the live registry, joined into one immutable picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path

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
from tui.core.overwrite import overwritten
from tui.core.problem_reasons import ProblemReason
from tui.core.text.safe_text import one_line
from tui.core.time.expiry import sweep_at
from tui.core.time.zones import contradictions, infer_zone, read_time, zone_name


@dataclass(frozen=True, slots=True)
class ListingScan:
    """What was found of one listing, unjoined; `zone` is `None` to infer it.

    Without `has_rows` nobody could read the table: a transcript may be tracked or not. `audited`
    holds the last act on each session, `stray_processes` what the registry beside its strays says.
    `cut` says why there may be more transcripts or runs, `unseen` more transcripts. `unsure` are
    the sessions whose lock could not be looked at, all of them when `is_lock_blind`. `remains` are
    folders of sessions whose transcript is gone. `trouble` is the problem, and `cut_trouble` what
    was cut, for code.
    """

    listing_id: str
    path: Path
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
    stray_processes: tuple[Process, ...] = ()
    cut: str = ""
    unsure: frozenset[str] = frozenset()
    is_lock_blind: bool = False
    remains: tuple[Remains, ...] = ()
    trouble: ProblemReason = ProblemReason.NONE
    cut_trouble: ProblemReason = ProblemReason.CUT
    unseen: str = ""

    @property
    def told(self) -> tuple[str, ProblemReason]:
        """What is wrong with it, in words and for code: what hides most of it, where there is more.

        A table that was not made yet is nothing wrong.
        """
        if self.cut and (not self.problem or self.trouble is ProblemReason.NO_TABLE):
            return self.cut, self.cut_trouble
        return self.problem, self.trouble if self.problem else ProblemReason.NONE


_Known = tuple[Row | None, Transcript | None, Run | None, Remains | None]
_NO_FILE = Transcript("", Path(), 0, datetime.min.replace(tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class _Place:
    """What all sessions of a listing share."""

    listing: str
    zone: tzinfo
    zone_name: str
    is_zone_doubted: bool


def join(found: ListingScan) -> Listing:
    """Return the listing with one session for every id that a row or a transcript names."""
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
        _session(
            found,
            place,
            one,
            (rows.get(one), transcripts.get(one), runs.get(one), remains.get(one)),
        )
        for one in ids
    )
    problem, trouble = found.told
    return Listing(
        place.listing,
        found.path,
        tuple(session for session in sessions if session is not None),
        problem,
        place.zone_name,
        found.is_stale,
        found.has_rows,
        zone_doubts=doubts,
        is_cut=bool(found.cut),
        trouble=trouble,
    )


def vanished(listing: Listing, words: str) -> Listing:
    """Return a listing whose folder is gone: the last that was known of it, nothing running."""
    sessions = tuple(
        replace(one, liveness=Liveness.NONE, waiting_for="", process=None)
        for one in listing.sessions
    )
    return replace(
        listing,
        sessions=sessions,
        problem=words,
        is_vanished=True,
        is_stale=True,
        trouble=ProblemReason.VANISHED,
    )


def is_gone(session: Session) -> bool:
    """Whether only a row is left of it, deleted or cleaned up: nothing to act on."""
    if session.transcript is not None or session.remains is not None or session.is_live:
        return False
    return session.status in (Status.DELETED, Status.EXPIRED)


def erased(catalog: Catalog) -> frozenset[Key]:
    """Return the sessions that somebody erased not long ago, and that did not come back."""
    named = {(one.listing, one.session_id) for one in catalog.log if one.action == "purge"}
    if not named:
        return frozenset()
    return frozenset(named - {one.key for one in catalog.sessions if one.transcript is not None})


def is_pending(session: Session, now: datetime) -> bool:
    """Whether clean-up would take it: surely past its expiry, or a leftover; never a live one."""
    if session.is_live or session.transcript is None:
        return False
    return session.state is State.LEFTOVER or (
        is_past(session, now) and not session.is_zone_doubted
    )


def is_past(session: Session, now: datetime) -> bool:
    """Whether it is active and past its expiry, as far as the zone of its times is known."""
    past = session.expires_at is not None and session.expires_at <= now
    return past and session.status == Status.ACTIVE


def _latest_transcripts(transcripts: Iterable[Transcript]) -> dict[str, Transcript]:
    """One a session: the CLI's own before the guide's sketch, the listing's before a stray's, then
    the newest.
    """
    latest: dict[str, Transcript] = {}
    for one in transcripts:
        known = latest.get(one.session_id)
        if known is None or _worth(known) <= _worth(one):
            latest[one.session_id] = one
    return latest


def _worth(one: Transcript) -> tuple[bool, bool, datetime]:
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
    if row is None and transcript is None and remains is None and liveness is Liveness.NONE:
        return None
    zone, file = place.zone, transcript or _NO_FILE
    turn_error = _turn_error(row, file, liveness)
    expires_at = read_time(row.expires_at, zone) if row else None
    return Session(
        session_id=one_line(session_id) or "?",
        listing=place.listing,
        stage=one_line(row.stage)[:60] if row else "",
        status=(one_line(row.status)[:20] or Status.ACTIVE) if row else "",
        liveness=liveness,
        state=_state(found, row, transcript, liveness),
        created_at=_created_at(row, transcript, zone),
        expires_at=expires_at,
        sweep_at=_sweep_at(transcript, found.sweep_days),
        last_activity_at=_active_at(transcript or remains),
        title=file.title,
        model=file.model,
        cost_usd=file.own_cost_usd,
        bytes=remains.bytes if remains else file.bytes,
        waiting_for=_waiting_for(liveness, process, run),
        reason=_reason(row) or turn_error,
        turn_error=turn_error,
        expiry_is_unreadable=row is not None and expires_at is None,
        folder=found.path,
        zone=place.zone_name,
        unread="" if found.has_rows else found.problem,
        unseen=found.unseen if transcript is None else "",
        row=row,
        transcript=transcript,
        process=process,
        run=run,
        ack=found.acks.get(session_id),
        overwritten=_overwritten(found, row, zone),
        last_event=found.audited.get(row.session_id) if row is not None else None,
        is_zone_doubted=place.is_zone_doubted,
        remains=remains,
    )


def _owner(found: ListingScan, session_id: str, known: _Known) -> tuple[Process | None, Liveness]:
    """Return what runs a session, and whether it is alive; unknown where its lock is."""
    row, transcript, run, remains = known
    process = _process_of(found, session_id, row, transcript)
    liveness = _liveness(session_id in found.locked, process, run)
    if liveness is Liveness.NONE and _may_be_locked(found, session_id, row, transcript or remains):
        liveness = Liveness.UNKNOWN
    return process, liveness


def _turn_error(row: Row | None, file: Transcript, liveness: Liveness) -> str:
    """Return how the last turn ended in an error, of an active session that does not run."""
    is_over = row is not None and row.status == Status.ACTIVE and liveness is Liveness.NONE
    return file.turn_error if is_over else ""


def _active_at(left: Transcript | Remains | None) -> datetime | None:
    """Return when anything of a session was last written to."""
    if isinstance(left, Transcript):
        return max(left.modified_at, left.active_at or left.modified_at)
    return left.active_at if left is not None else None


def _process_of(
    found: ListingScan, session_id: str, row: Row | None, transcript: Transcript | None
) -> Process | None:
    """Return what runs a session; a stray's is told by the registry beside it."""
    if not found.processes and not found.stray_processes:
        return None
    is_there = _is_there(row, transcript)
    process = _process(found.processes, session_id, is_there=is_there)
    if process is not None:
        return process
    is_stray = transcript is not None and transcript.stray_in is not None
    return _process(found.stray_processes, session_id, is_there=is_stray)


def _process(processes: Iterable[Process], session_id: str, *, is_there: bool) -> Process | None:
    """Return the session's process, else one that may run any session: its entry is unreadable."""
    found = tuple(processes)
    own = (one for one in found if one.session_id == session_id != "")
    nameless = (one for one in found if one.session_id == "" and is_there and _is_unknown(one))
    return next(own, None) or next(nameless, None)


def _overwritten(found: ListingScan, row: Row | None, zone: tzinfo) -> Row | None:
    last = found.audited.get(row.session_id) if row is not None else None
    return None if row is None or last is None else overwritten(row, last, zone)


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
    is_left = process is not None and run is not None and _left(process, run)
    # Of a runner that is dead, whoever holds the lock is unknown, and only a stop ends its CLI.
    if is_left and run is not None and (run.state == "lost" or not is_locked):
        return Liveness.ORPHAN
    if is_locked and run is not None and run.state == "queued":
        return Liveness.QUEUED
    if is_locked:
        waits = run is not None and run.state == "waiting"
        waits = waits or (process is not None and process.liveness is Liveness.WAITING)
        return Liveness.WAITING if waits else Liveness.BUSY
    return Liveness.NONE if process is None else process.liveness


def _may_be_locked(
    found: ListingScan, session_id: str, row: Row | None, left: Transcript | Remains | None
) -> bool:
    """Whether somebody may hold the lock of a session, and nobody can tell."""
    is_any = found.is_lock_blind and _is_there(row, left)
    return is_any or session_id in found.unsure


def _left(process: Process, run: Run) -> bool:
    """Whether it is the CLI of a run whose runner died without a word: it never ended."""
    is_its_cli = (process.pid, process.proc_start) == (run.cli_pid, run.cli_start)
    return run.ended_at is None and is_its_cli and not _is_unknown(process)


def _state(
    found: ListingScan, row: Row | None, transcript: Transcript | None, liveness: Liveness
) -> State:
    """What was not looked for is missed by nobody."""
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
