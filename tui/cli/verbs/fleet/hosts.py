"""The verb that lists the fleet's hosts: hosts."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from tui.cli.output import put_json, say
from tui.cli.tables import put_fitted
from tui.core.text.safe_text import one_line
from tui.core.text.sizes import size_text
from tui.core.values import asdict
from tui.fleet.dsn import fleet_of
from tui.fleet.presence import status
from tui.fleet.store.hosts import Host
from tui.operations.context import Context
from tui.operations.formatting import count, span

_HEAD = ("HOST", "STATE", "SESSIONS", "RUNS", "BEHIND", "VERSION", "ROOT")
_SHRINK_ORDER = (("ROOT", 0), ("VERSION", 0))


def hosts(context: Context, args: argparse.Namespace) -> int:
    """List the fleet's hosts."""
    own, found = fleet_of(context.settings).host, status(context).hosts
    if args.json:
        put_json([host_json(one) | {"is_own": one.host == own} for one in found])
        return 0
    if found:
        put_fitted(_HEAD, [_row(one, own) for one in found], _SHRINK_ORDER)
    for words in _remarks(own, found):
        say(words)
    return 0


def _remarks(own: str, found: Sequence[Host]) -> Iterator[str]:
    """Yield what the table alone leaves unclear, and what to do about it."""
    if own not in {one.host for one in found}:
        yield f"this host, {own}, is not in the fleet yet: `fleet join`"
    if ahead := [one_line(one.host) for one in found if _is_ahead(one)]:
        yield (
            f"{', '.join(ahead)}: the last report is later than the database's clock, which was "
            "set back; wait for the next, or see whether `session-console member` runs there"
        )
    if silent := [one_line(one.host) for one in found if one.is_silent and not _is_ahead(one)]:
        yield (
            f"{', '.join(silent)}: no report for longer than the lease; see whether "
            "`session-console member` runs there"
        )
    yield from (f"{one_line(one.host)}: {kept_words(one)}" for one in found if one.kept)


def kept_words(host: Host) -> str:
    """Say of how many sessions a host has less than the fleet."""
    words = f"the fleet has more of {count(host.kept, 'session')} than its root has"
    return f"{words}, and keeps that: `doctor` there says what to do"


def _row(host: Host, own: str) -> tuple[str, ...]:
    return (
        f"{one_line(host.host)}{' (this one)' if host.host == own else ''}",
        _state(host),
        str(host.sessions),
        f"{host.runs} of {host.max_runs}" if host.max_runs else str(host.runs),
        size_text(host.behind_bytes) if host.behind_bytes else "-",
        one_line(host.version),
        one_line(host.root),
    )


def _is_ahead(host: Host) -> bool:
    """Whether the database's clock was set back since a host reported last."""
    return host.is_silent and host.silent_s < host.lease_s


def _state(host: Host) -> str:
    if _is_ahead(host):
        return "silent, clock set back"
    return f"silent {span(timedelta(seconds=host.silent_s))}" if host.is_silent else "reports"


def host_words(host: Host) -> str:
    """Say how a host stands."""
    how = f"is {_state(host)}" if host.is_silent else "reports to the fleet"
    behind = f", {size_text(host.behind_bytes)} not shipped yet" if host.behind_bytes else ""
    runs = f"{count(host.runs, 'run')} at work that others asked for"
    return f"{how}: {count(host.sessions, 'session')}, {runs}{behind}"


def host_json(host: Host) -> dict[str, Any]:
    """Return a host under the names that scripts rely on."""
    return asdict(host)
