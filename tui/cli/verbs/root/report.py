"""The verb that writes the hand-over: report."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui.cli.hangup import ending_with_reader
from tui.cli.lookup import look
from tui.cli.output import is_captured, json_text, put, put_markdown, say
from tui.cli.written_file import require_may_write, write_whole
from tui.core.time.expiry import parse_duration
from tui.core.time.since import parse_since
from tui.core.time.zones import LOCAL
from tui.operations.catalog.session_lookup import find_listing
from tui.operations.context import Context
from tui.operations.monitor.hand_over import HandOver, hand_over

if TYPE_CHECKING:  # JSON needs none of it
    from tui.cli.hand_over.rows import Row


def report(context: Context, args: argparse.Namespace) -> int:
    """Write what the next operator must know; 1 when not everything could be read."""
    since = parse_since(args.since, context.clock(), LOCAL)
    within = parse_duration(args.ends)
    if args.output is not None:
        require_may_write(context, args.output, "without -o the report is printed")
    catalog = look(context, args.listing or "", tell=lambda _: None)
    listing = find_listing(catalog, args.listing).listing_id if args.listing else ""
    found = hand_over(context, catalog, since, within, listing)
    if args.output is None:
        with ending_with_reader():
            _print(context, found, args)
    else:
        size = write_whole(args.output, f"{_text(context, found, args)}\n")
        say(f"{args.output}: {size} bytes")
    if args.output is not None or args.json or not is_captured():
        for words in found.unread:
            say(words)
    return int(bool(found.unread))


def _print(context: Context, found: HandOver, args: argparse.Namespace) -> None:
    if args.json:
        put(_text(context, found, args))
    else:
        put_markdown(_rows(context, found, for_page=is_captured(), has_all=args.all))


def _text(context: Context, found: HandOver, args: argparse.Namespace) -> str:
    if args.json:
        from tui.cli.hand_over.fields import hand_over_json

        return json_text(hand_over_json(found, context.shell_line))
    rows = _rows(context, found, for_page=False, has_all=args.all)
    return "\n".join(row.text for row in rows)


def _rows(context: Context, found: HandOver, *, for_page: bool, has_all: bool) -> Sequence[Row]:
    """Return the report; on a page of the console its commands are those of the `:` line."""
    from tui.cli.hand_over.document import hand_over_rows
    from tui.cli.hand_over.rows import CommandLines

    name = context.root.absolute().name
    shell = None if for_page else context.shell_line
    commands = CommandLines(found.sessions, shell, found.unread_listings)
    return tuple(hand_over_rows(found, name, commands, has_all=has_all))
