"""A catalog is sorted again when something changed, and only then."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import pytest

from tests.support.console.fixed_catalog import NOW, catalog
from tui.core.sessions.attention import FailureGroup, Need
from tui.ui.state.list_query import ListQuery
from tui.ui.state.view_model import arranged, is_same_picture, renewed
from tui.view.panes import top_line

BOARD = ListQuery(timedelta(minutes=10))
CATALOG = catalog()
FIRST = arranged(CATALOG, BOARD, NOW, UTC)
SOON, LATER = NOW + timedelta(seconds=1), NOW + timedelta(seconds=6)


def test_nothing_is_ordered_again_while_no_listing_changed() -> None:
    assert renewed(FIRST, CATALOG, BOARD, LATER, UTC) is FIRST
    same = replace(CATALOG, at=SOON, free_bytes=5)
    again = renewed(FIRST, same, BOARD, SOON, UTC)
    assert again.shown is FIRST.shown
    assert again.catalog is same
    assert again.facts != FIRST.facts
    assert again.facts == top_line.facts(same, SOON, FIRST.needs, UTC)


def test_what_changed_is_ordered_again() -> None:
    changed = replace(CATALOG, listings=(replace(CATALOG.listings[0]), *CATALOG.listings[1:]))
    fewer = replace(CATALOG, listings=CATALOG.listings[1:])
    for other in (changed, fewer, replace(CATALOG, problem="gone")):
        assert renewed(FIRST, other, BOARD, SOON, UTC).shown is not FIRST.shown
    assert renewed(FIRST, CATALOG, replace(BOARD, sort="ends"), SOON, UTC).shown is not FIRST.shown


def test_the_clock_alone_makes_an_order_old() -> None:
    same = replace(CATALOG, at=LATER)
    assert renewed(FIRST, same, BOARD, LATER, UTC).at == LATER
    assert renewed(FIRST, CATALOG, BOARD, NOW + timedelta(minutes=2), UTC).at > NOW


def test_an_order_lasts_the_longer_the_more_there_is_to_order() -> None:
    """Sorting ten thousand sessions every few seconds would keep a core busy for nothing."""
    same, many = replace(CATALOG, at=LATER), replace(FIRST, ending=FIRST.ending * 1000)
    assert renewed(many, same, BOARD, LATER, UTC).shown is FIRST.shown
    assert renewed(many, same, BOARD, NOW + timedelta(minutes=1), UTC).shown is not FIRST.shown


def test_a_look_sorts_again_before_the_screen_would() -> None:
    """The screen would do it in the event loop, and with 100,000 sessions keys would wait."""
    many, soon = replace(FIRST, ending=FIRST.ending * 1000), NOW + timedelta(seconds=55)
    assert renewed(many, CATALOG, BOARD, soon, UTC) is many
    assert renewed(many, replace(CATALOG, at=soon), BOARD, soon, UTC).at == soon


def test_a_listing_that_vanished_needs_nobody_and_ends_no_more() -> None:
    failing = next(one for one in CATALOG.listings if one.listing_id == "larkfield_valves")
    gone = replace(failing, is_vanished=True)
    others = tuple(one for one in CATALOG.listings if one is not failing)
    found = arranged(replace(CATALOG, listings=(*others, gone)), BOARD, NOW, UTC)
    assert Need.FAILED in {need for key, need in FIRST.needs.items() if key[0] == gone.listing_id}
    assert not [key for key in found.needs if key[0] == gone.listing_id]
    assert not [one for one in (*found.ending, *found.pending) if one.listing == gone.listing_id]
    assert not [one for one in found.shown if isinstance(one, FailureGroup)]


@pytest.mark.parametrize(
    "changes",
    [
        {"hosts": {"a": "silent 40s"}},
        {"unheard": "the fleet's database is away"},
        {"silent": frozenset({"a"})},
    ],
)
def test_what_changed_of_other_hosts_is_painted(changes: Any) -> None:
    fleet = replace(CATALOG, hosts={"a": ""})
    first = arranged(fleet, BOARD, NOW, UTC)
    same = renewed(first, replace(fleet, at=SOON), BOARD, SOON, UTC)
    assert is_same_picture(first, same)
    found = renewed(first, replace(fleet, at=SOON, **changes), BOARD, SOON, UTC)
    assert not is_same_picture(first, found)
    assert found.shown is not first.shown
