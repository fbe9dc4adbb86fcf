"""What consoles show of sessions that live elsewhere: written by the home, read by everybody."""

from __future__ import annotations

from collections.abc import Sequence

from tui.core.values import dataclass, field
from tui.fleet.store.connection import NotHome, Transaction
from tui.fleet.store.sessions import Key, Residence


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRow:
    """A session as its home last told of it, in JSON; `is_gone` once it was purged."""

    listing: str
    session_id: str
    host: str
    shown: str
    is_gone: bool
    came_from: str = field(default="", compare=False)  # the host that had it before
    fence: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """Up to where changes were seen: all later ones have a higher transaction number.

    Numbers mean something in one `incarnation` of the database alone: a failover or a restored dump
    may give them out again.
    """

    incarnation: str
    xmin: int


def publish(tx: Transaction, key: Key, home: Residence, shown: str) -> bool:
    """Tell what a session looks like; return whether that is new. Raises `NotHome`."""
    told = tx.run(
        "UPDATE session SET shown = %s WHERE listing = %s AND session_id = %s "
        "AND home_host = %s AND fence = %s AND gone_at IS NULL AND shown <> %s",
        *(shown, *key, home.host, home.fence, shown),
    )
    if told.rowcount:
        return True
    is_home = tx.run(
        "SELECT FROM session WHERE listing = %s AND session_id = %s AND home_host = %s "
        "AND fence = %s AND gone_at IS NULL",
        *(*key, home.host, home.fence),
    )
    if not is_home.rowcount:
        raise NotHome(f"{key[1]} does not live on {home.host} any more")
    return False


def publish_many(
    tx: Transaction, host: str, told: Sequence[tuple[Key, int, str]]
) -> frozenset[Key]:
    """Tell what sessions of a host look like, each with its fence; return those not its own."""
    # By key, one by one: joins are planned by statistics, which new tables do not have yet.
    tx.run_each(
        "UPDATE session SET shown = %s, is_fetched = true WHERE listing = %s AND session_id = %s "
        "AND fence = %s AND home_host = %s AND gone_at IS NULL "
        "AND (shown <> %s OR NOT is_fetched)",
        [(text, *key, fence, host, text) for key, fence, text in told],
    )
    keys = [[one[0][0] for one in told], [one[0][1] for one in told], [one[1] for one in told]]
    rows = tx.run(
        "SELECT given.listing, given.session_id FROM "
        "unnest(%s::text[], %s::text[], %s::bigint[]) AS given (listing, session_id, fence) "
        "WHERE (SELECT s.fence FROM session s WHERE s.listing = given.listing "
        "AND s.session_id = given.session_id AND s.home_host = %s AND s.gone_at IS NULL) "
        "IS DISTINCT FROM given.fence",
        *(*keys, host),
    )
    return frozenset((one[0], one[1]) for one in rows)


def told(tx: Transaction, key: Key) -> str:
    """Return what the last home of a session told of it; raises `NotHome` when it is gone."""
    row = tx.run(
        "SELECT shown FROM session WHERE listing = %s AND session_id = %s AND gone_at IS NULL",
        *key,
    ).fetchone()
    if row is None:
        raise NotHome(f"{key[1]} was purged meanwhile")
    return str(row[0])


def look(
    tx: Transaction, since: Horizon | None, *, is_read: bool = True
) -> tuple[tuple[ShownRow, ...], Horizon]:
    """Return the sessions that changed since a horizon, with the next one; all if it is void.

    Unless they are read, what they look like is left out, which is nearly all that there is.
    A session may be returned again. A number or a time of each change would miss those that were
    made earlier and committed later; what was still open at the last look is looked at again.
    """
    row = tx.run(
        "SELECT system_identifier::text || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8), "
        "pg_snapshot_xmin(pg_current_snapshot())::text::bigint FROM pg_control_system()"
    ).fetchone()
    now = Horizon(incarnation=row[0], xmin=row[1]) if row else Horizon(incarnation="", xmin=0)
    is_known = since is not None and since.incarnation == now.incarnation
    rows = tx.run(
        "SELECT listing, session_id, home_host, CASE WHEN %s THEN shown ELSE '' END, "
        "gone_at IS NOT NULL, coalesce(came_from, ''), fence FROM session "
        "WHERE xid >= %s::text::xid8",
        *(is_read, str(since.xmin if since is not None and is_known else 0)),
    )
    found = (
        ShownRow(
            listing=one[0],
            session_id=one[1],
            host=one[2],
            shown=one[3],
            is_gone=one[4],
            came_from=one[5],
            fence=one[6],
        )
        for one in rows
    )
    return tuple(found), now
