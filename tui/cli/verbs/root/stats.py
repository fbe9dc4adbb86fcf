"""The verb that counts: stats."""

from __future__ import annotations

import argparse
from datetime import datetime
from itertools import repeat

from tui.cli.json_fields import stats_json
from tui.cli.lookup import look, say_unreadable
from tui.cli.output import output_width, put_json, say
from tui.cli.tables import put_fitted
from tui.core.models.line_target import LineTarget
from tui.core.models.row import Status
from tui.core.models.session import Session, State
from tui.core.sessions.attention import Need, has_failed, is_settled
from tui.core.sessions.listing_join import is_gone
from tui.core.text.sizes import size_text
from tui.core.time.zones import LOCAL
from tui.core.values import asdict
from tui.operations.catalog.session_lookup import find_listing
from tui.operations.context import Context
from tui.operations.monitor.history import UNKNOWN_SHARE, ListingStats
from tui.operations.monitor.history import stats as stats_of

_HEAD = (
    *("LISTING", "SESSIONS", "LIVE", "STARTING", "QUEUED"),
    *("ACTIVE", "FAILED", "CLEANED", "DELETED"),
    *("GHOST", "UNTRACKED", "SIZE", "COST", "CLEAN-UP", "TRASH", "NEXT END"),
)
_SHRINK_ORDER = (
    *(("LISTING", 20), ("UNTRACKED", 0), ("GHOST", 0), ("DELETED", 0), ("CLEANED", 0)),
    *(("STARTING", 0), ("ACTIVE", 0), ("QUEUED", 0)),
    *(("LISTING", 12), ("TRASH", 0), ("LIVE", 0), ("LISTING", 8), ("COST", 0)),
)
_ZEROS = ("0", "-", "0 B")  # shown as `?` for a listing that was not read completely


def stats(context: Context, args: argparse.Namespace) -> int:
    """Count sessions, bytes and costs by listing and in total."""
    told: list[str] = []
    catalog = look(context, args.listing or "", tell=told.append)
    for words in told:
        if words is not catalog.unheard:  # which the total tells
            say(words)
    if args.listing:
        find_listing(catalog, args.listing)
    *listings, total = stats_of(context, catalog)
    say_unreadable(catalog, args.listing or "")
    if total.problem:
        say(total.problem)
    settled = sum(map(_is_settled_failure, catalog.sessions, repeat(catalog.at)))
    if settled and not args.json:
        say(f"FAILED counts also {settled} that somebody acknowledged or snoozed")
    if total.uncosted:
        say(f"COST leaves {total.uncosted} sessions out: {UNKNOWN_SHARE}")
    if args.json:
        facts = [stats_json(one) for one in listings]
        put_json({"listings": facts, "total": stats_json(total)})
    else:
        targets = [LineTarget(listing=one.listing) for one in listings]
        lines = [_stats_line(one) for one in (*listings, total)]
        put_fitted(_HEAD, lines, _SHRINK_ORDER, targets)
    return int(not total.is_whole or total.uncosted > 0)


def _is_settled_failure(session: Session, now: datetime) -> bool:
    """Whether it counts as failed, but needs nobody for that."""
    is_counted = has_failed(session) and not is_gone(session)
    return is_counted and is_settled(session, Need.FAILED, now)


def _stats_line(account: ListingStats) -> tuple[str, ...]:
    from tui.view.text.formatting import cost

    ends = account.next_end
    statuses = account.statuses
    counted = (
        str(account.sessions),
        *(str(count) for count in asdict(account.work).values()),
        str(statuses.get(Status.ACTIVE.value, 0)),
        str(account.failed),
        *(
            str(statuses.get(one.value, 0) - account.leftovers.get(one.value, 0))
            for one in (Status.EXPIRED, Status.DELETED)
        ),
        *(str(account.states.get(one.value, 0)) for one in (State.GHOST, State.UNTRACKED)),
        size_text(account.bytes),
        f"{cost(account.cost_usd)}{'+?' if account.uncosted else ''}",
        f"{account.pending} ({size_text(account.pending_bytes)})" if account.pending else "0",
        f"{account.trash} ({size_text(account.trash_bytes)})" if account.trash else "0",
        _next_end(ends) if ends else "-",
    )
    told = counted if account.is_whole else tuple("?" if one in _ZEROS else one for one in counted)
    return (account.listing or "all", *told)


def _next_end(session: Session) -> str:
    """Return when a session ends, with its id where the width is not limited."""
    from tui.view.text.formatting import short_id

    if session.ends_at is None:
        return "-"
    at = f"{session.ends_at.astimezone(LOCAL):%d %b %H:%M %Z}"
    return at if output_width() is not None else f"{at} {short_id(session.session_id)}"
