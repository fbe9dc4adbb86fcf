"""The top line keeps its zone and warnings at every width."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, timedelta, timezone
from typing import Any

import pytest

from tests.support.console import fixed_catalog
from tests.support.console.fixed_catalog import NOW
from tui.core.models.catalog import Catalog, Hold
from tui.core.models.session import Liveness
from tui.core.sessions.attention import Need
from tui.view.panes import top_line
from tui.view.panes.listings import groups
from tui.view.panes.page import help_lines
from tui.view.text import signs

CATALOG = fixed_catalog.catalog()
WORST = replace(CATALOG, hold=Hold("宽" * 40, NOW), problem="the disk of the root is slow " * 9)


def queued(catalog: Catalog, count: int) -> Catalog:
    """Return the catalog with so many more sessions whose runs are queued."""
    first = catalog.listings[0]
    more = tuple(
        replace(first.sessions[0], session_id=f"{n}" * 8, liveness=Liveness.QUEUED, cost_usd=None)
        for n in range(count)
    )
    listing = replace(first, sessions=(*first.sessions, *more))
    return replace(catalog, listings=(listing, *catalog.listings[1:]))


@pytest.mark.parametrize("catalog", [None, CATALOG, WORST], ids=["none", "usual", "worst"])
@pytest.mark.parametrize("trouble", ["", "stale 12s: buyers.db locked by the pipeline " * 9])
def test_that_it_may_only_look_is_said_at_every_width(
    catalog: Catalog | None, trouble: str
) -> None:
    zone = timezone(timedelta(hours=5, minutes=45), "+0545")
    known = top_line.facts(catalog, NOW, {}, zone) if catalog else ()
    for width in range(60, 301):
        line = top_line.line(catalog, known, width, trouble=trouble, is_read_only=True)
        assert "[RO]" in "".join(cell.text for cell in line), width


def shown(catalog: Catalog | None, width: int, *, is_read_only: bool = False) -> str:
    """Return the top line, its zone at the end."""
    needs = {one.key: Need.QUIET for one in catalog.sessions[:2]} if catalog else {}
    known = top_line.facts(catalog, NOW, needs, UTC) if catalog else ()
    first = catalog.listings[0] if catalog else None
    line = top_line.line(catalog, known, width, selected=first, is_read_only=is_read_only)
    return "".join(cell.text for cell in line)


def with_unread(count: int, **facts: Any) -> Catalog:
    """Return the catalog with so many listings that cannot be read."""
    bad = [replace(one, has_rows=False, **facts) for one in CATALOG.listings[:count]]
    return replace(CATALOG, listings=(*bad, *CATALOG.listings[count:]))


NAMES = {"outputs", "anna", "UTC", "gpu-1", *(one.listing_id for one in CATALOG.listings)}
LINES = (
    None,
    CATALOG,
    replace(CATALOG, free_bytes=None),
    replace(CATALOG, free_bytes=1),
    replace(CATALOG, hold=Hold("anna", NOW)),
    with_unread(1),
    with_unread(1, is_stale=True),
    with_unread(3),
    queued(CATALOG, 2),
    replace(CATALOG, listings=tuple(replace(one, zone="Asia/Tokyo") for one in CATALOG.listings)),
    replace(CATALOG, hosts={"gpu-1": "silent 40s"}, silent=frozenset({"gpu-1"})),
)


@pytest.mark.parametrize("catalog", LINES)
def test_every_word_it_can_show_is_in_the_legend(catalog: Catalog | None) -> None:
    """Fails for a word that is written here and not in the table of signs."""
    legend = " ".join("".join(cell.text for cell in line) for line in help_lines((), (), (), 80))
    _, _, told = legend.partition("Top line")
    told, _, _ = told.partition("Signs")
    known = {word for one in signs.TOP_LINE for word in one.sign.split()}
    assert {word for word in known if word not in told.split()} == set()
    for width in range(60, 301):
        text = shown(catalog, width, is_read_only=width % 2 == 0)
        words = text.replace("(", " ").replace(")", " ").replace(": ", " ").split()
        odd = {word for word in words if not NUMBER.fullmatch(word)} - known - NAMES
        assert {word for word in odd if not is_zone(word)} == set(), width


NUMBER = re.compile(r"\$?[0-9.]+[BKMGT]?[+!]?|\?")


def is_zone(word: str) -> bool:
    """Whether it names a zone: the last one has a star for tables that use another."""
    return word in ("JST", f"UTC{signs.ZONES.sign[-1]}")


@pytest.mark.parametrize("width", range(80, 121, 4))
@pytest.mark.parametrize("by", ["", "anna", "tamara.oyelaran"])
@pytest.mark.parametrize("trouble", ["", "stale 12s: buyers.db is locked by the pipeline"])
@pytest.mark.parametrize("unread", [0, 1, 3])
def test_failures_and_what_waits_stay_in_sight_beside_every_warning(
    width: int, by: str, trouble: str, unread: int
) -> None:
    """A selected listing that cannot be read, or a hold, drove `46 failed` out at 80 columns."""
    catalog = replace(with_unread(unread), hold=Hold(by, NOW) if by else None)
    needs = dict.fromkeys((one.key for one in catalog.sessions), Need.FAILED)
    known = top_line.facts(catalog, NOW, needs, UTC)
    first = catalog.listings[0]
    line = top_line.line(catalog, known, width, selected=first, trouble=trouble)
    text = "".join(cell.text for cell in line)
    assert f"{len(needs)}!  " in text
    assert f"  {len(needs)} failed  " in text
    assert ("HELD" in text) == bool(by)
    assert trouble[:20] in text
    assert text.count("unreadable") + text.count("down") >= bool(unread)


@pytest.mark.parametrize("width", [80, 120])
def test_queued_runs_are_counted_apart_from_those_at_work(width: int) -> None:
    before = sum(one.is_at_work for one in CATALOG.sessions)
    assert f"  {before} live  " in shown(CATALOG, width)
    said = shown(queued(CATALOG, 2), width)
    assert f"  {before} live 2 queued  " in said
    assert " free  " in said
    (every, *_) = groups(queued(CATALOG, 2), lambda one: None)
    assert every.live == before


@pytest.mark.parametrize("width", [80, 120, 200])
def test_why_other_hosts_are_not_heard_is_said_and_the_own_root_counted(width: int) -> None:
    unheard = replace(CATALOG, unheard="the fleet's database is away: no answer for 10 s")
    told = shown(unheard, width)
    assert "the fleet's database" in told
    assert "UTC" in told
    assert f" {signs.LIVE}" in told


@pytest.mark.parametrize("width", [80, 120])
def test_hosts_that_are_silent_are_in_sight_at_every_width(width: int) -> None:
    """There is no column HOST in 80 columns; this host, `me`, is known to whoever sits at it."""
    words = {"gpu-1": "silent 40s", "gpu-2": "silent 2h", "gpu-3": ""}
    one = replace(CATALOG, hosts=words, silent=frozenset({"gpu-1", "me"}))
    assert "  gpu-1 silent" in shown(one, width)
    assert "  2 silent" in shown(replace(one, silent=frozenset({"gpu-1", "gpu-2"})), width)
    assert "silent" not in shown(replace(one, silent=frozenset({"me"})), width)
    away = replace(one, unheard="the fleet's database is away")
    assert " silent" not in shown(away, width)
