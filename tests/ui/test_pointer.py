"""The mouse, off SSH: heads sort, hints are keys, rows are selected and opened, the wheel scrolls.

A question is answered by keys only, and what is not possible says why as its key does.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.console.fixed_catalog import catalog
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import Console, console
from tui.core.console.pane_table import EXPIRY, LISTINGS, LIVE, SESSIONS
from tui.core.models.line_target import LineTarget

WIDE = (120, 36)


def column(at: Console, part: str, word: str) -> tuple[int, int]:
    """Return the cell in a part of the screen where a word begins."""
    rows = at.rows(part)
    y = next(y for y, row in enumerate(rows) if word in row)
    return rows[y].index(word), y


async def click(at: Console, part: str, word: str, **more: Any) -> None:
    await at.click(part, *column(at, part, word), **more)


@pytest.mark.parametrize("size", [(80, 24), WIDE])
async def test_a_click_on_a_head_sorts_by_it_and_the_next_turns_it(size: tuple[int, int]) -> None:
    async with console(size=size) as at:
        await click(at, "sessions", "QUIET")
        assert at.view.query.sort == "quiet"
        assert "▲QUIET" in "".join(at.rows("sessions"))
        await click(at, "sessions", "QUIET")
        assert "▼QUIET" in "".join(at.rows("sessions"))
        await click(at, "sessions", "ENDS")
        assert at.view.query.sort == "ends"
        await click(at, "sessions", "STATE")
        assert at.view.query.sort == "attention"


async def test_a_click_on_a_hint_presses_its_key() -> None:
    async with console(size=WIDE) as at:
        await click(at, "bottom", "? help")
        assert at.view.is_page_open
        await click(at, "bottom", "q ")
        assert not at.view.is_page_open
        await at.choose("Final list for the partner call")
        await click(at, "bottom", "delete")
        await at.asked()
        assert at.engine.asked == []


async def test_a_hint_that_is_greyed_says_why_as_its_key_does() -> None:
    async with console(size=(200, 50)) as at:
        await at.choose("Final list for the partner call")
        await at.press("i")
        why = at.message
        await at.press("j", "k")
        await click(at, "bottom", "interrupt")
        assert at.message == why
        assert not at.view.is_question_open


async def test_nothing_is_clicked_while_a_question_is_open() -> None:
    """Its choices neither: fails if a click on `y` answers, or on a row changes the selection."""
    async with console(size=WIDE) as at:
        await at.choose("Final list for the partner call")
        session, sort = at.session, at.view.query.sort
        await at.press("d")
        await at.asked()
        for word in ("y yes", "n no", "Esc"):
            await click(at, "bottom", word, times=2)
        await click(at, "sessions", "QUIET")
        await at.click("sessions", 10, 8)
        await at.click("listings", 5, 4, times=2)
        await at.wheel("sessions", 5)
        await at.wheel("live", -5)
        assert at.view.is_question_open
        assert at.engine.asked == []
        assert (at.session, at.view.query.sort) == (session, sort)
        await at.press("n")
        await at.answered()


async def test_a_click_selects_a_row_and_goes_to_its_pane() -> None:
    async with console(size=WIDE) as at:
        await click(at, "listings", "hollis_park")
        assert (at.view.pane, at.view.listing) == (LISTINGS, "hollis_park")
        await click(at, "expiry", "beacon")
        assert at.view.pane == EXPIRY
        await click(at, "sessions", "Tier-1")
        assert at.view.pane == SESSIONS
        assert at.session.title.startswith("Tier-1")
        await at.click("live", 10, 3)
        assert at.view.pane == LIVE


async def test_a_double_click_does_what_enter_does() -> None:
    async with console(size=WIDE) as at:
        await click(at, "listings", "hollis_park", times=2)
        assert at.view.query.listing == "hollis_park"
        assert at.view.pane == SESSIONS
    async with console(size=WIDE) as at:
        await click(at, "sessions", "Tier-1", times=2)
        assert at.view.is_full
        assert at.session.title.startswith("Tier-1")


async def test_two_clicks_on_two_rows_open_nothing() -> None:
    async with console(size=WIDE) as at:
        await at.click("sessions", 10, 6)
        await at.click("sessions", 10, 7)
        assert not at.view.is_full
        assert at.view.row == 5


async def test_a_second_click_on_a_row_that_is_no_longer_selected_only_selects_it() -> None:
    async with console(size=WIDE) as at:
        await at.click("sessions", 10, 8)
        await at.burst("g", pauses=1)
        await at.click("sessions", 10, 8)
        assert not at.view.is_full
        assert at.view.row == 6


async def test_the_wheel_scrolls_what_is_under_the_pointer_and_not_the_active_pane() -> None:
    async with console(size=WIDE) as at:
        before = at.rows("sessions"), at.view.row, at.rows("live"), at.rows("expiry")
        await at.wheel("expiry", 1)
        assert at.view.pane == SESSIONS
        assert (at.rows("sessions"), at.view.row, at.rows("live")) == before[:3]
        assert "42m" in before[3][2]
        assert "23h 10m" in at.rows("expiry")[2]  # three rows on, and the selection with them
        await at.wheel("live", -2)
        assert at.rows("live") != before[2]
        assert at.view.pane == SESSIONS


async def test_the_wheel_moves_the_selection_only_where_it_would_leave_the_sight() -> None:
    async with console(size=WIDE) as at:
        await at.press(*"jjjjj")
        await at.wheel("sessions", 1)
        assert at.view.row == 5
        await at.wheel("sessions", 1)
        assert at.view.row == 6
        assert at.rows("sessions")[2].startswith("│>")
        await at.wheel("sessions", -5)
        assert at.view.row == 6


async def test_the_wheel_scrolls_a_page() -> None:
    async with console(size=WIDE) as at:
        await at.press("?")
        first = at.page_rows[1]
        await at.wheel("page", 2)
        assert at.page_rows[1] != first
        await at.wheel("page", -9)
        assert at.page_rows[1] == first


async def test_a_line_of_a_page_that_leads_somewhere_is_opened_by_a_double_click() -> None:
    session = catalog().sessions[2]
    listing, session_id = session.key
    lines = ("nothing here", "a session", "nothing there")
    target = LineTarget(listing=listing, session_id=session_id)
    engine = FixedEngine(sayings={"doctor": lines}, line_targets={"doctor": {1: target}})
    async with console(engine, size=WIDE) as at:
        await at.enter("doctor")
        await at.until(lambda: at.view.is_page_open)
        await click(at, "page", "nothing there", times=2)
        assert at.view.is_page_open
        await click(at, "page", "session", times=2)
        await at.until(lambda: not at.view.is_page_open)
        assert at.session.key == session.key


async def test_a_tiny_terminal_has_nothing_to_click() -> None:
    async with console(size=(50, 10)) as at:
        await at.click("tiny", 3, 0, times=2)
        assert not at.view.is_full
