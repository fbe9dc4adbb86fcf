"""The verb that writes the hand-over: report."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from tui.cli.hangup import ending_with_reader
from tui.cli.json_fields import hand_over_json
from tui.cli.lookup import look
from tui.cli.output import json_text, put, say
from tui.cli.written_file import require_may_write, write_whole
from tui.core.models.line_target import LineTarget
from tui.core.time.expiry import parse_duration
from tui.core.time.since import parse_since
from tui.core.time.zones import LOCAL
from tui.operations.catalog.session_lookup import find_listing
from tui.operations.context import Context
from tui.operations.monitor.hand_over import HandOver, hand_over


def report(context: Context, args: argparse.Namespace) -> int:
    """Write what the next operator must know; 1 when not everything could be read."""
    since = parse_since(args.since, context.clock(), LOCAL)
    within = parse_duration(args.ends)
    if args.output is not None:
        require_may_write(context, args.output, "without -o the report is printed")
    catalog = look(context, args.listing or "", tell=lambda _: None)
    listing = find_listing(catalog, args.listing).listing_id if args.listing else ""
    found = hand_over(context, catalog, since, within, listing)
    text, targets = _text(context, found, as_json=args.json)
    if args.output is None:
        with ending_with_reader():
            for line, target in zip(text.split("\n"), targets, strict=True):
                put(line, target)
    else:
        size = write_whole(args.output, f"{text}\n")
        say(f"{args.output}: {size} bytes")
    for words in found.unread:
        say(words)
    return int(bool(found.unread))


def _text(
    context: Context, found: HandOver, *, as_json: bool
) -> tuple[str, Sequence[LineTarget | None]]:
    """Return the report, and where each of its lines leads."""
    if as_json:
        return json_text(hand_over_json(found, context.shell_line)), (None,)
    from tui.cli.hand_over_markdown import CommandLines, hand_over_markdown

    name, commands = context.root.absolute().name, CommandLines(context.shell_line, found.sessions)
    text = "\n\n".join(hand_over_markdown(found, name, commands))
    return text, commands.targets(text.split("\n"))
