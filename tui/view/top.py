"""The top line: the root, and what of it matters most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo

from tui.core.attention import Need
from tui.core.errors import UsageError
from tui.core.models import Catalog, Liveness, Session
from tui.core.text import cell_width, one_line
from tui.core.zones import zone_named
from tui.view import words
from tui.view.lines import Cell, Key, Line, clipped

_DAY = timedelta(days=1)


def line(
    catalog: Catalog | None,
    known: Sequence[Cell],
    width: int,
    *,
    trouble: str = "",
    is_read_only: bool = False,
) -> Line:
    """Return the top line; what does not fit is dropped from the right, warnings never.

    `known` are the `facts` of the catalog.
    """
    fixed = [Cell("[RO]", "noticed")] if is_read_only else []
    if trouble:
        fixed.append(Cell(one_line(trouble), "bad"))
    if catalog is None:
        return _joined([Cell("looking...", "muted")], fixed, width)
    if catalog.hold is not None:
        fixed.insert(0, Cell(f"HELD by {one_line(catalog.hold.by)[:24]}", "attention"))
    if catalog.problem:
        fixed.append(Cell(one_line(catalog.problem), "bad"))
    return _joined(known, fixed, width)


def facts(
    catalog: Catalog, now: datetime, needs: Mapping[Key, Need], zone: tzinfo
) -> tuple[Cell, ...]:
    """Return what matters most of a catalog; `needs` says who needs somebody.

    `zone` is the one that the panes tell times in; the tables' own is named when it is another.
    """
    sessions = catalog.sessions
    live = sum(one.liveness in (Liveness.BUSY, Liveness.WAITING) for one in sessions)
    waiting = sum(one.liveness is Liveness.WAITING for one in sessions)
    counts = Counter(needs.values())
    return (
        Cell(one_line(catalog.root.name) or str(catalog.root), "title"),
        _count(live, "live", "good"),
        _count(waiting, "waiting", "attention"),
        _count(counts[Need.QUIET], "quiet", "noticed"),
        _count(sum(_ends_today(one, now) for one in sessions), "<24h", "noticed"),
        _count(counts[Need.FAILED], "failed", "bad"),
        Cell(
            f"{words.size(catalog.free_bytes)} free" if catalog.free_bytes else "",
            "muted",
        ),
        Cell(_zones(catalog, now, zone), "muted"),
        Cell(_spent(catalog), "muted"),
    )


def _count(number: int, word: str, style: str) -> Cell:
    return Cell(f"{number} {word}", style if number else "muted")


def _ends_today(session: Session, now: datetime) -> bool:
    return session.ends_at is not None and timedelta() < session.ends_at - now < _DAY


def _zones(catalog: Catalog, now: datetime, zone: tzinfo) -> str:
    shown = now.astimezone(zone)
    names = {one.zone for one in catalog.listings if one.sessions}
    others = {_zone_word(name, now, shown) for name in names} - {""}
    return (
        f"{shown.tzname()} (tables {'/'.join(sorted(others))})" if others else shown.tzname() or ""
    )


def _zone_word(name: str, now: datetime, shown: datetime) -> str:
    """Return how a table's zone is called; empty when its clocks show the same."""
    try:
        theirs = now.astimezone(zone_named(name))
    except UsageError:
        return one_line(name)
    return "" if theirs.utcoffset() == shown.utcoffset() else theirs.tzname() or name


def _spent(catalog: Catalog) -> str:
    known = [one.cost_usd for one in catalog.sessions if one.cost_usd is not None]
    return f"{words.cost(sum(known))} in all" if known else ""


def _joined(facts: Sequence[Cell], fixed: list[Cell], width: int) -> Line:
    room = width - 1 - sum(cell_width(cell.text) + 2 for cell in fixed)
    line = [Cell(" ")]
    for cell in (cell for cell in facts if cell.text):
        room -= cell_width(cell.text) + 2
        if room < -2:
            break
        line += [cell, Cell("  ")]
    for cell in fixed:
        line += [cell, Cell("  ")]
    return clipped(tuple(line), width)
