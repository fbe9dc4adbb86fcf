"""Adopts stray and untracked sessions: the verb adopt."""

from __future__ import annotations

import argparse
from typing import Any

from tui.cli.json_fields import result_json
from tui.cli.lookup import look, say_unreadable
from tui.cli.output import say
from tui.cli.results import put_each
from tui.core.errors import UsageError
from tui.core.models.catalog import Catalog
from tui.operations.catalog.session_lookup import find_session
from tui.operations.context import Context
from tui.operations.sessions.adopt import adopt as adopt_session
from tui.operations.sessions.adopt import adoptable


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
