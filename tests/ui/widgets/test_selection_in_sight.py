"""The selected row of Sessions is in sight whenever Sessions is, whatever selected it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import Console, console
from tests.support.console.many_sessions import catalog_of, numbered, with_more
from tui.core.models.session import Liveness

SIZES = ((80, 24), (120, 36))


def is_selected_in_sight(at: Console) -> bool:
    """Return whether the row that keys act on is painted."""
    title = at.session.title
    return any(title in row for row in at.rows("sessions")[1:])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("row", [3, 150, 299])
async def test_a_row_selected_while_live_has_the_screen_is_in_sight_afterwards(
    size: tuple[int, int], row: int
) -> None:
    async with console(FixedEngine(catalog=catalog_of(300)), size) as at:
        await at.press("j", "enter")
        assert at.view.is_full
        await at.choose(f"row {row:04}")
        new = replace(numbered(0), session_id="f" * 36, title="row new!", liveness=Liveness.BUSY)
        await at.look(with_more(at.engine.catalog, new))
        await at.press("q")
        assert is_selected_in_sight(at)


@pytest.mark.parametrize("size", SIZES)
async def test_a_page_that_closes_leaves_the_selected_row_in_sight(size: tuple[int, int]) -> None:
    async with console(FixedEngine(catalog=catalog_of(300)), size) as at:
        await at.press("question_mark")
        assert at.view.is_page_open
        await at.choose("row 0250")
        await at.press("q")
        assert is_selected_in_sight(at)


async def test_a_smaller_terminal_keeps_the_selected_row_in_sight() -> None:
    async with console(FixedEngine(catalog=catalog_of(300)), (120, 36)) as at:
        await at.press("j", *["j"] * 20, "enter")
        await at.resize(80, 24)
        await at.press("q")
        assert is_selected_in_sight(at)
        await at.resize(80, 16)
        assert is_selected_in_sight(at)


@pytest.mark.parametrize("pane", ["3", "1"])
async def test_a_pane_that_covered_sessions_leaves_the_selected_row_in_sight(pane: str) -> None:
    async with console(FixedEngine(catalog=catalog_of(300))) as at:
        await at.press("j", pane)
        await at.choose("row 0200")
        await at.press("2")
        assert is_selected_in_sight(at)
