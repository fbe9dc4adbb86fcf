"""The verbs that change a session in its place: fail, activate, ack, snooze, tag, rename ..."""

from __future__ import annotations

import argparse

from tui.cli.json_fields import iso, result_json
from tui.cli.lookup import look, session_named
from tui.cli.results import put_result
from tui.core.time.zones import read_time, zone_named
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.catalog.session_lookup import find_session
from tui.operations.context import ActionResult, Context
from tui.operations.sessions import annotate, row_edits
from tui.operations.sessions.acknowledge import acknowledge, take_back
from tui.operations.sessions.acknowledge import snooze as snooze_session
from tui.operations.sessions.rename import rename as rename_session


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


def reapply(context: Context, args: argparse.Namespace) -> int:
    """Write back what the pipeline overwrote."""
    return _put_edit(args, row_edits.reapply(context, session_named(context, args.id)))


def _put_edit(args: argparse.Namespace, act: ActionResult) -> int:
    after = act.after
    until = read_time(after.expires_at, zone_named(act.zone)) if after else None
    row = {"status": after.status if after else None, "expires_at": iso(until)}
    return put_result(result_json(act) | row, as_json=args.json)
