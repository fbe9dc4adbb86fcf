"""What of the other hosts of a fleet is not known now, for all that counts or lists."""

from __future__ import annotations

from collections.abc import Iterator

from tui.core.models.catalog import Catalog, Listing
from tui.core.text.safe_text import one_line
from tui.core.values import dataclass
from tui.operations.finding import Level
from tui.operations.formatting import count

UNHEARD = "fleet_unheard"


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetTrouble:
    """What is wrong with a fleet, or with one `host` of it; `what` is a word for scripts.

    `is_unread`: something may be there that is not known, or not be any more.
    """

    level: Level
    what: str
    words: str
    remedy: str
    host: str = ""
    is_unread: bool = False


def fleet_troubles(catalog: Catalog) -> tuple[FleetTrouble, ...]:
    """Return what is wrong with the fleet; while its database is away, nothing else is known."""
    if catalog.unheard:
        return (
            FleetTrouble(
                level="error",
                what=UNHEARD,
                words=f"what other hosts have is not known: {one_line(catalog.unheard)}",
                remedy="`fleet status` tries it again; `help fleet` says what goes on meanwhile",
                is_unread=True,
            ),
        )
    return (*_kept(catalog), *_silent(catalog), *_behind(catalog))


def fleet_unread(catalog: Catalog) -> tuple[str, ...]:
    """Return in words why there may be more on other hosts than is known; empty if not so."""
    return tuple(one.words for one in fleet_troubles(catalog) if one.is_unread)


def is_unsure(catalog: Catalog, listing: Listing) -> bool:
    """Whether a listing may have more, or less, on other hosts than is known."""
    if catalog.unheard:
        return True
    return any(one.host in catalog.silent for one in listing.sessions if one.host)


def _silent(catalog: Catalog) -> Iterator[FleetTrouble]:
    for host in sorted(catalog.silent):
        name = one_line(host)
        if (word := catalog.hosts.get(host)) is None:
            yield FleetTrouble(
                level="warning",
                what="not_reporting",
                words=f"this host, {name}, does not report to the fleet: the others see nothing "
                "that changes here, and cannot act on it",
                remedy="`fleet status` says why; `session-console member` must run",
                host=host,
            )
            continue
        yield FleetTrouble(
            level="error",
            what="host_silent",
            words=f"the host {name} is {word}: what it has is shown as it last told of it",
            remedy="see to it and to its `session-console member`; if it is dead for good, "
            "`move ID HOST --take-over` takes its sessions, one by one",
            host=host,
            is_unread=True,
        )


def _kept(catalog: Catalog) -> Iterator[FleetTrouble]:
    if catalog.kept:
        yield FleetTrouble(
            level="error",
            what="older_than_fleet",
            words=f"the fleet has more of {count(len(catalog.kept), 'session')} of this host than "
            f"its root, such as {one_line(catalog.kept[0][1])[:8]}: that may have been restored "
            "from a backup, and nothing more of them is shipped",
            remedy="if this root is right, `fleet join --replace` cuts what the fleet has; else "
            "give this host another name in [fleet], and move those sessions to it",
        )


def _behind(catalog: Catalog) -> Iterator[FleetTrouble]:
    for host, word in sorted(catalog.hosts.items()):
        if word and host not in catalog.silent:
            yield FleetTrouble(
                level="note",
                what="host_behind",
                words=f"not all that the host {one_line(host)} has is shown: {word}",
                remedy="`hosts` shows whether it catches up",
                host=host,
            )
