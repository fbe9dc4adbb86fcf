"""The verbs that change a session: extend, fail, activate, ack, snooze, tag, rename, adopt ..."""

from __future__ import annotations

import argparse
from typing import Any

from tui.cli.declarations.table import BY_NAME
from tui.cli.json_fields import iso, result_json
from tui.cli.lookup import look, say_unreadable, session_named, sessions_named
from tui.cli.output import say
from tui.cli.results import put_each, put_result
from tui.core.errors import UsageError
from tui.core.models.catalog import Catalog
from tui.core.time.zones import read_time, zone_named
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.catalog.session_lookup import find_session
from tui.operations.context import ActionResult, Context
from tui.operations.sessions import annotate, row_edits
from tui.operations.sessions.acknowledge import acknowledge, take_back
from tui.operations.sessions.acknowledge import snooze as snooze_session
from tui.operations.sessions.adopt import adopt as adopt_session
from tui.operations.sessions.adopt import adoptable
from tui.operations.sessions.extend import Extension, plan_extension
from tui.operations.sessions.extend import extend as extend_session
from tui.operations.sessions.rename import rename as rename_session


def extend(context: Context, args: argparse.Namespace) -> int:
    """Extend the expiry of sessions."""
    context = context.at_one_moment()
    named = sessions_named(context, BY_NAME["extend"], args.ids, is_sure=args.yes)

    def one(words: str) -> dict[str, Any]:
        session = named[words] or session_named(context, words)
        planned = plan_extension(session, args.until, context.clock())
        act = extend_session(context, planned)
        return result_json(act) | {
            "words": f"{act.words}  {_span(context, planned)}",
            "was": iso(planned.was),
            "expires_at": iso(planned.was if planned.is_needless else planned.until),
        }

    return put_each(named, one, as_json=args.json)


def fail(context: Context, args: argparse.Namespace) -> int:
    """Mark a session as failed."""
    return _put_edit(args, row_edits.fail(context, session_named(context, args.id), args.reason))


def activate(context: Context, args: argparse.Namespace) -> int:
    """Make a failed or expired session active again."""
    return _put_edit(args, row_edits.activate(context, session_named(context, args.id)))


def ack(context: Context, args: argparse.Namespace) -> int:
    """Acknowledge what needs attention, until something new happens."""
    name, _, wanted = args.id.rpartition("/")
    catalog = look(context, name, wanted)
    if args.off:
        act = take_back(context, find_session(catalog, args.id))
        return put_result(result_json(act), as_json=args.json)
    listing = catalog.listing(args.id)
    if listing is None or not listing.is_vanished:
        act = acknowledge(context, find_session(catalog, args.id))
        return put_result(result_json(act), as_json=args.json)
    unwritten = CatalogScanner(context).forget(listing.listing_id)
    whom = "for you alone" if unwritten else "for all"
    words = f"{listing.listing_id} is forgotten, {whom}, until its folder is there again{unwritten}"
    result = {"session_id": None, "listing": listing.listing_id, "words": words}
    return put_result(result, as_json=args.json)


def snooze(context: Context, args: argparse.Namespace) -> int:
    """Take a session out of attention for a time, or until something new happens."""
    act = snooze_session(context, session_named(context, args.id), args.until)
    return put_result(result_json(act), as_json=args.json)


def tag(context: Context, args: argparse.Namespace) -> int:
    """Add tags to a session, or remove them."""
    session = session_named(context, args.id)
    act = annotate.tag(context, session, args.names, removed=args.remove)
    return put_result(result_json(act), as_json=args.json)


def note(context: Context, args: argparse.Namespace) -> int:
    """Write the note of a session; an empty one clears it."""
    act = annotate.note(context, session_named(context, args.id), " ".join(args.text))
    return put_result(result_json(act), as_json=args.json)


def rename(context: Context, args: argparse.Namespace) -> int:
    """Set the title of a session."""
    act = rename_session(context, session_named(context, args.id), args.title)
    return put_result(result_json(act), as_json=args.json)


def adopt(context: Context, args: argparse.Namespace) -> int:
    """Move stray sessions into their listing, and track untracked ones."""
    if bool(args.ids) == args.all:
        raise UsageError("name the sessions to adopt, or --all for every stray: see `doctor`")
    catalog = look(context)
    ids = args.ids or _strays(catalog)

    def one(words: str) -> dict[str, Any]:
        session = find_session(catalog, words)
        listing, stage = args.listing or "", args.stage or ""
        return result_json(adopt_session(context, session, listing=listing, stage=stage))

    code = put_each(ids, one, as_json=args.json)
    if args.all:
        is_unread = say_unreadable(catalog)
        if not ids:
            say("no stray sessions to adopt" + (" in what could be read" if is_unread else ""))
        code = code or int(is_unread)
    return code


def _strays(catalog: Catalog) -> tuple[str, ...]:
    """Return the ids of the strays; if two listings claim one, a person must decide."""
    return tuple(dict.fromkeys(one.session_id for one in adoptable(catalog.sessions)))


def reapply(context: Context, args: argparse.Namespace) -> int:
    """Write back what the pipeline overwrote."""
    return _put_edit(args, row_edits.reapply(context, session_named(context, args.id)))


def _put_edit(args: argparse.Namespace, act: ActionResult) -> int:
    after = act.after
    until = read_time(after.expires_at, zone_named(act.zone)) if after else None
    row = {"status": after.status if after else None, "expires_at": iso(until)}
    return put_result(result_json(act) | row, as_json=args.json)


def _span(context: Context, planned: Extension) -> str:
    from tui.view.text.formatting import countdown

    now = context.clock()
    after = planned.was if planned.is_needless else planned.until
    swept = " (the CLI's sweep)" if planned.session.is_swept_first else ""
    return f"{countdown(planned.ends_at, now)}{swept} -> {countdown(after, now)}"
