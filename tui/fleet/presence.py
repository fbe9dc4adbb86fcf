"""This host in the fleet: how to reach its database, and the report that it is there."""

from __future__ import annotations

from functools import partial

from tui import __version__
from tui.core.errors import Refused
from tui.core.values import dataclass
from tui.fleet.dsn import fleet_of, read_dsn
from tui.fleet.store import hosts, sessions
from tui.fleet.store.connection import Store
from tui.operations.context import Context


def open_store(context: Context) -> Store:
    """Return the connection to the fleet's database; raises `Refused` without a fleet."""
    fleet = fleet_of(context.settings)
    return Store(partial(read_dsn, fleet.dsn_file), application=f"session-console {fleet.host}")


def report(
    context: Context, store: Store, *, behind_bytes: int = 0, is_joining: bool = False
) -> None:
    """Report that this host is there.

    Raises `FleetAway`, and `Refused` for another's name, and for a host that has left the fleet
    unless it `is_joining` it.
    """
    fleet, root = fleet_of(context.settings), str(context.root.absolute())
    with store.transaction() as tx:
        if hosts.is_another_root(tx, fleet.host, root):
            raise Refused(
                f"a host called {fleet.host} with another root is in the fleet: give this one "
                "another name in [fleet], or let that one leave"
            )
        if not is_joining and hosts.has_left(tx, fleet.host):
            raise Refused(f"{fleet.host} has left the fleet", remedy="fleet join")
        sessions.beat(
            tx,
            fleet.host,
            root,
            __version__,
            max_runs=context.settings.max_runs,
            lease_s=fleet.lease.total_seconds(),
            behind_bytes=behind_bytes,
            is_read_only=context.settings.read_only,
        )


@dataclass(frozen=True, slots=True)
class FleetStatus:
    """The version of the fleet's tables, and its hosts."""

    schema: int
    hosts: tuple[hosts.Host, ...]


def status(context: Context) -> FleetStatus:
    """Return how the fleet stands. Raises `FleetAway`, `Refused` for tables of another version."""
    with open_store(context) as store:
        store.check()
        with store.transaction() as tx:
            return FleetStatus(tx.version(), hosts.hosts(tx))
