"""Another listing, filter or order opens with its first rows, where what is most urgent stands."""

from __future__ import annotations

import pytest

from tests.support.console.catalog_edits import with_session
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import Console, console
from tests.support.console.many_sessions import catalog_of, sessions_of
from tui.core.models.row import Status


def engine() -> FixedEngine:
    """Return an engine of many sessions, of which three have failed: the last of their listings."""
    catalog = catalog_of(300)
    for number in (297, 298, 299):
        key = sessions_of(catalog)[f"row {number:04}"].key
        catalog = with_session(catalog, key, status=Status.FAILED)
    return FixedEngine(catalog=catalog)


def is_at_top(at: Console) -> bool:
    return "↑" not in at.text("sessions")


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_another_listing_opens_at_its_top(size: tuple[int, int]) -> None:
    async with console(engine(), size) as at:
        await at.choose("row 0250")
        await at.choose_listing("cranbury")
        await at.press("enter")
        assert (at.view.query.listing, at.view.row, is_at_top(at)) == ("cranbury", 0, True)
        assert at.session.status is Status.FAILED
        await at.press("1", "g", "enter")
        assert (at.view.query.listing, at.view.row, is_at_top(at)) == ("", 0, True)


async def test_a_row_that_was_chosen_stays_selected_where_it_is_listed_too() -> None:
    async with console(engine()) as at:
        await at.choose("row 0250")
        await at.choose_listing("beacon")
        await at.press("enter")
        assert at.session.title == "row 0250"
        assert "row 0250" in at.text("sessions")


async def test_a_list_is_not_scrolled_to_a_row_that_its_first_rows_have() -> None:
    async with console(engine()) as at:
        await at.press("slash", *"0003", "enter")
        await at.answered()
        await at.press("escape")
        assert (at.view.query.filter, at.session.title) == ("", "row 0003")
        assert at.view.row == 6
        assert is_at_top(at)


async def test_nor_when_it_is_sorted_and_unsorted() -> None:
    async with console(engine()) as at:
        await at.choose("row 0002")
        for key in ("s", "o", "o", "s", "escape"):
            await at.press(key)
            assert at.session.title == "row 0002"
            assert at.view.row > 100 or is_at_top(at)
        assert is_at_top(at)


async def test_a_jump_to_one_of_the_first_rows_shows_those_before_it() -> None:
    async with console(engine()) as at:
        await at.press("G", "3", "g", "enter")
        assert (at.session.title, at.view.row, is_at_top(at)) == ("row 0000", 3, True)


async def test_rows_that_a_small_window_pushed_away_come_back_with_room() -> None:
    async with console(engine(), (120, 36)) as at:
        await at.press("g", *"jjjjjjj")
        assert is_at_top(at)
        await at.resize(80, 16)
        await at.until(lambda: not is_at_top(at))
        await at.resize(120, 36)
        await at.until(lambda: is_at_top(at))
        assert at.view.row == 7


async def test_rows_that_were_scrolled_away_stay_there() -> None:
    async with console(engine(), (120, 36)) as at:
        await at.press("g", *"jjjjjj")
        await at.wheel("sessions", 1)
        top = at.rows("sessions")[1]
        assert not is_at_top(at)
        await at.resize(80, 16)
        await at.resize(120, 36)
        await at.until(lambda: at.rows("sessions")[1] == top)
