"""The verbs that correct a row: fail, activate, reapply, undo."""

from __future__ import annotations

import argparse
from typing import Any

from tui.cli.output import iso, put, put_json, say
from tui.cli.targets import session_named
from tui.core.errors import Refused
from tui.core.time.zones import read_time, zone_named
from tui.operations.context import ActionResult, Context
from tui.operations.sessions import row_edits
from tui.operations.trash.undo import undo_last


def fail(context: Context, args: argparse.Namespace) -> int:
    """Mark a session failed."""
    return _put(args, row_edits.fail(context, session_named(context, args.id), args.reason))


def activate(context: Context, args: argparse.Namespace) -> int:
    """Make a failed or expired session active again."""
    return _put(args, row_edits.activate(context, session_named(context, args.id)))


def reapply(context: Context, args: argparse.Namespace) -> int:
    """Put back what the pipeline overwrote."""
    return _put(args, row_edits.reapply(context, session_named(context, args.id)))


def undo(context: Context, args: argparse.Namespace) -> int:
    """Take back my last batch; 4 when a part of it had to be left as it is."""
    told: list[str] = []
    acts = undo_last(context, told.append)
    left = [act for act in acts if act.is_needless]
    if args.json:
        put_json([_facts(act) | {"undone": not act.is_needless} for act in acts])
    else:
        for act in acts:
            (say if act.is_needless else put)(act.words)
        for words in told:
            say(words)
    return Refused.exit_code if left else 0


def _put(args: argparse.Namespace, act: ActionResult) -> int:
    if args.json:
        put_json(_facts(act) | _stored(act))
    else:
        put(act.words)
    return 0


def _facts(act: ActionResult) -> dict[str, Any]:
    return {"session_id": act.session_id, "listing": act.listing, "words": act.words}


def _stored(act: ActionResult) -> dict[str, Any]:
    after = act.after
    until = read_time(after.expires_at, zone_named(act.zone)) if after else None
    return {"status": after.status if after else None, "expires_at": iso(until)}
