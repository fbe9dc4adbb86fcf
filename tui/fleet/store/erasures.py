"""Erases what the database has of sessions: at once for everybody, and its bytes bit by bit.

What is erased is first no session's any more, so that nobody sees half of it, whenever that ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import LiteralString

from tui.fleet.store.connection import Transaction
from tui.fleet.store.sessions import Key

_SESSIONS_AT_ONCE = 500
_FILES_AT_ONCE = 100
_CHUNKS_AT_ONCE = 64  # of 256 KB: others wait for what one transaction erases
_OF: LiteralString = (
    "(listing, session_id) IN (SELECT listing, session_id FROM "
    "unnest(%s::text[], %s::text[]) AS given (listing, session_id))"
)


def bury(tx: Transaction, *buried: Key) -> None:
    """Erase sessions from every table; their keys stay, so that open consoles learn of it.

    Prompts are among what goes: those of runs and of commands. The bytes of files are nobody's from
    now on, and erased by `erase_some`.
    """
    keys = [[one for one, _ in buried], [one for _, one in buried]]
    for text in (
        "UPDATE session SET shown = '{}', gone_at = clock_timestamp() WHERE gone_at IS NULL AND ",
        "UPDATE file SET listing = NULL, session_id = NULL, path = '\\x00', "
        "epoch = epoch + 1 WHERE ",
        "DELETE FROM run WHERE ",
        "DELETE FROM command WHERE ",
        "DELETE FROM live WHERE ",
    ):
        tx.run(text + _OF, *keys)


def bury_some(tx: Transaction, host: str) -> int:
    """Bury some of the sessions that live on a host; return how many, 0 once none is left."""
    rows: Sequence[Key] = tx.run(
        "SELECT listing, session_id FROM session WHERE home_host = %s AND gone_at IS NULL "
        "ORDER BY listing, session_id LIMIT %s FOR NO KEY UPDATE",
        *(host, _SESSIONS_AT_ONCE),
    ).fetchall()
    if rows:
        bury(tx, *rows)
    return len(rows)


def erase_some(tx: Transaction) -> bool:
    """Erase some bytes of files that are no session's any more; return whether there were any.

    What another member erases now is left to that.
    """
    rows = tx.run(
        "SELECT file_id FROM file WHERE listing IS NULL ORDER BY file_id LIMIT %s "
        "FOR UPDATE SKIP LOCKED",
        _FILES_AT_ONCE,
    ).fetchall()
    if not rows:
        return False
    files = [one[0] for one in rows]
    erased = tx.run(
        "DELETE FROM chunk WHERE (file_id, off) IN (SELECT file_id, off FROM chunk "
        "WHERE file_id = ANY (%s) LIMIT %s)",
        *(files, _CHUNKS_AT_ONCE),
    )
    if erased.rowcount < _CHUNKS_AT_ONCE:
        tx.run("DELETE FROM file WHERE file_id = ANY (%s)", files)
    return True
