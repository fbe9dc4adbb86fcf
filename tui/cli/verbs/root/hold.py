"""The verb that pauses a root: hold."""

from __future__ import annotations

import argparse

from tui.cli.json_fields import iso
from tui.cli.output import put, put_json
from tui.operations.context import Context
from tui.operations.running.hold import hold_words, set_hold
from tui.storage.state.hold import read_hold


def hold(context: Context, args: argparse.Namespace) -> int:
    """Pause new runs and clean-up in this root, or allow them again; 1 when it is unreadable."""
    said = ""
    if args.switch is not None:
        said = set_hold(context, args.switch == "on", args.reason).words
    held = read_hold(context.root)
    if args.json:
        by = {"by": held.by, "at": iso(held.at), "reason": held.reason} if held else {}
        put_json({"held": held is not None} | by | ({"words": said} if said else {}))
    else:
        put(said or (hold_words(held) if held else "nothing is on hold"))
    return int(held is not None and held.is_unreadable)
