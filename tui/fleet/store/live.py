"""The messages that agents are writing now: lost in a crash, and whole again a second later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tui.core.values import dataclass
from tui.fleet.store.connection import Transaction
from tui.fleet.store.sessions import Key

MOST_BODY = 256 * 1024


@dataclass(frozen=True, slots=True)
class Partial:
    """The bytes of a message that is being written; `seq` grows with each."""

    listing: str
    session_id: str
    seq: int
    body: bytes


def write(tx: Transaction, partials: Sequence[Partial]) -> None:
    """Write all that a host has at once: one statement costs the server a tenth of many.

    Those over `MOST_BODY` are left out, as are those that are older than what is there.
    """
    fitting = [one for one in partials if len(one.body) <= MOST_BODY]
    if fitting:
        tx.run(
            "INSERT INTO live (listing, session_id, seq, body) SELECT * FROM unnest("
            "%s::text[], %s::text[], %s::bigint[], %b::bytea[]) ON CONFLICT (listing, session_id) "
            "DO UPDATE SET seq = excluded.seq, body = excluded.body WHERE live.seq < excluded.seq",
            [one.listing for one in fitting],
            [one.session_id for one in fitting],
            [one.seq for one in fitting],
            [one.body for one in fitting],
        )


def read(tx: Transaction, seen: Mapping[Key, int]) -> tuple[tuple[Partial, ...], frozenset[Key]]:
    """Return what is new of some sessions, whose last seen `seq` is given (-1 for none).

    Also which of them write no message now. Any other `seq` is new: after a crash of the database a
    host may begin with a lower one.
    """
    if not seen:
        return (), frozenset()
    rows = tx.run_binary(
        "SELECT listing, session_id, live.seq, CASE WHEN live.seq <> seen.seq THEN body END "
        "FROM live JOIN unnest(%s::text[], %s::text[], "
        "%s::bigint[]) AS seen (listing, session_id, seq) USING (listing, session_id)",
        [listing for listing, _ in seen],
        [session_id for _, session_id in seen],
        list(seen.values()),
    ).fetchall()
    there = {(one[0], one[1]) for one in rows}
    news = tuple(Partial(*one) for one in rows if one[3] is not None)
    return news, frozenset(seen.keys() - there)


def drop(tx: Transaction, key: Key) -> None:
    """Remove the message of a session that writes none any more."""
    tx.run("DELETE FROM live WHERE listing = %s AND session_id = %s", *key)
