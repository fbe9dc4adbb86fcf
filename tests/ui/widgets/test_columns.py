"""The panes use the width of the window: whole names, more columns, a left column that grows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.console.fixed_catalog import catalog, session
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import Console, console
from tui.core.models.catalog import Listing

NAME = "cranbury_and_dunwell"


def left(at: Console) -> int:
    return len(at.rows("listings")[0])


@pytest.mark.parametrize(
    ("size", "width"), [((100, 30), 26), ((120, 36), 33), ((200, 50), 56), ((300, 80), 84)]
)
async def test_listings_grows_with_the_window_and_shows_whole_names(
    size: tuple[int, int], width: int
) -> None:
    async with console(size=size) as at:
        assert left(at) == width
        assert at.misfits == []
        names = [row.split()[1] for row in at.rows("listings") if "cran" in row]
        assert (names == [NAME]) == (width > 26)
        assert names[0].endswith("well")


async def test_a_name_that_comes_later_widens_the_column() -> None:
    async with console(size=(170, 36)) as at:
        known = catalog()
        name = "brightwater_and_her_daughters"
        more = Listing(name, known.root / name, sessions=(session(name, "stage_1", "x"),))
        before = left(at)
        await at.look(replace(known, listings=(*known.listings, more)))
        await at.until(lambda: left(at) > before)
        await at.until(lambda: at.misfits == [])


async def test_listings_leaves_expiry_the_rows_that_it_does_not_need() -> None:
    async with console(size=(120, 60)) as at:
        rows = at.rows("listings")
        assert len(rows) == 1 + 1 + len(at.engine.catalog.listings) + 1  # rule, heads, All
        assert len(at.rows("expiry")) == 60 - 3 - len(rows)
        await at.resize(80, 24)
        await at.press("1")
        assert len(at.rows("listings")) > len(rows)


async def test_from_160_columns_sessions_says_who_runs_what_since_when() -> None:
    async with console(size=(140, 40)) as at:
        assert "MODEL" not in "".join(at.rows("sessions"))
        await at.resize(160, 40)
        head = next(row for row in at.rows("sessions") if "STATE" in row)
        assert [word for word in ("MODEL", "OWNER", "CTX", "CREATED") if word not in head] == []
        rows = "\n".join(at.rows("sessions"))
        assert " anna " in rows
        assert " pipeline " in rows


async def test_expiry_says_below_what_the_selected_one_loses() -> None:
    async with console(FixedEngine(), size=(200, 50)) as at:
        await at.press("3")
        assert "expires 15:12; clean-up may move it to the trash" in at.text("expiry")
        await at.press("j", "j")
        assert "sweep 17:40: transcript deleted" in at.text("expiry")
        assert "24h " in at.text("expiry")


async def test_in_a_low_window_the_rows_of_expiry_come_first() -> None:
    async with console(size=(120, 18)) as at:
        assert "24h " not in at.text("expiry")
        assert "to clean up" in at.text("expiry")
