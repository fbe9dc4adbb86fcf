"""The queue of runs: who starts which, never two of one session, never more than a host takes.

They go by their nonces, as commands do.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from tui.core.values import dataclass
from tui.fleet.store.commands import FRESH_S, Late
from tui.fleet.store.connection import Transaction
from tui.fleet.store.sessions import Key, Residence, require_known

_TRIES, _AT_ONCE = 10, 50


class RunState(StrEnum):
    """What became of a run."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    STARTING = "starting"
    BUSY = "busy"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Whether its session may have another run."""
        return self in (RunState.DONE, RunState.FAILED, RunState.CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedRun:
    """A run that a host has just claimed, and where its session lives as yet.

    Its `nonce` is a random name that no other has.
    """

    key: Key
    request: str
    by_whom: str
    nonce: str
    home: Residence


def enqueue(tx: Transaction, key: Key, request: str, by_whom: str, *, want_host: str = "") -> str:
    """Add a run to the queue, for any host or the one that is wanted; return its nonce.

    Raises `NotHome` for a session that the fleet does not know, or that was purged.
    """
    require_known(tx, key)
    row = tx.run(
        "INSERT INTO run (listing, session_id, request, by_whom, want_host) "
        "VALUES (%s, %s, %s, %s, nullif(%s, '')) RETURNING nonce",
        *(*key, request, by_whom, want_host),
    ).fetchone()
    return str(row[0]) if row else ""


def late(tx: Transaction, host: str) -> tuple[Late, ...]:
    """Return the runs that this host alone might have claimed, and did not in time."""
    rows = tx.run(
        "SELECT r.nonce, extract(epoch FROM clock_timestamp() - r.created_at)::float8 "
        "FROM run r JOIN session USING (listing, session_id) WHERE r.state = 'queued' "
        "AND coalesce(r.want_host, home_host) = %s "
        "AND (r.created_at <= clock_timestamp() - make_interval(secs => %s) "
        "OR is_ahead(r.created_at)) ORDER BY r.run_id LIMIT %s FOR NO KEY UPDATE OF r SKIP LOCKED",
        *(host, FRESH_S, _AT_ONCE),
    )
    return tuple(Late(nonce=one[0], age_s=one[1]) for one in rows)


def lapse(tx: Transaction, nonce: str, host: str, why: str, *, is_sure: bool) -> bool:
    """Take a run out of the queue that `host` did not claim in time; return whether it was in it.

    Unless it `is_sure` that nothing was begun it counts as failed there.
    """
    lapsed = tx.run(
        "UPDATE run SET state = %s, host = %s, error = %s, ended_at = clock_timestamp() "
        "WHERE nonce = %s AND state = 'queued'",
        *((RunState.CANCELLED if is_sure else RunState.FAILED).value, host, why[:4000], nonce),
    )
    return lapsed.rowcount == 1


def lapse_of_silent(tx: Transaction, why: str) -> int:
    """Let the late runs of hosts that are silent lapse, as failed there; return how many."""
    return tx.run(
        "UPDATE run SET state = 'failed', host = silent.host, error = %s, "
        "ended_at = clock_timestamp() FROM (SELECT r.run_id, h.host FROM run r "
        "JOIN session USING (listing, session_id) "
        "JOIN host h ON h.host = coalesce(r.want_host, home_host) WHERE r.state = 'queued' "
        "AND (r.created_at <= clock_timestamp() - make_interval(secs => %s) "
        "OR is_ahead(r.created_at)) AND is_silent(h.beat_at, h.lease) "
        "LIMIT %s FOR NO KEY UPDATE OF r SKIP LOCKED) silent WHERE run.run_id = silent.run_id",
        *(why[:4000], FRESH_S, _AT_ONCE),
    ).rowcount


def is_any_queued(tx: Transaction) -> bool:
    """Whether any run waits for a host: the cheap question, for those who ask often."""
    return tx.run("SELECT FROM run WHERE state = 'queued' LIMIT 1").rowcount > 0


def claim(
    tx: Transaction, host: str, *, patience_s: float = 1.0, fresh_s: float = FRESH_S
) -> ClaimedRun | None:
    """Claim the oldest run that this host may start now; `None` without one, or without room.

    Those older than `fresh_s` are left, and for `patience_s` a run is left to its session's home.
    The session's row is locked, not the run's: two hosts could take two runs of one session
    otherwise. Whoever holds another is not waited for; what is still coming cannot be gone on with.
    """
    if not is_any_queued(tx):
        return None
    tx.run("SELECT FROM host WHERE host = %s FOR NO KEY UPDATE", host)  # one claim a host at a time
    if not _has_room(tx, host):
        return None
    for _ in range(_TRIES):
        row = tx.run(
            "SELECT r.run_id, r.listing, r.session_id, r.request, r.by_whom, r.nonce, "
            "s.home_host, s.fence "
            "FROM run r JOIN session s USING (listing, session_id) "
            "WHERE r.state = 'queued' AND s.gone_at IS NULL "
            "AND r.created_at > clock_timestamp() - make_interval(secs => %s) "
            "AND NOT is_ahead(r.created_at) "
            "AND (s.is_fetched OR s.came_from IS NULL) "
            "AND (r.want_host = %s OR r.want_host IS NULL AND (s.home_host = %s "
            "OR r.created_at < clock_timestamp() - make_interval(secs => %s))) "
            "AND NOT EXISTS (SELECT FROM run w WHERE w.listing = r.listing "
            "AND w.session_id = r.session_id "
            "AND w.state IN ('claimed', 'starting', 'busy', 'waiting')) "
            "ORDER BY r.run_id LIMIT 1 FOR NO KEY UPDATE OF s SKIP LOCKED",
            *(fresh_s, host, host, patience_s),
        ).fetchone()
        if row is None:
            return None
        if _is_claimed(tx, row[0], host):
            return _claimed(row)
    return None


def _claimed(row: tuple[Any, ...]) -> ClaimedRun:
    return ClaimedRun(
        key=(row[1], row[2]),
        request=row[3],
        by_whom=row[4],
        nonce=row[5],
        home=Residence(host=row[6], fence=row[7]),
    )


def _has_room(tx: Transaction, host: str) -> bool:
    """Whether a host may have another run; counted after its row was locked, never with it."""
    row = tx.run(
        "SELECT max_runs = 0 OR max_runs > (SELECT count(*) FROM run WHERE run.host = host.host "
        "AND state IN ('claimed', 'starting', 'busy', 'waiting')) FROM host WHERE host = %s",
        host,
    ).fetchone()
    return row == (True,)


def _is_claimed(tx: Transaction, run_id: int, host: str) -> bool:
    """Claim a run of a locked session, unless that was done before the lock was got."""
    claimed = tx.run(
        "UPDATE run r SET state = 'claimed', host = %s, claimed_at = clock_timestamp() "
        "WHERE run_id = %s AND state = 'queued' AND NOT EXISTS (SELECT FROM run w "
        "WHERE w.listing = r.listing AND w.session_id = r.session_id "
        "AND w.state IN ('claimed', 'starting', 'busy', 'waiting'))",
        *(host, run_id),
    )
    return claimed.rowcount == 1


def note_state(
    tx: Transaction,
    nonce: str,
    host: str,
    state: RunState,
    *,
    local_run: str = "",
    error: str = "",
) -> bool:
    """Note what became of a run that `host` has; return whether it still has it."""
    noted = tx.run(
        "UPDATE run SET state = %s, local_run = coalesce(nullif(%s, ''), local_run), error = %s, "
        "ended_at = CASE WHEN %s THEN clock_timestamp() END WHERE nonce = %s AND host = %s "
        "AND state IN ('claimed', 'starting', 'busy', 'waiting')",
        *(state.value, local_run, error[:4000], state.is_over, nonce, host),
    )
    return noted.rowcount == 1


def cancel(tx: Transaction, nonce: str) -> bool:
    """Take a run out of the queue; return whether it was still in it."""
    cancelled = tx.run(
        "UPDATE run SET state = 'cancelled', ended_at = clock_timestamp() "
        "WHERE nonce = %s AND state = 'queued'",
        nonce,
    )
    return cancelled.rowcount == 1


def at_work(tx: Transaction, host: str) -> tuple[tuple[str, Key, str], ...]:
    """Return the runs that a host has: nonce, session, and the name that it has there."""
    rows = tx.run(
        "SELECT nonce, listing, session_id, local_run FROM run WHERE host = %s "
        "AND state IN ('claimed', 'starting', 'busy', 'waiting')",
        host,
    )
    return tuple((one[0], (one[1], one[2]), one[3]) for one in rows)


def give_up(tx: Transaction, key: Key, host: str, error: str) -> int:
    """End the run that a lost host has of a session; return how many it had: one, or none."""
    ended = tx.run(
        "UPDATE run SET state = 'failed', error = %s, ended_at = clock_timestamp() "
        "WHERE listing = %s AND session_id = %s AND host = %s "
        "AND state IN ('claimed', 'starting', 'busy', 'waiting')",
        *(error[:4000], *key, host),
    )
    return ended.rowcount


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProgress:
    """How far a run is: the name it has on its `host`, once that has begun it, or its `error`."""

    state: RunState
    host: str
    local_run: str
    error: str


def progress(tx: Transaction, nonce: str) -> RunProgress | None:
    """Return how far a run is; `None` when its session was purged."""
    row = tx.run(
        "SELECT state, coalesce(host, ''), local_run, error FROM run WHERE nonce = %s", nonce
    ).fetchone()
    if row is None:
        return None
    return RunProgress(state=RunState(row[0]), host=row[1], local_run=row[2], error=row[3])
