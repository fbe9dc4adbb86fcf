"""The verb that undoes the last action: undo."""

from __future__ import annotations

import argparse

from tui.cli.json_fields import result_json
from tui.cli.output import put, put_json, say
from tui.core.errors import Refused
from tui.operations.context import Context
from tui.operations.trash.undo import undo_last


def undo(context: Context, args: argparse.Namespace) -> int:
    """Undo my last action; 4 when a part of it could not be undone."""
    notices: list[str] = []
    acts = undo_last(context, notices.append)
    if args.json:
        put_json([result_json(act) | {"undone": not act.is_needless} for act in acts])
    else:
        for act in acts:
            (say if act.is_needless else put)(act.words)
        for notice in notices:
            say(notice)
    return Refused.exit_code if any(act.is_needless for act in acts) else 0
