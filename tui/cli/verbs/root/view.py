"""The verb for named views: view."""

from __future__ import annotations

import argparse

from tui.cli.output import put, put_array, say
from tui.cli.tables import put_table
from tui.core.console.column_table import parse_columns
from tui.core.console.named_view import SAVE, VERBS, NamedView, found
from tui.core.errors import UsageError
from tui.core.sessions.session_order import ATTENTION, is_descending, order_words, parse_order
from tui.operations.context import Context
from tui.operations.named_views import delete_view, save_view, views_and_problem


def view(context: Context, args: argparse.Namespace) -> int:
    """List the named views, or save or delete one; 1 when not all could be read."""
    if args.view in VERBS:
        if not args.name:
            raise UsageError(f"`view {args.view}` needs a name: view {args.view} NAME")
        if args.view == SAVE:
            put(save_view(context, _wanted(args), is_shared=args.shared))
        else:
            put(delete_view(context, args.name, is_shared=args.shared))
        return 0
    if args.name:
        raise UsageError(f"{args.view!r} is not something to do: save or delete")
    views, problem = views_and_problem(context)
    shown = (found(views, args.view, problem),) if args.view else views
    if problem:
        say(problem)
    if args.json:
        put_array(map(_json, shown))
    else:
        put_table(("VIEW", "FROM", "LISTING", "SORT", "FILTER"), map(_line, shown))
    return int(bool(problem))


def _wanted(args: argparse.Namespace) -> NamedView:
    sort, is_reversed = parse_order(args.sort.split(":")) if args.sort else (ATTENTION, False)
    return NamedView(
        name=args.name,
        listing=args.listing,
        filter=args.filter,
        sort=sort,
        is_reversed=is_reversed,
        columns=parse_columns(args.columns.split(",")) if args.columns else (),
    )


def _line(one: NamedView) -> tuple[str, ...]:
    sort = order_words(one.sort, one.is_reversed)
    return (one.name, one.origin_words, one.listing or "-", sort, one.filter or "-")


def _json(one: NamedView) -> dict[str, object]:
    return {
        "name": one.name,
        "from": str(one.origin),
        "shared_by": one.by or None,
        "is_hidden": one.is_hidden,
        "listing": one.listing or None,
        "filter": one.filter,
        "sort": one.sort,
        "is_descending": is_descending(one.sort, one.is_reversed),
        "columns": list(one.columns),
    }
