"""Writes what runs could not write to their rows: the database was busy to the end, or they died.

A run's folder tells that its session's row is due, and holds all that the row needs. Whoever looks
next writes it under the session's lock, and tells so there; a later act on the session has made it
needless.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tui.claude.session_id import is_session_id
from tui.core.errors import MOMENTARY, ConsoleError, Kind, Reason, Refused
from tui.core.models.audit import AuditEvent
from tui.core.models.row import Row, Status
from tui.core.models.run import Run
from tui.core.sessions.row_transitions import with_details
from tui.core.text.safe_text import one_line
from tui.core.time.zones import read_time, zone_named
from tui.core.values import dataclass, replace
from tui.runs.bookkeeping import recorded_agent, row_metadata, settle_retried
from tui.runs.folder.bounded_reads import read_end, read_json
from tui.runs.folder.protocol import (
    IN_PIPELINE,
    SPEC,
    RunSpec,
    read_events,
    read_owner,
    read_run,
    run_folders,
)
from tui.runs.folder.run_state import is_answer
from tui.runs.hosted.retries import MOST_RETRIED
from tui.runs.journal.run_journal import Journal
from tui.storage.session_locks import SessionLock
from tui.storage.sqlite.transactions import Steps, write
from tui.storage.table.audit import detail_of
from tui.storage.table.audit_reader import AuditQuery, last_events
from tui.storage.table.recorded import audited_options
from tui.storage.table.tracking import Transactions, row_of

logger = logging.getLogger("tui.runs")

_DATABASE = "buyers.db"
_ACTS = ("track", "resume", "adopt")
_SETTLES = frozenset(
    {
        *(*_ACTS, "fail", "succeed", "activate", "reapply", "mend"),
        *("delete", "clean-up", "restore", "undo", "purge"),
    }
)
_KEPT = timedelta(days=1)
_MOST_ACTS, _MOST_LATE = 1000, 1000
_PAUSE_S, _AGAIN_S = 2.0, 60.0
_WAITS_FOR = (*MOMENTARY, Reason.IN_USE, Reason.FULL)

Clock = Callable[[], datetime]
CatchUp = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class _Late:
    """A run whose session's row is due, its task, and whether a pipeline hosted it."""

    run: Run
    spec: RunSpec
    is_hosted: bool


def due_runs(listing: Path) -> Iterator[Run]:
    """Yield the last run of each session whose row is due, of those that are over.

    Raises `OSError`.
    """
    seen: set[str] = set()
    for folder in reversed(run_folders(listing)):
        run = read_run(folder)
        if run.session_id not in seen and is_due(run):
            yield run
        seen.add(run.session_id)


def is_due(run: Run) -> bool:
    """Whether the run has left a row to be written."""
    return run.is_over and bool(run.row_problem) and is_session_id(run.session_id)


def write_row(run: Run, clock: Clock) -> bool:
    """Write the row that a run left due, and tell so in its folder; whether it was still needed.

    Raises `DatabaseProblem`, `Refused` while something uses the session, `RunFailed` for a task
    that cannot be read, `OSError`.
    """
    listing = run.folder.parent.parent.parent
    late = _Late(run, _spec(run), IN_PIPELINE in read_owner(run.folder))
    lock = SessionLock.take(listing, run.session_id)
    try:
        is_needed = write(listing / _DATABASE, _steps(late, clock()), creates=True)
        _tell(run, clock, "tracked", problem="")
    finally:
        lock.release()
    return is_needed


def settle_answered(listing: Path, clock: Clock) -> None:
    """Settle what runs tried again and got answered, if they died before they could do it.

    Logs what cannot be settled; raises `OSError` when the runs cannot be read.
    """
    for folder in run_folders(listing):
        at = _answered_at(folder) if read_json(folder / SPEC).get("retried") else None
        run = read_run(folder) if at is not None else None
        if at is None or run is None or not run.is_over:
            continue
        try:
            spec = replace(_spec(run), db_path=listing / _DATABASE)
            retried = [one for one in spec.retried.items() if is_session_id(one[0])]
            if settle_retried(replace(spec, retried=dict(retried[-MOST_RETRIED:])), at):
                _tell(run, clock, "settled")
        except (ConsoleError, OSError, TypeError) as error:
            logger.warning("%s: what it settles is not known: %s", folder.name, one_line(error))


def _answered_at(folder: Path) -> datetime | None:
    """Return when the run's own prompt was answered, unless what that settles is settled."""
    events = read_events(folder)
    if any(one["type"] == "settled" for one in events):
        return None
    answers = (one for one in events if one["type"] == "result" and one.get("is_own") is True)
    return next((read_time(one.get("at"), UTC) for one in answers if is_answer(one)), None)


def _tell(run: Run, clock: Clock, kind: str, **details: str) -> None:
    """Add an event to a run that is over; its end stays the last one, at its time."""
    journal = Journal(run.folder, clock)
    journal.event(kind, **details)
    if run.ended_at is not None:
        journal.event("ended", at=run.ended_at.isoformat())


def _spec(run: Run) -> RunSpec:
    """Return the task of a run, of which nothing may name another session or place."""
    spec = RunSpec.from_json(read_end(run.folder / SPEC).decode("utf-8", "replace"))
    if spec.session_id != run.session_id:
        raise Refused("its run's task is of another session", Reason.UNREADABLE)
    return replace(
        spec,
        listing_id=one_line(spec.listing_id)[:200],
        stage=one_line(spec.stage)[:200],
        operator=one_line(spec.operator)[:64],
        agent=spec.agent if isinstance(spec.agent, Mapping) else {},
        metadata=spec.metadata if isinstance(spec.metadata, Mapping) else {},
    )


def _steps(late: _Late, now: datetime) -> Steps[bool]:
    spec, failed_at = late.spec, late.run.unmarked_since
    acts = yield from last_events(AuditQuery(spec.session_id), _MOST_ACTS)
    is_begun = any(one.action in _ACTS and one.at >= spec.created_at for one in acts)
    if is_begun and (failed_at is None or any(_settles(one, failed_at) for one in acts)):
        return False
    row = yield from row_of(spec.session_id)
    if row is not None and row.status not in (Status.ACTIVE, Status.FAILED):
        return False
    writes = Transactions(zone_named(spec.zone), spec.operator, spec.act_id)
    if not is_begun:
        yield from _begun(writes, late, row, now)
    if failed_at is not None:
        reason, kind = one_line(late.run.error), _kind(late.run)
        yield from writes.mark_failed(
            spec.session_id, now=now, reason=reason, kind=kind, failed_at=min(failed_at, now)
        )
    elif late.run.state == "done" and not late.run.is_turn_open:
        mark = writes.mark_succeeded if late.run.has_answered else writes.mark_unanswered
        yield from mark(spec.session_id, now=now)
    return True


def _settles(act: AuditEvent, failed_at: datetime) -> bool:
    """Whether a failure from then on is in the row already, or no longer counts."""
    return act.at >= failed_at and act.action in _SETTLES


def _kind(run: Run) -> Kind:
    return next((one for one in Kind if one == run.error_kind), Kind.OTHER)


def _begun(writes: Transactions, late: _Late, row: Row | None, now: datetime) -> Steps[None]:
    """Write that the run has begun."""
    spec = late.spec
    if row is not None and spec.mode == "resume":
        yield from _resumed(writes, late, row, now)
        return
    yield from writes.track(
        spec.session_id,
        listing_id=spec.listing_id,
        stage=spec.stage,
        now=now,
        expires_at=max(spec.expires_at or now, now + _KEPT),
        metadata=row_metadata(spec),
        is_run=True,
    )


def _resumed(writes: Transactions, late: _Late, row: Row, now: datetime) -> Steps[None]:
    """Write a resume; a pipeline's own has options that the next resume must not lack."""
    spec, own = late.spec, late.spec.session_id
    detail = detail_of({"run": spec.run_id})
    event = AuditEvent(at=now, action="resume", session_id=own, detail=detail)
    until = max(spec.keeps_until or now, now + _KEPT)
    after = yield from writes.mark_resumed(own, now=now, keeps_until=until, run=event)
    if late.is_hosted and after is not None:
        known = (yield from audited_options(own)).or_of(row)
        facts = {**spec.metadata, "agent": {**known, **recorded_agent(spec)}}
        mended = with_details(after, facts)
        yield from writes.change(after, mended, action="resume", now=now, is_partial=True)


class _Writer:
    """One thread that writes what is due until all of it is written, or cannot be.

    What could not be for another reason than a busy database, or a full disk, is not tried again
    for a while.
    """

    def __init__(self) -> None:
        self._due: dict[Path, tuple[Clock, CatchUp]] = {}
        self._tried: dict[Path, float] = {}
        self._changed = threading.Lock()
        self._is_at_work = False

    def add(self, folder: Path, clock: Clock, catch_up: CatchUp) -> None:
        with self._changed:
            is_early = time.monotonic() < self._tried.get(folder, 0.0) + _AGAIN_S
            if is_early or len(self._due) >= _MOST_LATE:
                return
            self._due[folder] = clock, catch_up
            if not self._is_at_work:
                self._is_at_work = True
                threading.Thread(target=self._work, name="late rows", daemon=True).start()

    def _work(self) -> None:
        while True:
            with self._changed:
                due = dict(self._due)
                if not due:
                    self._is_at_work = False
                    return
            for folder, (clock, catch_up) in due.items():
                if not _waits(folder, clock, catch_up):
                    with self._changed:
                        self._due.pop(folder, None)
                        self._tried[folder] = time.monotonic()
                        for first in (*self._tried,)[:-_MOST_LATE]:
                            del self._tried[first]
            time.sleep(_PAUSE_S)


def _waits(folder: Path, clock: Clock, catch_up: CatchUp) -> bool:
    """Try to write what a run left due; whether that is to be tried again."""
    try:
        if not catch_up():
            return folder.is_dir()
        run = read_run(folder)
        if not run.is_over:
            return folder.is_dir()
        if is_due(run) and write_row(run, clock):
            logger.info("%s %s %s: tracked", run.listing, run.stage, run.session_id[:8])
    except ConsoleError as problem:
        if problem.reason in _WAITS_FOR:
            return True
        logger.info("%s is not in the database: %s", folder.name, problem)
    except OSError as error:
        if Reason.of(error) in _WAITS_FOR:
            return True
        logger.info("%s is not in the database: %s", folder.name, one_line(error))
    except Exception as error:  # whatever a run's folder holds, the others are written
        logger.info("%s is not in the database: %s", folder.name, one_line(error))
    return False


_writer = _Writer()


def write_soon(folder: Path, clock: Clock, catch_up: CatchUp = lambda: True) -> None:
    """Write what the run in `folder` leaves due, in a thread, as soon as its database is free.

    `catch_up` comes first: whether the run has told all there.
    """
    _writer.add(folder, clock, catch_up)


def _forget() -> None:
    """Forget, in a forked child, the thread and the lock of its parent."""
    global _writer
    _writer = _Writer()


os.register_at_fork(after_in_child=_forget)
