"""The verb for monitoring: check."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from datetime import timedelta

from tui.cli.declarations.table import BY_NAME
from tui.cli.json_fields import alert_json
from tui.cli.lookup import look
from tui.cli.output import put_json, say
from tui.cli.tables import put_table
from tui.core.errors import UsageError
from tui.core.models.catalog import Catalog
from tui.core.models.line_target import LineTarget
from tui.core.time.expiry import parse_duration
from tui.operations.context import Context
from tui.operations.monitor.alerts import Alert, LastingAlerts, needs, notify
from tui.operations.monitor.needs import needs_of_trash

_PAUSE_S = 3.0


def check(context: Context, args: argparse.Namespace) -> int:
    """Print what needs attention; 1 when something is at error level."""
    catalog, found = _alerts(context, parse_duration(args.ends))
    if args.notify:
        _notify(context, catalog, found)
    if args.json:
        put_json([alert_json(one) for one in found])
    elif found:
        rows, targets = map(_alert_row, found), [_target(one) for one in found]
        put_table(("LEVEL", "WHAT", "SESSION", "DETAILS"), rows, targets)
    else:
        say("all clear")
    return int(any(one.level == "error" for one in found))


def _alerts(context: Context, within: timedelta) -> tuple[Catalog, tuple[Alert, ...]]:
    """Return what needs attention; checks again after 3 s where it may be momentary."""
    lasting = LastingAlerts()

    def listed() -> tuple[Catalog, tuple[Alert, ...]]:
        catalog = look(context)
        found = needs(catalog, context.clock(), context.settings.quiet_after, within)
        return catalog, (*needs_of_trash(catalog), *found)

    catalog, found = listed()
    if len(lasting.of(found)) < len(found):
        time.sleep(_PAUSE_S)
        catalog, found = listed()
        found = lasting.of(found)
    return catalog, found


def _notify(context: Context, catalog: Catalog, found: Sequence[Alert]) -> None:
    if not context.settings.notify_command:
        raise UsageError("--notify needs notify_command in the settings")
    context.require_unrestricted("it runs no notify_command")
    if trouble := notify(context, catalog, found):
        say(f"warning: {trouble}")


def _target(need: Alert) -> LineTarget | None:
    """Return where an alert leads: a verb that acts, else its session, its listing or the verb."""
    acts = bool(need.command) and BY_NAME[need.command[0]].acts
    command = need.command if acts or not need.listing else ()
    if not (command or need.listing):
        return None
    return LineTarget(listing=need.listing, session_id=need.session_id, command=command)


def _alert_row(need: Alert) -> tuple[str, ...]:
    session = f"/{need.session_id[:8]}" if need.session_id else ""
    return need.level, need.what, f"{need.listing}{session}", need.words
