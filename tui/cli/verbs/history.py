"""The verbs that account for it all: log, stats."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from tui.claude.session_id import is_session_id
from tui.cli.output import iso, put_json, put_table, room, say
from tui.cli.table_fit import put_fitted
from tui.cli.targets import Tell, look, say_unread, session_named
from tui.core.act_summary import did
from tui.core.bounded_json import json_object
from tui.core.errors import UnknownId
from tui.core.listing_id import is_listing_id
from tui.core.models.audit import AuditEvent
from tui.core.models.row import Row, Status
from tui.core.models.session import Session, State
from tui.core.time.zones import LOCAL
from tui.operations.catalog.session_lookup import find_listing
from tui.operations.context import Context
from tui.operations.monitor.history import UNKNOWN_SHARE, ListingStats, LoggedAct, deeds
from tui.operations.monitor.history import stats as stats_of
from tui.safe_io.folders import is_folder


def log(context: Context, args: argparse.Namespace) -> int:
    """Print who did what, the latest last."""
    problems = dict[str, None]()  # what several looks find is said once
    listing, session_id, unknown = _meant(context, args.id or "", problems.setdefault)
    is_whole = args.all or args.json
    found = deeds(
        context,
        listing=listing,
        session_id=session_id,
        limit=args.n,
        is_whole=is_whole,
        told=problems.setdefault,
    )
    for problem in problems:
        say(problem)
    if not found and unknown is not None:
        raise unknown
    if args.json:
        put_json([_event_json(event) for one in found for event in one.events])
    elif found:
        _put_deeds(found, is_whole=is_whole)
    elif not problems:
        say("nobody has done anything here yet")
    return int(bool(problems))


def stats(context: Context, args: argparse.Namespace) -> int:
    """Count sessions, bytes and costs, by listing and in total."""
    catalog = look(context, args.listing or "")
    if args.listing:
        find_listing(catalog, args.listing)
    *listings, total = stats_of(context, catalog)
    say_unread(catalog, args.listing or "")
    if total.problem:
        say(total.problem)
    if total.uncosted:
        say(f"COST leaves {total.uncosted} sessions out: {UNKNOWN_SHARE}")
    if args.json:
        facts = [_account_json(one) for one in listings]
        put_json({"listings": facts, "total": _account_json(total)})
    else:
        put_fitted(_HEAD, [_account_line(one) for one in (*listings, total)], _GIVES)
    return int(not total.is_whole or total.uncosted > 0)


def _meant(context: Context, words: str, tell: Tell) -> tuple[str, str, UnknownId | None]:
    """Return the listing and the session that `words` name, empty for all of them.

    An id may be of a session of which nothing but its acts is left: then also why it is unknown.
    """
    if not words or (is_listing_id(words) and is_folder(context.root / words, unknown=True)):
        return words, "", None
    try:
        session = session_named(context, words, tell)
    except UnknownId as unknown:
        listing, slash, session_id = words.rpartition("/")
        if not is_session_id(session_id) or (slash and not is_listing_id(listing)):
            raise
        return listing, session_id, unknown
    return session.folder.name, session.session_id, None


def _put_deeds(found: tuple[LoggedAct, ...], *, is_whole: bool) -> None:
    rows: list[tuple[str, ...]] = []
    for one in reversed(found):
        if is_whole:
            rows += map(_event_line, reversed(one.events))
        else:
            rows.append(_event_line(one.first) if one.sessions == 1 else _deed_line(one))
    put_table(("AT", "WHO", "DID", "LISTING", "ID", "WHAT"), rows)
    zone = f"{found[0].first.at.astimezone(LOCAL):%Z}"
    say(f"AT is in {zone}; what a row says of its expiry is in its pipeline's zone")
    if not is_whole and any(one.sessions > 1 for one in found):
        say("--all lists each session of what was done to many")


def _event_line(event: AuditEvent) -> tuple[str, ...]:
    from tui.view.panes import audit_line as view
    from tui.view.text.formatting import short_id

    return (
        view.act_time(event, LOCAL),
        event.operator,
        event.action,
        event.listing or "-",
        short_id(event.session_id) or "-",
        view.act_words(event),
    )


def _deed_line(deed: LoggedAct) -> tuple[str, ...]:
    from tui.view.panes import audit_line as view

    event, listings = deed.first, {one.listing for one in deed.events}
    where = event.listing or "-" if len(listings) == 1 else f"{len(listings)} listings"
    many = f"{deed.sessions} sessions"
    return (
        view.act_time(event, LOCAL),
        event.operator,
        event.action,
        where,
        "-",
        did(event, many),
    )


def _event_json(event: AuditEvent) -> dict[str, Any]:
    return {
        "at": iso(event.at),
        "operator": event.operator,
        "action": event.action,
        "listing": event.listing or None,
        "session_id": event.session_id or None,
        "before": _row_json(event.before),
        "after": _row_json(event.after),
        "note": event.note or None,
        "act_id": event.act_id or None,
        "request_id": event.request_id or None,
        "cost_usd": event.cost_usd,
        "detail": dict(json_object(event.detail)) or None,
    }


def _row_json(row: Row | None) -> dict[str, Any] | None:
    return asdict(row) if row else None


def _account_json(account: ListingStats) -> dict[str, Any]:
    ends = account.next_end
    return {
        "listing": account.listing or None,
        "sessions": account.sessions,
        "statuses": {one.value: account.statuses.get(one.value, 0) for one in Status}
        | dict(account.statuses),
        "states": {one.value: account.states.get(one.value, 0) for one in State},
        "live": account.live,
        "bytes": account.bytes,
        "cost_usd": account.cost_usd,
        "pending": account.pending,
        "pending_bytes": account.pending_bytes,
        "trash": account.trash,
        "trash_bytes": account.trash_bytes,
        "next_end": {"session_id": ends.session_id, "ends_at": iso(ends.ends_at)} if ends else None,
        "problem": account.problem or None,
        "is_whole": account.is_whole and not account.uncosted,
        "uncosted": account.uncosted,
    }


_HEAD = (
    *("LISTING", "SESSIONS", "LIVE", "ACTIVE", "FAILED", "EXPIRED", "DELETED"),
    *("GHOST", "UNTRACKED", "SIZE", "COST", "PENDING", "TRASH", "NEXT END"),
)


_GIVES = (
    *(("LISTING", 20), ("UNTRACKED", 0), ("GHOST", 0), ("DELETED", 0), ("EXPIRED", 0)),
    *(("ACTIVE", 0), ("LISTING", 12), ("TRASH", 0), ("LIVE", 0), ("LISTING", 8), ("COST", 0)),
)


_NONE = ("0", "-", "0 B")  # nobody knows that of what was not wholly read


def _account_line(account: ListingStats) -> tuple[str, ...]:
    from tui.view.text.formatting import cost, size

    ends = account.next_end
    statuses = (Status.ACTIVE, Status.FAILED, Status.EXPIRED, Status.DELETED)
    counted = (
        str(account.sessions),
        str(account.live),
        *(str(account.statuses.get(one.value, 0)) for one in statuses),
        *(str(account.states.get(one.value, 0)) for one in (State.GHOST, State.UNTRACKED)),
        size(account.bytes),
        f"{cost(account.cost_usd)}{'+?' if account.uncosted else ''}",
        f"{account.pending} ({size(account.pending_bytes)})" if account.pending else "0",
        f"{account.trash} ({size(account.trash_bytes)})" if account.trash else "0",
        _next_end(ends) if ends else "-",
    )
    told = counted if account.is_whole else tuple("?" if one in _NONE else one for one in counted)
    return (account.listing or "all", *told)


def _next_end(session: Session) -> str:
    """Return when a session ends, and which that is unless a screen's width is all there is."""
    from tui.view.text.formatting import short_id

    if session.ends_at is None:
        return "-"
    at = f"{session.ends_at.astimezone(LOCAL):%d %b %H:%M %Z}"
    return at if room() is not None else f"{at} {short_id(session.session_id)}"
