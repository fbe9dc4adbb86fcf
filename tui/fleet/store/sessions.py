"""The hosts of the fleet, and where each session lives."""

from __future__ import annotations

import os
from collections.abc import Sequence

from tui.claude.layout import transcript_name
from tui.core.errors import Reason, Refused
from tui.core.values import dataclass, field
from tui.fleet.store.connection import NotHome, Transaction

Key = tuple[str, str]  # listing and session id


@dataclass(frozen=True, slots=True, kw_only=True)
class Residence:
    """Where a session lives: its home host, and a number that each change of home raises.

    `is_silent` when that host has not reported for its lease, by the database's clock. Until it
    `is_fetched`, its home has not told of it since it lives there: it has not begun, or it
    `is_coming` from another host, and its files are in the database alone.
    """

    host: str
    fence: int
    is_silent: bool = False
    is_fetched: bool = field(default=True, compare=False)
    is_coming: bool = field(default=False, compare=False)


def beat(
    tx: Transaction,
    host: str,
    root: str,
    version: str,
    *,
    max_runs: int,
    lease_s: float,
    behind_bytes: int = 0,
    is_read_only: bool = False,
    mark: str = "",
) -> None:
    """Report that a host is there, or add it with its `mark`.

    `behind_bytes` are those that it has to ship.
    """
    tx.run(
        "INSERT INTO host (host, root, version, max_runs, lease, behind_bytes, is_read_only, mark) "
        "VALUES (%s, %s, %s, %s, make_interval(secs => %s), %s, %s, %s) "
        "ON CONFLICT (host) DO UPDATE SET is_read_only = excluded.is_read_only, "
        "root = excluded.root, version = excluded.version, max_runs = excluded.max_runs, "
        "lease = excluded.lease, behind_bytes = excluded.behind_bytes, left_at = NULL, "
        "beat_at = clock_timestamp()",
        *(host, root, version, max_runs, lease_s, behind_bytes, is_read_only, mark),
    )


def add(tx: Transaction, key: Key, host: str) -> None:
    """Add a session that lives on `host`, unless it is known."""
    tx.run(
        "INSERT INTO session (listing, session_id, home_host) VALUES (%s, %s, %s) "
        "ON CONFLICT DO NOTHING",
        *(*key, host),
    )


def join(tx: Transaction, keys: Sequence[Key], host: str) -> None:
    """Add sessions that live on `host`, also those that left the fleet with it.

    One that another host has stays there.
    """
    tx.run(
        "INSERT INTO session (listing, session_id, home_host) "
        "SELECT listing, session_id, %s FROM unnest(%s::text[], %s::text[]) "
        "AS given (listing, session_id) "
        "WHERE EXISTS (SELECT FROM host WHERE host = %s AND left_at IS NULL) "
        "ON CONFLICT (listing, session_id) DO UPDATE SET "
        "fence = session.fence + 1, gone_at = NULL, is_fetched = false, came_from = NULL "
        "WHERE session.gone_at IS NOT NULL AND session.home_host = excluded.home_host",
        *(host, [one for one, _ in keys], [one for _, one in keys], host),
    )


def homes(tx: Transaction, host: str) -> dict[Key, Residence]:
    """Return the sessions that live on a host."""
    rows = tx.run(
        "SELECT listing, session_id, fence, is_fetched, "
        "NOT is_fetched AND came_from IS NOT NULL AND came_from <> home_host "
        "FROM session WHERE home_host = %s AND gone_at IS NULL",
        host,
    )
    return {
        (one[0], one[1]): Residence(host=host, fence=one[2], is_fetched=one[3], is_coming=one[4])
        for one in rows
    }


def lost(tx: Transaction, host: str) -> dict[Key, Residence]:
    """Return the sessions that a host had, with their present homes: the last, of a purged one."""
    rows = tx.run(
        "SELECT listing, session_id, home_host, fence FROM session "
        "WHERE had_by <> '{}' AND had_by @> ARRAY[%s]::text[] AND home_host <> %s",
        *(host, host),
    )
    return {(one[0], one[1]): Residence(host=one[2], fence=one[3]) for one in rows}


def went(tx: Transaction, host: str, noted: Sequence[Key]) -> tuple[Key, ...]:
    """Return the sessions of a host that live on others now; none that was purged there.

    Those that came to it from others are not its own. Of the `noted` ones it knows that they went,
    as the fleet may not.
    """
    rows = tx.run(
        "SELECT listing, session_id FROM session WHERE gone_at IS NULL AND home_host <> %s "
        "AND (had_by[1] = %s OR had_by = '{}' AND (listing, session_id) IN (SELECT * FROM "
        "unnest(%s::text[], %s::text[]))) ORDER BY listing, session_id",
        *(host, host, [one for one, _ in noted], [one for _, one in noted]),
    )
    return tuple((one[0], one[1]) for one in rows)


def residence(tx: Transaction, key: Key) -> Residence | None:
    """Return where a session lives; `None` if it is not known, or gone."""
    row = tx.run(
        "SELECT home_host, fence, is_silent(beat_at, lease) "
        "FROM session JOIN host ON host = home_host "
        "WHERE listing = %s AND session_id = %s AND gone_at IS NULL",
        *key,
    ).fetchone()
    return Residence(host=row[0], fence=row[1], is_silent=row[2]) if row else None


def hold(tx: Transaction, key: Key, home: Residence) -> None:
    """Hold a session until the end of the transaction; raises `NotHome` unless `home` is its.

    Every write of a session's home begins with this: a check that came before the transaction
    would let a host write that has lost the session meanwhile. A lock is enough: an `UPDATE` would
    show the session as changed to every console, with each piece of a file.
    """
    held = tx.run(
        "SELECT FROM session WHERE listing = %s AND session_id = %s AND home_host = %s "
        "AND fence = %s AND gone_at IS NULL FOR NO KEY UPDATE",
        *(*key, home.host, home.fence),
    )
    if held.rowcount != 1:
        raise NotHome(f"{key[1]} does not live on {home.host} any more")


def move(tx: Transaction, key: Key, home: Residence, to: str, *, is_taken_over: bool) -> bool:
    """Make `to` the home; return whether `home` was it until now.

    When it `is_taken_over`, `home` must have been silent for its lease.
    """
    moved = tx.run(
        "UPDATE session SET home_host = %s, fence = fence + 1, is_fetched = false, "
        "came_from = home_host, had_by = CASE WHEN home_host = ANY (had_by) THEN had_by "
        "ELSE array_append(had_by, home_host) END "
        "WHERE listing = %s AND session_id = %s AND home_host = %s AND fence = %s "
        "AND gone_at IS NULL "
        "AND (NOT %s OR EXISTS (SELECT FROM host "
        "WHERE host = home_host AND is_silent(beat_at, lease)))",
        *(to, *key, home.host, home.fence, is_taken_over),
    )
    if moved.rowcount != 1:
        return False
    tx.run("DELETE FROM live WHERE listing = %s AND session_id = %s", *key)  # nobody writes it now
    return True


def require_shipped(tx: Transaction, key: Key, home: Residence) -> None:
    """Raise `Refused` for a session whose transcript is on the disk of a silent host alone."""
    path = os.fsencode(transcript_name(key[1]))
    stored = tx.run(
        "SELECT FROM file WHERE listing = %s AND session_id = %s AND path = %s AND size > 0",
        *(*key, path),
    )
    if not stored.rowcount:
        raise Refused(
            f"{home.host} fell silent before it had shipped anything of {key[1][:8]}: its "
            "transcript is there alone, and it can move once that host is back",
            Reason.NO_TRANSCRIPT,
            remedy="hosts",
        )


def note_arrival(tx: Transaction, key: Key, home: Residence) -> None:
    """Note that the files of a session are at its home; raises `NotHome` unless `home` is its."""
    noted = tx.run(
        "UPDATE session SET is_fetched = true WHERE listing = %s AND session_id = %s "
        "AND home_host = %s AND fence = %s AND gone_at IS NULL",
        *(*key, home.host, home.fence),
    )
    if noted.rowcount != 1:
        raise NotHome(f"{key[1]} does not live on {home.host} any more")


def require_known(tx: Transaction, key: Key) -> None:
    """Raise `NotHome` unless a session is known and not purged; it stays so in this transaction."""
    known = tx.run(
        "SELECT FROM session WHERE listing = %s AND session_id = %s AND gone_at IS NULL FOR SHARE",
        *key,
    )
    if not known.rowcount:
        raise NotHome(f"the fleet knows no session of that id any more: {key[1]}")
