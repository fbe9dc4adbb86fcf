"""The messages that agents are writing now: lost in a crash, and whole again a second later."""

from __future__ import annotations

from collections.abc import Mapping

from tui.core.values import dataclass
from tui.fleet.store.connection import Transaction
from tui.fleet.store.sessions import Key

MOST_BODY = 256 * 1024


@dataclass(frozen=True, slots=True)
class Partial:
    """The bytes of a message that is being written; `seq` is another with each."""

    listing: str
    session_id: str
    seq: int
    body: bytes


def write(tx: Transaction, host: str, bodies: Mapping[Key, bytes]) -> None:
    """Write all that a host has at once: one statement costs the server a tenth of many.

    What is over `MOST_BODY` is left out, as is what does not live there any more. The database
    numbers them, each higher than the last: the clock of a host says nothing, and any may step.
    """
    fitting = {key: body for key, body in bodies.items() if len(body) <= MOST_BODY}
    if fitting:
        tx.run(
            "INSERT INTO live (listing, session_id, seq, body) SELECT listing, session_id, "
            "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint, body "
            "FROM unnest(%s::text[], %s::text[], %b::bytea[]) AS given (listing, session_id, body) "
            "WHERE %s = (SELECT home_host FROM session s WHERE s.listing = given.listing "
            "AND s.session_id = given.session_id AND gone_at IS NULL) "
            "ON CONFLICT (listing, session_id) DO UPDATE SET "
            "seq = greatest(live.seq + 1, excluded.seq), body = excluded.body",
            [listing for listing, _ in fitting],
            [session_id for _, session_id in fitting],
            list(fitting.values()),
            host,
        )


def read(tx: Transaction, seen: Mapping[Key, int]) -> tuple[tuple[Partial, ...], frozenset[Key]]:
    """Return what is new of some sessions, whose last seen `seq` is given (-1 for none).

    Also which of them write no message now. Any other `seq` is new, also a lower one: the database
    may have crashed, or its clock been set back.
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


def drop(tx: Transaction, host: str, key: Key) -> None:
    """Remove the message of a session that writes none any more, if it still lives on `host`."""
    tx.run(
        "DELETE FROM live USING session s WHERE live.listing = s.listing "
        "AND live.session_id = s.session_id AND s.listing = %s AND s.session_id = %s "
        "AND home_host = %s",
        *(*key, host),
    )
