"""The verb that joins a fleet and leaves it: fleet."""

from __future__ import annotations

import argparse
from typing import Any

from tui.cli.output import put, put_json, say
from tui.cli.tables import put_table
from tui.cli.verbs.fleet.hosts import host_json, host_words, kept_words
from tui.core.errors import ConfirmationRequired
from tui.core.text.safe_text import one_line
from tui.core.time.zones import LOCAL
from tui.core.values import asdict
from tui.fleet import bus, joining
from tui.fleet.dsn import fleet_of
from tui.fleet.presence import acts, status
from tui.fleet.store.grants import grants
from tui.fleet.store.history import Act
from tui.operations.context import Context
from tui.operations.formatting import count


def fleet(context: Context, args: argparse.Namespace) -> int:
    """Join this host to a fleet, leave it, or print how it stands."""
    said: dict[str, Any]
    if args.deed == "grant":
        said = {"words": grants(args.role or fleet_of(context.settings).host)}
        put_json(said) if args.json else put(said["words"])
        return 0
    host = fleet_of(context.settings).host
    if args.deed == "join":
        done = joining.join(context, say, replaces=args.replace)
        said = {"words": done.words, **asdict(done)}
    elif args.deed == "leave":
        if not args.yes:
            raise ConfirmationRequired(
                f"would erase what the fleet has of {host}: nobody elsewhere sees its sessions then"
            )
        said = {"words": joining.leave(context), "host": host}
    elif args.deed == "log":
        return _log(acts(context, args.session), as_json=args.json)
    else:
        return _status(context, host, as_json=args.json)
    put_json(said) if args.json else put(said["words"])
    return 0


def _status(context: Context, host: str, *, as_json: bool) -> int:
    """Print how this host stands; 1 when it is in no fleet, or nobody keeps it up to date."""
    found = status(context)
    own = next((one for one in found.hosts if one.host == host), None)
    if as_json:
        put_json(
            {
                "host": host,
                "schema": found.schema,
                "is_joined": own is not None,
                "own": host_json(own) if own else None,
                "hosts": [host_json(one) for one in found.hosts],
            }
        )
    elif own is None:
        others = f", which has {count(len(found.hosts), 'host')}" if found.hosts else ""
        put(f"this host, {host}, is not in the fleet yet{others}: `fleet join`")
    else:
        put(f"this host, {host}, {host_words(own)}")
        if own.is_silent:
            put("the others see nothing that changes here: `session-console member` must run")
        put(f"the tables are at version {found.schema}, which is this program's")
        for one in found.hosts:
            if one.host != host:
                put(f"the host {one_line(one.host)} {host_words(one)}")
            if one.kept:
                put(f"{one_line(one.host)}: {kept_words(one)}")
            if one.version != own.version:
                put(
                    f"{one_line(one.host)} runs session-console {one_line(one.version)}, "
                    f"this host {own.version}"
                )
    return 0 if own is not None and not own.is_silent else 1


def _log(found: tuple[Act, ...], *, as_json: bool) -> int:
    """Print who asked what of which session, and what became of it, newest last."""
    if as_json:
        put_json([_act_json(one) for one in found])
    elif found:
        heads = ("AT", "WHO", "ROLE", "FROM", "ASKED", "SESSION", "ON", "OUTCOME")
        put_table(heads, map(_line, found))
        zone = f"{found[-1].at.astimezone(LOCAL):%Z}"
        say(f"AT is in {zone}; ROLE is proven by the database, WHO and FROM are what that claims")
    else:
        put("nothing was asked of another host lately")
    return 0


def _line(act: Act) -> tuple[str, ...]:
    return (
        f"{act.at.astimezone(LOCAL):%Y-%m-%d %H:%M:%S}",
        one_line(act.by_whom) or "-",
        one_line(act.by_role) or "-",
        one_line(act.from_host) or "-",
        _asked(act),
        one_line("/".join(act.key)),
        one_line(act.on_host) or "-",
        _outcome(act),
    )


def _asked(act: Act) -> str:
    return one_line(act.kind.rpartition("/")[2])[:40]


def _outcome(act: Act) -> str:
    """Say what became of an act, on one line."""
    if act.state:
        return f"{act.state}: {one_line(act.outcome)}"[:200] if act.outcome else act.state
    if not act.outcome:
        return "not known yet"
    try:
        said = bus.decode_outcome(act.outcome)
    except bus.BadCommand:
        return "not understood"
    return f"{'done' if said.is_done else 'not done'}: {one_line(said.words)}"[:200]


def _act_json(act: Act) -> dict[str, Any]:
    """Return an act under the names that scripts rely on."""
    return {
        "at": act.at.isoformat(),
        "by_whom": act.by_whom,
        "by_role": act.by_role,
        "from_host": act.from_host,
        "asked": _asked(act),
        "listing": act.key[0],
        "session_id": act.key[1],
        "on_host": act.on_host,
        "outcome": _outcome(act),
    }
