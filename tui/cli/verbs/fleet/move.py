"""The verb that gives a session another home: move."""

from __future__ import annotations

import argparse

from tui.cli.output import put, put_json
from tui.fleet import moves
from tui.operations.context import Context


def move(context: Context, args: argparse.Namespace) -> int:
    """Move a session to another host of the fleet."""
    words = moves.move(context, args.id, args.host, takes_over=args.take_over)
    put_json({"words": words, "host": args.host}) if args.json else put(words)
    return 0
