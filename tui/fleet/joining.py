"""How a host joins the fleet, and how it leaves it again; the root itself stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tui.core.errors import Reason, Refused
from tui.core.text.sizes import size_text
from tui.core.values import dataclass
from tui.fleet.dsn import fleet_of
from tui.fleet.member.carrier import Carrier
from tui.fleet.member.publisher import Publisher
from tui.fleet.presence import open_store, report
from tui.fleet.store import hosts
from tui.operations.catalog.scanner import CatalogScanner, listing_paths
from tui.operations.context import Context
from tui.operations.formatting import count
from tui.storage.state.elsewhere import read_elsewhere

_ALL_S = 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """What a join did: tables brought up to date, sessions told of, bytes shipped."""

    host: str
    migrations: int
    sessions: int
    bytes: int

    @property
    def words(self) -> str:
        """Say it."""
        made = f"{count(self.migrations, 'migration')} run, " if self.migrations else ""
        return (
            f"{self.host} is in the fleet: {made}{count(self.sessions, 'session')} told of, "
            f"{size_text(self.bytes)} shipped; `session-console member` keeps it up to date"
        )


def join(context: Context, told: Callable[[str], None]) -> Joined:
    """Bring the tables up to date, tell of this host and its sessions, and ship their files.

    Not a byte below the root changes. It can be repeated: what is there already is compared.
    Raises `FleetAway`, and `Refused` for tables of a later version, a role without the rights, or
    a name that another host has.
    """
    context.require_writable()
    host = fleet_of(context.settings).host
    with open_store(context) as store:
        migrations = store.migrate()
        report(context, store, is_joining=True)
        catalog = CatalogScanner(context).look()
        publisher, carrier = Publisher(store, host), Carrier(store)
        publisher.publish(catalog)
        told(f"{count(len(publisher.homes), 'session')} told of; shipping their files")
        shipped = carrier.ship(catalog.sessions, publisher.homes, within_s=_ALL_S)
        report(context, store, behind_bytes=shipped.behind, is_joining=True)
    return Joined(
        host=host, migrations=migrations, sessions=len(publisher.homes), bytes=shipped.bytes
    )


def leave(context: Context) -> str:
    """Take this host and its sessions out of the fleet; its own files stay as they are.

    Raises `Refused` while sessions of this root live on other hosts: nobody could bring them back.
    """
    context.require_writable()
    host = fleet_of(context.settings).host
    if went := [name for path in listing_paths(context.root) for name in _went(path)]:
        raise Refused(
            f"{count(len(went), 'session')} of this root went to other hosts, such as "
            f"{went[0][:8]}: bring them back first",
            remedy=f"move {went[0][:8]} {host}",
        )
    with open_store(context) as store:
        store.check()
        with store.transaction() as tx:
            left = hosts.leave(tx, host)
    return (
        f"{host} has left the fleet with {count(left, 'session')}; nothing changed below its root"
    )


def _went(listing_path: Path) -> tuple[str, ...]:
    try:
        return tuple(read_elsewhere(listing_path))
    except OSError as error:
        said = f"cannot tell which sessions of {listing_path.name} went to other hosts"
        raise Refused(f"{said}: {error.strerror or error}", Reason.UNREAD) from error
