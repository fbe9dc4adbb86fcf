"""What was done across the fleet, as commands and runs say, and for how long it is kept."""

from __future__ import annotations

from datetime import datetime
from typing import LiteralString

from tui.core.values import dataclass
from tui.fleet.store.connection import Transaction
from tui.fleet.store.sessions import Key

KEPT_DAYS = 30
MOST = 1000
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What somebody asked of a session: by whom, as which role of the database, from which host.

    The role is proven; `by_whom` and the hosts are claims of those who wrote them. `on_host` had it
    to do; `outcome` is what it said of it, and of a run its `state`.
    """

    at: datetime
    kind: str
    key: Key
    by_whom: str
    by_role: str
    from_host: str
    on_host: str
    state: str
    outcome: str


def acts(tx: Transaction, session_id: str = "", *, most: int = MOST) -> tuple[Act, ...]:
    """Return what was asked last, oldest first; only of sessions whose ids begin so, if given."""
    begin = session_id.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    rows = tx.run(
        "SELECT at, kind, listing, session_id, by_whom, by_role, from_host, on_host, '', "
        "coalesce(outcome, '') FROM command WHERE session_id LIKE %s UNION ALL "
        "SELECT created_at, 'run', listing, session_id, by_whom, by_role, from_host, "
        "coalesce(host, want_host, ''), state, error FROM run WHERE session_id LIKE %s "
        "ORDER BY 1 DESC LIMIT %s",
        *(begin, begin, most),
    )
    found = (
        Act(
            at=one[0],
            kind=one[1],
            key=(one[2], one[3]),
            by_whom=one[4],
            by_role=one[5],
            from_host=one[6],
            on_host=one[7],
            state=one[8],
            outcome=one[9],
        )
        for one in rows
    )
    return tuple(found)[::-1]


def note(tx: Transaction, key: Key, kind: str, by_whom: str, *, on_host: str, outcome: str) -> None:
    """Note what was done at once, and asked of no home."""
    tx.run(
        "INSERT INTO command (listing, session_id, kind, payload, by_whom, on_host, taken_at, "
        "done_at, outcome) VALUES (%s, %s, %s, '{}', %s, %s, clock_timestamp(), "
        "clock_timestamp(), %s)",
        *(*key, kind, by_whom, on_host, outcome),
    )


_OLD: tuple[LiteralString, ...] = (
    "DELETE FROM command WHERE command_id IN (SELECT command_id FROM command "
    "WHERE at < clock_timestamp() - make_interval(days => %s) ORDER BY at LIMIT %s)",
    "DELETE FROM run WHERE run_id IN (SELECT run_id FROM run "
    "WHERE coalesce(ended_at, created_at) < clock_timestamp() - make_interval(days => %s) "
    "AND state IN ('queued', 'done', 'failed', 'cancelled') ORDER BY created_at LIMIT %s)",
)


def forget_some(tx: Transaction) -> bool:
    """Forget some of what is over for `KEPT_DAYS`; return whether there may be more."""
    gone = [tx.run(text, KEPT_DAYS, _AT_ONCE).rowcount for text in _OLD]
    row = tx.run("SELECT forget_gone()").fetchone()
    return max(*gone, row[0] if row else 0) >= _AT_ONCE
