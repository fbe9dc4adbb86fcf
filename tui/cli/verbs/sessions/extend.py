"""Extends the expiry of sessions: the verb extend."""

from __future__ import annotations

import argparse
from typing import Any

from tui.cli.declarations.table import BY_NAME
from tui.cli.json_fields import iso, result_json
from tui.cli.lookup import session_named, sessions_named
from tui.cli.results import put_each
from tui.operations.context import Context
from tui.operations.sessions.extend import Extension, plan_extension
from tui.operations.sessions.extend import extend as extend_session


def extend(context: Context, args: argparse.Namespace) -> int:
    """Extend the expiry of sessions."""
    context = context.at_one_moment()
    named = sessions_named(context, BY_NAME["extend"], args.ids, is_sure=args.yes)

    def one(words: str) -> dict[str, Any]:
        session = named[words] or session_named(context, words)
        planned = plan_extension(session, args.until, context.clock())
        act = extend_session(context, planned)
        return result_json(act) | {
            "words": f"{act.words}  {_span(context, planned)}",
            "was": iso(planned.was),
            "expires_at": iso(planned.was if planned.is_needless else planned.until),
        }

    return put_each(named, one, as_json=args.json)


def _span(context: Context, planned: Extension) -> str:
    from tui.view.text.formatting import countdown

    now = context.clock()
    after = planned.was if planned.is_needless else planned.until
    swept = " (the CLI's sweep)" if planned.session.is_swept_first else ""
    return f"{countdown(planned.ends_at, now)}{swept} -> {countdown(after, now)}"
