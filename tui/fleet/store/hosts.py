"""The hosts of the fleet: who is there, how far behind, and who left it."""

from __future__ import annotations

from tui.core.errors import Reason, Refused
from tui.core.values import dataclass
from tui.fleet.store.connection import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """How a host is: `silent_s` since its last report, by the database's clock.

    `is_silent` when that is longer than its lease, and when it is later than that clock. Of its
    `kept` sessions the fleet has more than the host, which may be an older copy of itself.
    """

    host: str
    silent_s: float
    is_silent: bool
    behind_bytes: int
    kept: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Host(Beat):
    """A host, and what it has: `runs` are those at work that came over the queue.

    `queued` are those that only it may take.
    """

    root: str
    version: str
    max_runs: int
    lease_s: float
    sessions: int
    runs: int
    queued: int
    is_read_only: bool = False


def beats(tx: Transaction) -> tuple[Beat, ...]:
    """Return how the hosts are that have not left, by name; nothing is counted for that."""
    rows = tx.run(
        "SELECT host, greatest(0, extract(epoch FROM clock_timestamp() - beat_at))::float8, "
        "is_silent(beat_at, lease), behind_bytes, kept_of(host) "
        "FROM host WHERE left_at IS NULL ORDER BY host"
    )
    return tuple(
        Beat(host=one[0], silent_s=one[1], is_silent=one[2], behind_bytes=one[3], kept=one[4])
        for one in rows
    )


def hosts(tx: Transaction) -> tuple[Host, ...]:
    """Return the hosts that have not left, by name."""
    rows = tx.run(
        "SELECT host, root, version, max_runs, extract(epoch FROM lease)::float8, "
        "greatest(0, extract(epoch FROM clock_timestamp() - beat_at))::float8, "
        "is_silent(beat_at, lease), behind_bytes, "
        "(SELECT count(*) FROM session WHERE home_host = h.host AND gone_at IS NULL), "
        "(SELECT count(*) FROM run WHERE run.host = h.host "
        "AND state IN ('claimed', 'starting', 'busy', 'waiting')), "
        "(SELECT count(*) FROM run WHERE want_host = h.host AND state = 'queued'), "
        "is_read_only, kept_of(host) "
        "FROM host h WHERE left_at IS NULL ORDER BY host"
    )
    return tuple(
        Host(
            host=one[0],
            root=one[1],
            version=one[2],
            max_runs=one[3],
            lease_s=one[4],
            silent_s=one[5],
            is_silent=one[6],
            behind_bytes=one[7],
            sessions=one[8],
            runs=one[9],
            queued=one[10],
            is_read_only=one[11],
            kept=one[12],
        )
        for one in rows
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Who has the name of a host: a root, by its last mark.

    `beat` is its last report; `is_heard` as long as a member may still be there that made it.
    """

    root: str
    mark: str
    has_left: bool
    beat: str
    is_heard: bool
    is_silent: bool


def named(tx: Transaction, host: str, *, heard_s: float) -> Named | None:
    """Return who has a name, which nobody else takes in this transaction; `None` if nobody has."""
    row = tx.run(
        "SELECT root, mark, left_at IS NOT NULL, beat_at::text, "
        "has_member AND beat_at > clock_timestamp() - make_interval(secs => %s) "
        "AND NOT is_ahead(beat_at), "
        "is_silent(beat_at, lease) FROM host WHERE host = %s FOR NO KEY UPDATE",
        *(heard_s, host),
    ).fetchone()
    if row is None:
        return None
    return Named(
        root=row[0],
        mark=row[1],
        has_left=row[2],
        beat=row[3],
        is_heard=row[4],
        is_silent=row[5],
    )


def take_name(tx: Transaction, host: str, mark: str, *, is_member: bool) -> None:
    """Let whoever made a mark speak for a host that is there."""
    tx.run(
        "UPDATE host SET mark = %s, has_member = %s OR has_member AND mark = %s, left_at = NULL "
        "WHERE host = %s",
        *(mark, is_member, mark, host),
    )


def end_member(tx: Transaction, host: str, mark: str) -> None:
    """Note that the member of a host has ended, so that the next one need not wait."""
    tx.run("UPDATE host SET has_member = false WHERE host = %s AND mark = %s", host, mark)


def require_taking(tx: Transaction, host: str) -> None:
    """Raise `Refused` unless a host takes sessions in; it does not leave in this transaction."""
    row = tx.run(
        "SELECT left_at IS NOT NULL, is_read_only FROM host WHERE host = %s FOR SHARE", host
    ).fetchone()
    if row is None or row[0]:
        raise Refused(f"{host} is not in the fleet", Reason.ELSEWHERE, remedy="hosts")
    if row[1]:
        raise Refused(f"{host} is read-only: nothing can move there", Reason.READ_ONLY)


def has_left(tx: Transaction, host: str) -> bool:
    """Whether a host has left the fleet."""
    row = tx.run("SELECT FROM host WHERE host = %s AND left_at IS NOT NULL", host).fetchone()
    return row is not None


def leave(tx: Transaction, host: str) -> None:
    """Take a host out of the fleet: from then on nothing can be given to it."""
    tx.run("UPDATE host SET left_at = now(), behind_bytes = 0 WHERE host = %s", host)
    tx.run("DELETE FROM run WHERE want_host = %s AND state = 'queued'", host)
