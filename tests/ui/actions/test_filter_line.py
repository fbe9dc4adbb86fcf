"""Rows narrow while a filter is typed; Enter keeps them, Esc brings back what was there."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, timedelta

import pytest

from tests.support.console import fixed_catalog
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import console
from tui.core.models.catalog import Catalog, Listing
from tui.ui.state.list_query import ListQuery
from tui.ui.state.view_model import arranged, renewed

MANY = 600


def many() -> Catalog:
    """Return a catalog of six hundred sessions."""
    sessions = tuple(
        fixed_catalog.session("hollis_park", f"stage_{number % 5}", f"Buyer n{number:03}")
        for number in range(MANY)
    )
    there = Listing("hollis_park", fixed_catalog.ROOT / "hollis_park", sessions=sessions)
    return replace(fixed_catalog.catalog(), listings=(there,))


async def test_rows_narrow_with_each_key_and_the_count_stands_over_the_line() -> None:
    async with console(FixedEngine(catalog=many())) as at:
        await at.press("/")
        await at.asked()
        assert f"{MANY} of {MANY}" in at.text("bottom")
        for typed, count in (("b", 600), ("u", 600), *zip("yer", (600,) * 3, strict=True)):
            await at.press(typed)
            assert len(at.listed) == count
        await at.press("backspace", "backspace", *" n59")
        assert f"10 of {MANY}" in at.text("bottom")
        assert len(at.listed) == 10
        assert at.view.is_question_open
        await at.press("7")
        assert f"1 of {MANY}" in at.text("bottom")
        assert "Buyer n597" in at.text("sessions")
        await at.press("enter")
        await at.answered()
        assert (at.view.query.filter, len(at.listed)) == ("buy n597", 1)


async def test_a_half_typed_word_says_what_it_lacks_and_keeps_the_rows() -> None:
    async with console() as at:
        every = at.listed
        await at.press("/", *"stage:3")
        shown = at.listed
        assert 0 < len(shown) < len(every)
        await at.paste(" cost>")
        assert at.listed == shown
        assert "`cost>` needs an amount: cost>5" in at.text("bottom")
        await at.press(*"5")
        assert "needs an amount" not in at.text("bottom")
        assert len(at.listed) < len(shown)
        await at.press("backspace", "enter")
        assert "refused: `cost>` needs an amount" in at.text("bottom")
        assert at.view.is_question_open


async def test_a_word_that_is_only_begun_keeps_the_rows_and_names_what_it_may_become() -> None:
    """Fails if `ghos` is looked for in titles alone: every row would be gone until `ghost`."""
    async with console() as at:
        await at.press("/", "g", "h")
        every = at.listed
        await at.press(*"os")
        assert at.listed == every != ()
        assert at.text("bottom").endswith("Tab: ghost > ghos")
        await at.press("t")
        assert () != at.listed != every
        await at.press("ctrl+u", *"nowhere")
        assert at.listed == ()


@pytest.mark.parametrize("before", ["", "stage_"])
async def test_escape_brings_back_filter_selection_and_scroll(before: str) -> None:
    async with console(FixedEngine(catalog=many())) as at:
        if before:
            await at.press("/", *before, "enter")
            await at.answered()
        await at.press(*"jjjjjj", "pagedown", "pagedown", *"kkk")
        listed, selected, rows = at.listed, at.view.selected, at.rows("sessions")
        await at.press("/", "ctrl+u", *"n001")
        assert len(at.listed) == 1
        assert at.view.selected != selected
        await at.press("escape")
        await at.answered()
        assert (at.view.query.filter, at.listed, at.view.selected) == (before, listed, selected)
        assert at.rows("sessions") == rows


async def test_the_selection_stays_where_it_is_while_the_filter_takes_it() -> None:
    async with console(FixedEngine(catalog=many())) as at:
        session = await at.choose("Buyer n123")
        await at.press("/", *"n123")
        assert (len(at.listed), at.view.session) == (1, session)
        await at.press("backspace", *"4")
        assert at.view.session != session
        await at.press("ctrl+u")
        assert at.view.session == session


async def test_over_another_pane_sessions_comes_in_sight_and_escape_goes_back() -> None:
    async with console(size=(80, 24)) as at:
        await at.press("1")
        assert at.rows("sessions") == []
        await at.press("/", *"stage:3")
        assert "3 " in at.text("sessions")
        await at.press("escape")
        await at.answered()
        assert at.rows("sessions") == []


async def test_tab_completes_words_and_the_values_that_are_there() -> None:
    async with console() as at:
        await at.press("/", *"wai", "tab")
        assert at.typed == "waiting "
        assert len(at.listed) == 1
        await at.press(*"or listing:holl", "tab")
        assert at.typed == "waiting or listing:hollis_park "
        await at.press(*"!qui", "tab")
        assert at.typed.endswith(" !quiet")


async def test_of_a_burst_that_ends_half_typed_the_whole_words_are_shown() -> None:
    """Fails if a slow line, which sends many keys at once, narrows less than a fast one."""
    async with console() as at:
        await at.press("/", *"stage:3")
        shown = at.listed
        await at.press("ctrl+u")
        await at.ahead("stage:3 quiet>")
        assert at.listed == shown
        assert "`quiet>` needs an amount" in at.text("bottom")


async def test_a_burst_that_ends_with_enter_takes_the_whole_filter() -> None:
    async with console() as at:
        await at.ahead("/stage:3\r")
        await at.answered()
        assert at.view.query.filter == "stage:3"


def test_a_key_of_a_filter_arranges_the_rows_alone() -> None:
    """Not all panes: with six hundred sessions that took tens of milliseconds a key."""
    now, catalog = fixed_catalog.NOW, many()
    query = ListQuery(timedelta(minutes=10))
    model = arranged(catalog, query, now, UTC)
    known = model.groups
    for typed in ("b", "bu", "buyer", "buyer n1", "buyer n12 stage:2", "!attention"):
        model = renewed(model, catalog, replace(query, filter=typed), now, UTC)
        assert model.query.filter == typed
        assert model.groups is known


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_what_the_filter_takes_and_the_top_line_does_not_count_is_told_apart(
    size: tuple[int, int],
) -> None:
    """The filter `failed` said 46 where the top line said `4 failed`."""
    async with console(size=size) as at:
        await at.press("/", *"failed", "enter")
        await at.answered()
        heading = at.rows("sessions")[0]
        told = re.search(r"/f\S+ +(\d+), (\d+) settled", heading)
        assert told is not None, heading
        assert f"{int(told[1]) - int(told[2])} failed" in at.text("top")
        await at.press("escape")
        assert "settled" not in at.text("sessions")
