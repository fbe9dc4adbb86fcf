"""How a host joins the fleet, and how it leaves it again; the root itself stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tui.core.errors import Reason, Refused
from tui.core.text.safe_text import one_line
from tui.core.text.sizes import size_text
from tui.core.values import dataclass
from tui.fleet.dsn import fleet_of
from tui.fleet.member.carrier import REPLACE, Carrier
from tui.fleet.member.publisher import Publisher
from tui.fleet.presence import open_store
from tui.fleet.speaker import Speaker
from tui.fleet.store import erasures, files, hosts, sessions
from tui.fleet.store.connection import Store, Transaction
from tui.fleet.store.sessions import Key
from tui.operations.catalog.scanner import CatalogScanner, listing_paths
from tui.operations.context import Context
from tui.operations.formatting import count
from tui.storage.state.elsewhere import read_elsewhere

_ALL_S = 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """What a join did: tables brought up to date, sessions told of, bytes shipped.

    Of the `kept` sessions the fleet has more than this root.
    """

    host: str
    migrations: int
    sessions: int
    bytes: int
    kept: int = 0

    @property
    def words(self) -> str:
        """Say it."""
        made = f"{count(self.migrations, 'migration')} run, " if self.migrations else ""
        kept = (
            f"; the fleet has more of {count(self.kept, 'session')} than this root, which may have "
            f"been restored from a backup: if it is right, `{REPLACE}` cuts them"
        )
        return (
            f"{self.host} is in the fleet: {made}{count(self.sessions, 'session')} told of, "
            f"{size_text(self.bytes)} shipped; `session-console member` keeps it up to date"
            f"{kept if self.kept else ''}"
        )


def join(context: Context, told: Callable[[str], None], *, replaces: bool = False) -> Joined:
    """Bring the tables up to date, tell of this host and its sessions, and ship their files.

    Not a byte of a listing changes. It can be repeated: what is there already is compared. With
    `replaces` this root takes the name of one that is gone for good, and is right where the fleet
    has newer bytes. Raises `FleetAway`, and
    `Refused` for tables of a later version, a role without the rights, or the name of another root.
    """
    context.require_writable()
    host = fleet_of(context.settings).host
    with open_store(context) as store:
        migrations = store.migrate()
        speaker = Speaker(context, store)
        speaker.join(replaces=replaces)
        speaker.report()
        catalog = CatalogScanner(context).look()
        publisher, carrier = Publisher(store, host), Carrier(store, is_right=replaces)
        publisher.publish(catalog)
        told(f"{count(len(publisher.homes), 'session')} told of; shipping their files")
        shipped = carrier.ship(catalog.sessions, publisher.homes, within_s=_ALL_S)
        if replaces:
            with store.transaction() as tx:
                files.keep_no_more(tx, host)
        speaker.report(shipped.behind)
    return Joined(
        host=host,
        migrations=migrations,
        sessions=len(publisher.homes),
        bytes=shipped.bytes,
        kept=len(shipped.kept),
    )


def leave(context: Context) -> str:
    """Take this host and its sessions out of the fleet; its own files stay as they are.

    It can be repeated, and then erases what is left of an interrupted one. Raises `Refused` while
    sessions of this root live on other hosts, which nobody could bring back, while some that were
    given to this host are in the database alone, and when another root has its name.
    """
    context.require_writable()
    host, left = fleet_of(context.settings).host, 0
    noted = [one for path in listing_paths(context.root) for one in _noted(path)]
    with open_store(context) as store:
        store.check()
        speaker = Speaker(context, store)
        with store.transaction() as tx:
            speaker.require_own(tx)
            hosts.leave(tx, host)
            _require_whole(tx, host, noted)
        while buried := _done(store, lambda tx: erasures.bury_some(tx, host)):
            left += buried
        while _done(store, erasures.erase_some):
            pass
    return (
        f"{host} has left the fleet with {count(left, 'session')}; nothing changed below its root"
    )


def _done(store: Store, some: Callable[[Transaction], int]) -> int:
    with store.transaction() as tx:
        return some(tx)


def _require_whole(tx: Transaction, host: str, noted: Sequence[Key]) -> None:
    if went := sessions.went(tx, host, noted):
        short = went[0][1][:8]
        raise Refused(
            f"{count(len(went), 'session')} of this root went to other hosts, such as {short}: "
            "bring them back first",
            remedy=f"move {short} {host}",
        )
    if coming := [key for key, one in sessions.homes(tx, host).items() if one.is_coming]:
        raise Refused(
            f"what was given to {host} is in the database alone as yet: "
            f"{count(len(coming), 'session')}, such as {coming[0][1][:8]}; let its member run "
            "until it has fetched that",
            remedy="member",
        )


def _noted(listing_path: Path) -> Iterator[Key]:
    try:
        for session_id in read_elsewhere(listing_path):
            yield one_line(listing_path.name), session_id
    except OSError as error:
        said = f"cannot tell which sessions of {listing_path.name} went to other hosts"
        raise Refused(f"{said}: {error.strerror or error}", Reason.UNREAD) from error
