"""Who runs a session elsewhere, and its last sign of life.

The protocol of runs is imported where there is one.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from tui.claude.config_dir import CONFIG_DIR
from tui.claude.live_registry import last_sign_of
from tui.core.errors import Reason, Refused
from tui.core.models.run import Run
from tui.core.models.session import Liveness, Process, Session
from tui.core.text.safe_text import one_line
from tui.core.values import dataclass
from tui.operations.formatting import moment, span
from tui.operations.target import Target, is_foreign

_STILL = timedelta(seconds=15)  # a runner shows every 2 s that it lives


@dataclass(frozen=True, slots=True)
class Owner:
    """What may run a session where its process cannot be checked.

    `last_sign` is the latest of its heartbeat, its registry entry and the transcript's last write;
    `is_beating` means that its runner has just shown that it lives.
    """

    where: str
    last_sign: datetime | None
    is_beating: bool

    def words(self, now: datetime) -> str:
        """Say who and where it is, and its last sign of life."""
        if self.last_sign is None:
            return f"{self.where}; no sign of life"
        gone = span(max(now - self.last_sign, timedelta()))
        return f"{self.where}; its last sign of life was {gone} ago ({moment(self.last_sign)})"


def owner_elsewhere(session: Session, now: datetime) -> Owner | None:
    """Return the owner that can be proven neither alive nor dead from here, or `None`."""
    run, process = session.run, session.process
    if run is not None and not run.is_over and _is_elsewhere(run):
        return _of_run(session, run, now)
    if session.liveness is Liveness.UNKNOWN and process is not None and is_foreign(process):
        return _of_process(session, process)
    return None


def require_silent(target: Target, now: datetime, *, watches: bool = False) -> None:
    """Raise `Refused` when a runner elsewhere shows that it lives; call it under the lock.

    With `watches`, a heartbeat that looks old is watched for some seconds: the clocks of its
    machine or of the disk may differ from ours, so only a heartbeat that does not move proves it.
    """
    from tui.runs.folder.heartbeat import is_moving
    from tui.runs.folder.protocol import list_runs

    try:
        runs = list_runs(target.folder)
    except OSError as error:
        raise Refused(
            f"{target.short} may be running elsewhere: its runs cannot be read: {error.strerror}",
            Reason.UNREAD,
        ) from error
    for run in runs:
        is_its = run.session_id == target.session_id and not run.is_over
        if not is_its or not _is_elsewhere(run):
            continue
        is_fresh = timedelta() <= now - run.beat_at < _STILL
        if is_fresh or (watches and is_moving(run.folder)):
            raise Refused(
                f"{target.short} is running elsewhere: its runner was active a moment ago; "
                "to reach it",
                Reason.ELSEWHERE,
                remedy=f"send {target.short} PROMPT",
            )


def _is_elsewhere(run: Run) -> bool:
    from tui.runs.folder.bounded_reads import read_surely
    from tui.runs.folder.protocol import OWNER, named_process

    try:
        owner = read_surely(run.folder / OWNER)
    except OSError:  # unknown
        return True
    return bool(owner) and named_process(owner, "pid", "proc_start") is None


def _of_run(session: Session, run: Run, now: datetime) -> Owner:
    from tui.runs.folder.protocol import read_owner, read_run

    owner, beat_at = read_owner(run.folder), read_run(run.folder).beat_at
    host = one_line(owner.get("host") or "")[:80]
    where = f"a run of {run.operator or 'somebody'} on {host or 'another machine or container'}"
    return Owner(where, _latest(beat_at, session.last_activity_at), now - beat_at < _STILL)


def _of_process(session: Session, process: Process) -> Owner:
    told = last_sign_of(session.folder / CONFIG_DIR, process.pid)
    where = f"pid {process.pid} of {process.domain or 'an unknown place'}"
    return Owner(where, _latest(told, session.last_activity_at, process.started_at), False)


def _latest(*moments: datetime | None) -> datetime | None:
    return max((one for one in moments if one), default=None)
