"""The verbs that mark a session: ack, rename."""

from __future__ import annotations

import argparse

from tui.cli.output import put, put_json
from tui.cli.targets import look, session_named
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.catalog.session_lookup import find_session
from tui.operations.context import ActionResult, Context
from tui.operations.sessions.acknowledge import acknowledge
from tui.operations.sessions.rename import rename as rename_session


def ack(context: Context, args: argparse.Namespace) -> int:
    """Settle what needs somebody, until something new happens to it."""
    name, _, wanted = args.id.rpartition("/")
    catalog = look(context, name, wanted)
    listing = catalog.listing(args.id)
    if listing is not None and listing.is_vanished:
        unwritten = CatalogScanner(context).forget(listing.listing_id)
        whom = "for you alone" if unwritten else "for all"
        words = f"{listing.listing_id} is forgotten, {whom}, until its folder is there again"
        words += unwritten
        return _put(args, {"session_id": None, "listing": listing.listing_id, "words": words})
    return _put(args, _facts(acknowledge(context, find_session(catalog, args.id))))


def rename(context: Context, args: argparse.Namespace) -> int:
    """Give a session a title."""
    return _put(args, _facts(rename_session(context, session_named(context, args.id), args.title)))


def _facts(act: ActionResult) -> dict[str, str | None]:
    return {"session_id": act.session_id, "listing": act.listing, "words": act.words}


def _put(args: argparse.Namespace, facts: dict[str, str | None]) -> int:
    if args.json:
        put_json(facts)
    else:
        put(facts["words"] or "")
    return 0
