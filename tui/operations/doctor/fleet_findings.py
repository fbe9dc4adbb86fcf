"""Findings about the fleet that this host is in: whether it is heard, and who in it is silent."""

from __future__ import annotations

from collections.abc import Iterator

from tui.core.models.catalog import Catalog
from tui.core.text.safe_text import one_line
from tui.operations.catalog.fleet_health import fleet_troubles
from tui.operations.finding import Command, Finding
from tui.operations.formatting import count

_HOSTS: Command = ("hosts",)


def of_fleet(catalog: Catalog) -> Iterator[Finding]:
    """Yield how the fleet stands, also when it is well; nothing without other hosts."""
    troubles = fleet_troubles(catalog)
    for one in troubles:
        command: Command = _HOSTS if one.host in catalog.hosts else ("fleet", "status")
        yield Finding(one.level, one.what, words=one.words, remedy=one.remedy, command=command)
    if catalog.hosts and not troubles:
        named = ", ".join(sorted(map(one_line, catalog.hosts)))
        words = f"the fleet is heard, with {count(len(catalog.hosts), 'other host')}: {named}"
        yield Finding(
            "note", "fleet", words=words, remedy="`hosts` shows each of them", command=_HOSTS
        )
