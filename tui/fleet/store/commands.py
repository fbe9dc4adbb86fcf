"""Commands to the homes of sessions: posted by any host, carried out by the home alone.

They go by their nonces: a failover that lost commits may give out their numbers again.
"""

from __future__ import annotations

import time
from collections.abc import Collection

from tui.core.values import dataclass
from tui.fleet.store.connection import AlreadyThere, Transaction
from tui.fleet.store.sessions import Key, require_known

_AT_ONCE = 50
FRESH_S = 60.0  # whoever asked for something that is older waits no more


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedCommand:
    """A command that a session's home has taken: what `kind` allows is for the home to judge.

    Its `nonce` is a random name that no other has. It is late after `until`, in seconds since this
    machine was started, its sleep included.
    """

    key: Key
    kind: str
    payload: str
    by_whom: str
    nonce: str
    until: float

    @property
    def is_late(self) -> bool:
        """Whether nobody waits for it any more."""
        return _since_start() > self.until

    @property
    def age_s(self) -> float:
        """How long ago it was posted, in seconds."""
        return FRESH_S + _since_start() - self.until


def _since_start() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandState:
    """How far a command is; `outcome` is what its home says of it, `None` as long as it works."""

    is_taken: bool
    outcome: str | None


def post(
    tx: Transaction,
    key: Key,
    kind: str,
    payload: str,
    by_whom: str,
    *,
    request_id: str = "",
    nonce: str = "",
) -> str:
    """Post a command, and return its nonce; without one it gets one.

    `request_id` names the request that it answers: the first answer wins, and the transaction of
    another raises `AlreadyThere`. Raises `NotHome` as `runs.enqueue` does.
    """
    require_known(tx, key)
    row = tx.run(
        "INSERT INTO command (listing, session_id, kind, payload, by_whom, request_id, nonce) "
        "VALUES (%s, %s, %s, %s, %s, %s, coalesce(nullif(%s, ''), gen_random_uuid()::text)) "
        "ON CONFLICT DO NOTHING RETURNING nonce",
        *(*key, kind, payload, by_whom, request_id, nonce),
    ).fetchone()
    if row is None:
        raise AlreadyThere("somebody else has answered that meanwhile")
    return str(row[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """What was asked of a host, and not taken in time: `age_s` ago by the database's clock.

    That is below 0 when the clock was set back since; how long ago it was is not known then.
    """

    nonce: str
    age_s: float


def late(tx: Transaction, host: str) -> tuple[Late, ...]:
    """Return the commands to this host's sessions that it did not take in time."""
    rows = tx.run(
        "SELECT nonce, extract(epoch FROM clock_timestamp() - at)::float8 "
        "FROM command JOIN session USING (listing, session_id) WHERE taken_at IS NULL "
        "AND home_host = %s AND gone_at IS NULL "
        "AND (at <= clock_timestamp() - make_interval(secs => %s) OR is_ahead(at)) "
        "ORDER BY command_id LIMIT %s "
        "FOR NO KEY UPDATE OF command SKIP LOCKED",
        *(host, FRESH_S, _AT_ONCE),
    )
    return tuple(Late(nonce=one[0], age_s=one[1]) for one in rows)


def lapse(tx: Transaction, nonce: str, outcome: str) -> bool:
    """Say what became of a command that its home did not take in time; return whether it lapsed.

    Its request is free for other answers.
    """
    lapsed = tx.run(
        "UPDATE command SET taken_at = clock_timestamp(), done_at = clock_timestamp(), "
        "outcome = %s, request_id = '' WHERE nonce = %s AND taken_at IS NULL",
        *(outcome, nonce),
    )
    return lapsed.rowcount == 1


def lapse_of_silent(tx: Transaction, outcome: str) -> int:
    """Let the late commands to hosts that are silent lapse; return how many.

    A home that is there lets its own lapse: what it has begun it knows alone.
    """
    return tx.run(
        "UPDATE command SET taken_at = clock_timestamp(), done_at = clock_timestamp(), "
        "outcome = %s, request_id = '' WHERE command_id IN (SELECT command_id FROM command "
        "JOIN session USING (listing, session_id) JOIN host ON host = home_host "
        "WHERE taken_at IS NULL AND (at <= clock_timestamp() - make_interval(secs => %s) "
        "OR is_ahead(at)) AND is_silent(beat_at, lease) "
        "LIMIT %s FOR NO KEY UPDATE OF command SKIP LOCKED)",
        *(outcome, FRESH_S, _AT_ONCE),
    ).rowcount


def is_any_waiting(tx: Transaction) -> bool:
    """Whether any host has a command to take: the cheap question, for those who ask often."""
    return tx.run("SELECT FROM command WHERE taken_at IS NULL LIMIT 1").rowcount > 0


def take(tx: Transaction, host: str) -> tuple[PostedCommand, ...]:
    """Take the commands to sessions that live on this host, each once, in their order.

    Those that are late are left, and those of sessions whose files are still coming until they are
    there.
    What a host took and did not finish is not taken again: whether it was carried out is for the
    host's own files to say.
    """
    rows = tx.run(
        "UPDATE command SET taken_at = clock_timestamp() WHERE command_id IN (SELECT command_id "
        "FROM command JOIN session USING (listing, session_id) WHERE taken_at IS NULL "
        "AND home_host = %s AND gone_at IS NULL AND (is_fetched OR came_from IS NULL) "
        "AND at > clock_timestamp() - make_interval(secs => %s) AND NOT is_ahead(at) "
        "ORDER BY command_id LIMIT %s "
        "FOR NO KEY UPDATE OF command SKIP LOCKED) "
        "RETURNING command_id, listing, session_id, kind, payload, by_whom, nonce, "
        "extract(epoch FROM clock_timestamp() - at)::float8",
        *(host, FRESH_S, _AT_ONCE),
    ).fetchall()
    now = _since_start()
    return tuple(
        PostedCommand(
            key=(one[1], one[2]),
            kind=one[3],
            payload=one[4],
            by_whom=one[5],
            nonce=one[6],
            until=now + FRESH_S - one[7],
        )
        for one in sorted(rows)
    )


def finish(tx: Transaction, nonce: str, outcome: str, *, is_done: bool = True) -> None:
    """Say what became of a command; the request is free for others that it did not answer."""
    tx.run(
        "UPDATE command SET done_at = clock_timestamp(), outcome = %s, "
        "request_id = CASE WHEN %s THEN request_id ELSE '' END WHERE nonce = %s",
        *(outcome, is_done, nonce),
    )


def give_up(tx: Transaction, host: str, outcome: str, *, but: Collection[str] = ()) -> int:
    """Say what became of commands that a host took and never told of; return how many.

    That is `but` those that it still has before it.
    Their requests are free for other answers: the home refuses those that it has.
    """
    return tx.run(
        "UPDATE command SET done_at = clock_timestamp(), outcome = %s, request_id = '' "
        "FROM session s "
        "WHERE s.listing = command.listing AND s.session_id = command.session_id "
        "AND s.home_host = %s AND taken_at IS NOT NULL AND done_at IS NULL "
        "AND nonce <> ALL (%s::text[])",
        *(outcome, host, list(but)),
    ).rowcount


def state(tx: Transaction, nonce: str) -> CommandState | None:
    """Return how far a command is; `None` when it was forgotten, or its session purged."""
    row = tx.run(
        "SELECT taken_at IS NOT NULL, outcome FROM command WHERE nonce = %s", nonce
    ).fetchone()
    return CommandState(is_taken=row[0], outcome=row[1]) if row else None


def withdraw(tx: Transaction, nonce: str) -> bool:
    """Take a command back; return whether nobody had taken it yet."""
    withdrawn = tx.run("DELETE FROM command WHERE nonce = %s AND taken_at IS NULL", nonce)
    return withdrawn.rowcount == 1
