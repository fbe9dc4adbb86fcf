"""Lists sessions: the verb ls."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from tui.cli.lookup import look
from tui.cli.output import put_array, say
from tui.cli.tables import put_table
from tui.core.console.named_view import NamedView, found
from tui.core.models.catalog import Catalog
from tui.core.models.line_target import LineTarget
from tui.core.models.session import Session
from tui.core.sessions.attention import needing, why_failed
from tui.core.sessions.listing_join import ends_within, is_gone
from tui.core.sessions.session_filter import names_gone, parse_filter
from tui.core.sessions.session_order import ordered, parse_order
from tui.core.sessions.session_state import state_word
from tui.core.sessions.status_filter import parse_status
from tui.core.text.sizes import size_text
from tui.core.time.expiry import parse_duration
from tui.operations.catalog.fleet_health import fleet_unread
from tui.operations.catalog.session_lookup import find_listing
from tui.operations.context import Context
from tui.operations.listing_health import is_whole
from tui.operations.named_views import views_and_problem

_NEVER = datetime.max.replace(tzinfo=UTC)


def ls(context: Context, args: argparse.Namespace) -> int:
    """List sessions, those that end soonest first; 1 when not all could be read."""
    now, view = context.clock(), _view(context, args)
    args.listing = args.listing or view.listing or None
    catalog = look(context, args.listing or "")
    listings = [find_listing(catalog, args.listing)] if args.listing else catalog.listings
    for one in listings:
        if one.problem and (one.is_vanished or not args.listing):
            say(f"{one.listing_id}: {one.problem}")
    for host, word in catalog.hosts.items():
        if word:
            say(f"{host}: {word}")
    sessions = [session for one in listings for session in one.sessions]
    quiet_after = context.settings.quiet_after
    chosen = _ordered(_chosen(sessions, args, view, now, quiet_after), args, view, context)
    if args.json:
        from tui.cli.json_fields import session_json

        put_array(session_json(one, now, quiet_after) for one in chosen)
    elif chosen:
        _put_sessions(chosen, now, quiet_after)
    else:
        say(_nothing(catalog, bool(sessions)))
    return int(bool(fleet_unread(catalog)) or not all(map(is_whole, listings)))


def _view(context: Context, args: argparse.Namespace) -> NamedView:
    """Return the named view, or one that hides nothing."""
    if args.view is None:
        return NamedView(name="")
    views, problem = views_and_problem(context)
    return found(views, args.view, problem)


def _ordered(
    chosen: list[Session], args: argparse.Namespace, view: NamedView, context: Context
) -> Sequence[Session]:
    """Return the sessions in the order that was asked for, else those first that end soonest."""
    if args.sort is None and not view.name:
        return sorted(chosen, key=lambda one: (one.ends_at or _NEVER, one.key))
    sort, is_reversed = view.sort, view.is_reversed
    if args.sort is not None:
        sort, is_reversed = parse_order(args.sort.split(":"))
    now, quiet_after = context.clock(), context.settings.quiet_after
    needs = needing(chosen, now, quiet_after)
    return ordered(chosen, sort, now, lambda one: needs.get(one.key), is_reversed=is_reversed)


def _chosen(
    sessions: list[Session],
    args: argparse.Namespace,
    view: NamedView,
    now: datetime,
    quiet_after: timedelta,
) -> list[Session]:
    within = parse_duration(args.ends) if args.ends else None
    is_taken = parse_filter(args.filter, quiet_after)
    is_in_view = parse_filter(view.filter, quiet_after)
    filters = args.filter, view.filter
    shows_gone = not any(filters) or args.status is not None or any(map(names_gone, filters))
    is_asked = None if args.status is None else parse_status(args.status, sessions, quiet_after)
    return [
        one
        for one in sessions
        if (is_asked is None or is_asked(one, now))
        and (not args.live or one.is_at_work)
        and (within is None or ends_within(one, now, within))
        and (shows_gone or not is_gone(one))
        and is_taken(one, now)
        and is_in_view(one, now)
    ]


def _put_sessions(sessions: Sequence[Session], now: datetime, quiet_after: timedelta) -> None:
    from tui.view.text import formatting

    has_hosts = any(one.host for one in sessions)
    rows = (
        (
            formatting.countdown(one.ends_at, now, is_unreadable=one.expiry_is_unreadable)
            + (" s" if one.is_swept_first else ""),
            state_word(one, now, quiet_after),
            one.listing,
            one.stage or "-",
            size_text(one.bytes),
            formatting.short_id(one.session_id),
            *([one.host or "-"] if has_hosts else ()),
            (one.title or why_failed(one))[:60],
        )
        for one in sessions
    )
    targets = [LineTarget(listing=one.listing, session_id=one.session_id) for one in sessions]
    host = ("HOST",) if has_hosts else ()
    put_table(("ENDS", "STATE", "LISTING", "STAGE", "SIZE", "ID", *host, "TITLE"), rows, targets)


def _nothing(catalog: Catalog, has_sessions: bool) -> str:
    if has_sessions:
        where = "" if all(map(is_whole, catalog.listings)) else " in what could be read"
        return f"no session matches{where}"
    if not catalog.listings:
        return f"no listings below {catalog.root}: a pipeline makes one folder for each client"
    from tui.view.panes.listings import is_unreadable

    begin = "`session-console new LISTING PROMPT --stage STAGE` begins one"
    empty = (one for one in catalog.listings if not one.sessions)
    if any(one.is_vanished or is_unreadable(one) for one in empty):
        return f"no sessions to show: `session-console doctor` explains what is unreadable; {begin}"
    return f"no sessions yet: {begin}"
