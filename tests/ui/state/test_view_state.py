"""What is visible, restored and acted on follows from the view alone, without a screen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.console.fixed_catalog import catalog
from tests.support.console.fixed_engine import FixedEngine
from tui.core.console.pane_table import EXPIRY, LISTINGS, LIVE, SESSIONS
from tui.core.console.saved_view import SavedView
from tui.ui.actions.key_targets import KeyTargets
from tui.ui.state import layout
from tui.ui.state.list_query import ListQuery
from tui.ui.state.session_restore import restored_query, snapshot
from tui.ui.state.view_state import ViewState

ENGINE = FixedEngine()
VIEW = ViewState(query=ListQuery(ENGINE.quiet_after), size=(120, 36))
NARROW = replace(VIEW, size=(80, 24))


@pytest.mark.parametrize(
    ("view", "numbers"),
    [
        (VIEW, (LISTINGS, SESSIONS, EXPIRY, LIVE)),
        (NARROW, (SESSIONS, LIVE)),
        (replace(NARROW, pane=LIVE), (SESSIONS, LIVE)),
        (replace(NARROW, pane=EXPIRY), (EXPIRY,)),
        (replace(VIEW, pane=LIVE, is_full=True), (LIVE,)),
    ],
)
def test_the_panes_in_sight_follow_from_size_and_pane(
    view: ViewState, numbers: tuple[int, ...]
) -> None:
    assert tuple(row.number for row in layout.in_sight(view)) == numbers


def test_keys_act_on_marks_that_are_shown_and_on_nothing_that_is_covered() -> None:
    known = catalog()
    first, second = known.sessions[:2]
    view = replace(VIEW, selected=first, marks=frozenset({first.key, second.key}))
    shown = replace(view, shown=frozenset({second.key}))
    assert KeyTargets(ENGINE, shown, known).all == (second,)
    assert KeyTargets(ENGINE, shown, known).hidden == 1
    assert KeyTargets(ENGINE, view, known).all == (first,)
    assert KeyTargets(ENGINE, replace(view, is_page_open=True), known).all == ()
    assert KeyTargets(ENGINE, replace(view, size=(40, 10)), known).selected is None


def test_a_selection_that_nobody_placed_is_not_restored() -> None:
    (first, *_) = catalog().sessions
    view = replace(VIEW, selected=first, pane=EXPIRY)
    assert snapshot(view, ()).selected is None
    kept = snapshot(replace(view, selection_pinned=True), ())
    assert (kept.selected, kept.pane) == (first.key, EXPIRY)


def test_a_query_that_is_not_valid_any_more_is_not_restored() -> None:
    last = SavedView(filter="<never", sort="no such order", listing="hollis_park")
    assert restored_query(VIEW.query, last) == replace(VIEW.query, listing="hollis_park")
