"""The verb that lists the fleet's hosts: hosts."""

from __future__ import annotations

import argparse
from datetime import timedelta
from typing import Any

from tui.cli.output import put, put_json
from tui.cli.tables import put_fitted
from tui.core.text.safe_text import one_line
from tui.core.text.sizes import size_text
from tui.core.values import asdict
from tui.fleet.presence import status
from tui.fleet.store.hosts import Host
from tui.operations.context import Context
from tui.operations.formatting import count, span

_HEAD = ("HOST", "STATE", "SESSIONS", "RUNS", "BEHIND", "VERSION", "ROOT")
_SHRINK_ORDER = (("ROOT", 0), ("VERSION", 0))


def hosts(context: Context, args: argparse.Namespace) -> int:
    """List the fleet's hosts."""
    found = status(context).hosts
    if args.json:
        put_json([host_json(one) for one in found])
    elif found:
        put_fitted(_HEAD, [_row(one) for one in found], _SHRINK_ORDER)
    else:
        put("no host has joined yet")
    return 0


def _row(host: Host) -> tuple[str, ...]:
    return (
        one_line(host.host),
        _state(host),
        str(host.sessions),
        f"{host.runs} of {host.max_runs or 'any'}",
        size_text(host.behind_bytes),
        one_line(host.version),
        one_line(host.root),
    )


def _state(host: Host) -> str:
    return f"silent {span(timedelta(seconds=host.silent_s))}" if host.is_silent else "there"


def host_words(host: Host) -> str:
    """Say how a host stands."""
    behind = f", {size_text(host.behind_bytes)} behind" if host.behind_bytes else ""
    runs = f"{count(host.runs, 'run')} from elsewhere"
    return f"{_state(host)}, {count(host.sessions, 'session')}, {runs}{behind}"


def host_json(host: Host) -> dict[str, Any]:
    """Return a host under the names that scripts rely on."""
    return asdict(host)
