"""How to reach the database of this host's fleet, and how that stands."""

from __future__ import annotations

from functools import partial

from tui.core.values import dataclass
from tui.fleet.dsn import fleet_of, read_dsn
from tui.fleet.store import history, hosts
from tui.fleet.store.connection import Store
from tui.operations.context import Context


def open_store(context: Context) -> Store:
    """Return the connection to the fleet's database; raises `Refused` without a fleet."""
    fleet = fleet_of(context.settings)
    return Store(
        partial(read_dsn, fleet.dsn_file),
        application=f"session-console {fleet.host}",
        host=fleet.host,
    )


def acts(context: Context, session_id: str = "") -> tuple[history.Act, ...]:
    """Return what was asked across hosts, oldest first; raises as `status`."""
    with open_store(context) as store:
        store.check()
        with store.transaction() as tx:
            return history.acts(tx, session_id)


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
