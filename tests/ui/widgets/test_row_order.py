"""Rows in sight hold still: another order waits until the operator is idle at the top, or takes it.

Whatever happens to the sessions, no key that follows may meet another row than the one in sight.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from tests.support.console.catalog_edits import with_session, without
from tests.support.console.fixed_catalog import NOW
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import Console, console
from tests.support.console.many_sessions import (
    catalog_of,
    changed,
    numbered,
    sessions_of,
    with_more,
)
from tui.core.models.row import Status
from tui.core.models.session import Liveness

SIZES = ((80, 24), (120, 36), (200, 50))
WAITS: dict[str, Any] = {"liveness": Liveness.WAITING}


def titles(at: Console) -> list[str]:
    """Return the titles in sight, from the top."""
    return [one[0] for row in at.rows("sessions")[1:] if (one := re.search(r"row \d{4}", row))]


async def happens(at: Console, title: str, **facts: object) -> None:
    """Change a session, and let the console see that."""
    session = sessions_of(at.engine.catalog)[title]
    await at.look(with_session(at.engine.catalog, session.key, **facts))


def heading(at: Console) -> str:
    """Return the heading of Sessions."""
    return " ".join(at.rows("sessions")[0].split())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", range(4))
async def test_whatever_happens_no_row_in_sight_moves_while_one_is_away_from_the_top(
    size: tuple[int, int], seed: int
) -> None:
    dice = Random(seed)  # noqa: S311 (a test's choices)
    async with console(FixedEngine(catalog=catalog_of(300)), size) as at:
        await at.press(*(["pagedown"] * dice.randrange(1, 5)), *(["k"] * dice.randrange(4)))
        before, selected = titles(at), at.session.title
        assert len(before) > 5
        for _ in range(12):
            await at.look(changed(at.engine.catalog, dice))
            at.tick(seconds=20)
            assert titles(at) == before
            assert at.session.title == selected
        assert " moved" in heading(at)


@pytest.mark.parametrize("seed", range(4))
async def test_rows_that_go_let_only_their_neighbours_close_up(seed: int) -> None:
    dice = Random(seed)  # noqa: S311 (a test's choices)
    async with console(FixedEngine(catalog=catalog_of(200))) as at:
        await at.press("pagedown", "pagedown", "k", "k")
        before, selected = titles(at), at.session.title
        there = at.engine.catalog
        others = [one for one in there.sessions if one.title != selected]
        gone = {one.title for one in dice.sample(others, 60)}
        for title in gone:
            there = without(there, sessions_of(there)[title].key)
        await at.look(there)
        assert at.session.title == selected
        left = [title for title in before if title not in gone]
        assert [title for title in titles(at) if title in before] == left


async def test_a_selected_agent_that_finishes_takes_neither_the_rows_nor_the_cursor_along() -> None:
    """The viewport followed it to the end of the list, and what waits went out of sight."""
    catalog = catalog_of(500)
    for title in ("row 0300", "row 0301", "row 0302"):
        key = sessions_of(catalog)[title].key
        catalog = with_session(catalog, key, liveness=Liveness.BUSY, last_activity_at=NOW)
    async with console(FixedEngine(catalog=catalog)) as at:
        await at.press("j")
        before = titles(at)
        assert (at.session.title, before[:3]) == ("row 0301", ["row 0300", "row 0301", "row 0302"])
        await happens(at, "row 0301", liveness=Liveness.NONE)
        at.tick(seconds=30)
        assert (titles(at), at.session.title) == (before, "row 0301")
        await at.press("k", "j")
        at.tick(seconds=30)
        assert (titles(at), at.session.title) == (before, "row 0301")


async def test_at_the_top_too_a_selected_agent_that_finishes_stays_in_sight() -> None:
    catalog = catalog_of(300)
    for title in ("row 0200", "row 0201"):
        key = sessions_of(catalog)[title].key
        catalog = with_session(catalog, key, liveness=Liveness.BUSY, last_activity_at=NOW)
    async with console(FixedEngine(catalog=catalog)) as at:
        await at.press("j", "k")
        await happens(at, "row 0200", liveness=Liveness.NONE, last_activity_at=None)
        at.tick(seconds=30)
        assert at.session.title == titles(at)[0] == "row 0200"
        assert "1 moved" in heading(at)


@pytest.mark.parametrize("size", SIZES)
async def test_at_the_top_a_new_order_waits_for_some_seconds_after_a_key(
    size: tuple[int, int],
) -> None:
    async with console(FixedEngine(catalog=catalog_of(300)), size) as at:
        await at.press("j", "k")
        await happens(at, "row 0299", **WAITS)
        at.tick(seconds=3)
        assert titles(at)[0] == "row 0000"
        assert "1 moved" in heading(at)
        at.tick(seconds=3)
        assert titles(at)[:2] == ["row 0299", "row 0000"]
        assert "moved" not in heading(at)
        assert at.session.title == "row 0000"  # the cursor stays with its session
        await happens(at, "row 0298", **WAITS)
        assert titles(at)[:3] == ["row 0298", "row 0299", "row 0000"]


async def test_who_has_not_moved_sees_at_once_what_needs_attention() -> None:
    async with console(FixedEngine(catalog=catalog_of(300))) as at:
        await happens(at, "row 0299", **WAITS)
        assert titles(at)[0] == at.session.title == "row 0299"


async def test_an_order_waits_while_a_question_is_open() -> None:
    async with console(FixedEngine(catalog=catalog_of(300))) as at:
        await at.press("e")
        await at.asked()
        await happens(at, "row 0299", **WAITS)
        at.tick(seconds=60)
        assert titles(at)[0] == "row 0000"
        await at.press("escape")
        await at.answered()
        at.tick(seconds=6)
        assert titles(at)[0] == "row 0299"


@pytest.mark.parametrize("size", SIZES)
async def test_a_key_takes_the_order_that_waits_and_leaves_the_same_places_in_sight(
    size: tuple[int, int],
) -> None:
    async with console(FixedEngine(catalog=catalog_of(300)), size) as at:
        await at.press("pagedown", "pagedown")
        selected, row = at.session.title, at.view.row
        first = titles(at)[0]
        for title in ("row 0297", "row 0298", "row 0299"):
            await happens(at, title, **WAITS)
        assert "3 moved (O)" in heading(at)
        assert titles(at)[0] == first
        await at.press("O")
        assert "moved" not in heading(at)
        assert titles(at)[0] == f"row {int(first[4:]) - 3:04}"
        assert (at.view.row, at.session.title) == (row, f"row {row - 3:04}")
        assert selected not in titles(at)  # it went below what is in sight
        await at.press("O")
        assert at.message == "every row is in its place"


async def test_taking_the_order_keeps_the_cursor_on_a_session_that_stays_in_sight() -> None:
    async with console(FixedEngine(catalog=catalog_of(300))) as at:
        await at.press("pagedown", "k", "k", "k")
        selected, row = at.session.title, at.view.row
        await happens(at, "row 0299", **WAITS)
        await at.press("O")
        assert (at.session.title, at.view.row) == (selected, row + 1)


async def test_what_the_operator_asks_for_is_ordered_at_once() -> None:
    async with console(FixedEngine(catalog=catalog_of(100))) as at:
        await at.press("pagedown")
        await happens(at, "row 0099", bytes=10**9)
        await at.press("s", "s", "s", "g")
        assert at.view.query.sort == "size"
        assert titles(at)[0] == "row 0099"


async def test_a_filter_that_is_left_brings_back_the_rows_in_their_places() -> None:
    async with console(FixedEngine(catalog=catalog_of(300))) as at:
        await at.press("pagedown", "pagedown")
        before, selected = titles(at), at.session.title
        await happens(at, "row 0299", **WAITS)
        await at.press("/")
        await at.asked()
        await at.press(*"row 029")
        assert at.listed[-1] == sessions_of(at.engine.catalog)["row 0299"].key
        await at.press("escape")
        await at.answered()
        assert (titles(at), at.session.title) == (before, selected)
        assert "1 moved" in heading(at)


async def test_values_change_in_their_places_while_an_order_waits() -> None:
    async with console(FixedEngine(catalog=catalog_of(300))) as at:
        await at.press("pagedown")
        selected = at.session.title
        await happens(at, selected, liveness=Liveness.WAITING)
        row = next(row for row in at.rows("sessions") if selected in row)
        assert "? waiting" in row


async def test_new_rows_come_last_until_the_order_is_taken() -> None:
    async with console(FixedEngine(catalog=catalog_of(300))) as at:
        await at.press("pagedown")
        new = replace(numbered(0), session_id="f" * 36, title="row new!", **WAITS)
        await at.look(with_more(at.engine.catalog, new))
        assert at.listed[-1] == new.key
        await at.press("O")
        assert at.listed[0] == new.key


@pytest.mark.parametrize("size", SIZES)
async def test_the_heading_tells_of_everybody_out_of_sight_who_is_needed(
    size: tuple[int, int],
) -> None:
    async with console(FixedEngine(catalog=catalog_of(300)), size) as at:
        await happens(at, "row 0200", **WAITS)
        assert "↑" not in heading(at)
        await at.press("G")
        above = len(at.listed) - len(titles(at))
        assert f"↑ {above} more, 1 waiting" in heading(at)
        await at.press("g")
        assert "↑" not in heading(at)
        await happens(at, "row 0299", status=Status.FAILED, reason="no such tool")
        assert "failed" in heading(at)
        assert "↓" in heading(at)


async def test_the_heading_is_ascii_where_the_terminal_is() -> None:
    async with console(FixedEngine(catalog=catalog_of(300), is_ascii=True)) as at:
        await happens(at, "row 0200", **WAITS)
        await at.press("G")
        assert "^ 29" in heading(at)
        assert heading(at).isascii()


async def test_attention_out_of_sight_is_told_before_the_filter_and_the_marks() -> None:
    async with console(FixedEngine(catalog=catalog_of(300)), (60, 16)) as at:
        await at.press("slash")
        await at.asked()
        await at.paste("row and a filter that has many words")
        await at.press("enter")
        await at.press("escape", "space", "pagedown", "pagedown")
        for title in ("row 0000", "row 0001"):
            await happens(at, title, **WAITS)
        await happens(at, "row 0299", status=Status.FAILED, reason="no such tool")
        assert "↑2" in heading(at).replace("↑ 2", "↑2")
        assert "↓1" in heading(at).replace("↓ 1", "↓1")


@pytest.mark.parametrize("size", [(120, 36), (200, 50)])
async def test_listings_and_expiry_hold_still_too(size: tuple[int, int]) -> None:
    async with console(FixedEngine(catalog=catalog_of(300)), size) as at:
        await at.press("1", "j", "3", "pagedown")
        at.tick(seconds=30)
        listings, expiry = at.rows("listings"), at.rows("expiry")
        there = sessions_of(at.engine.catalog)
        key = there["row 0299"].key
        soon = NOW + timedelta(minutes=5)
        await at.look(with_session(at.engine.catalog, key, expires_at=soon))
        at.tick(seconds=30)
        assert [row[:12] for row in at.rows("listings")[2:5]] == [row[:12] for row in listings[2:5]]
        ids = [row.split()[-2] for row in expiry[2:-2]]
        assert [row.split()[-2] for row in at.rows("expiry")[2:-2]] == ids
        assert "↓" in at.rows("expiry")[0]
        await at.press("O", "g")
        assert " 4m " in at.rows("expiry")[2]
