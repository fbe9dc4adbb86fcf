"""In Expiry and Listings a key acts on the row that was selected, and on no other in its place."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.console.catalog_edits import with_session, without
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import Console, console
from tests.support.console.many_sessions import catalog_of, sessions_of, with_more
from tui.core.console.pane_table import EXPIRY
from tui.core.models.session import Key, Session
from tui.view.panes.expiry import ordered

SIZES = [(80, 24), (120, 36)]


async def expiry(at: Console, *keys: str) -> Session:
    """Go to Expiry, press keys, and return the selected session."""
    await at.press("3", *keys)
    at.tick(seconds=30)  # long enough for another order to be taken
    assert at.view.ending is not None
    return at.view.ending


def chosen(at: Console) -> Key | None:
    """Return the key of the session that is selected in Expiry."""
    return at.view.ending.key if at.view.ending else None


def current(at: Console, part: str) -> list[str]:
    """Return the painted rows that have the sign of the selection."""
    return [row for row in at.rows(part)[1:] if row.lstrip("│ ").startswith(">")]


def engine() -> FixedEngine:
    """Return one with enough sessions that end."""
    found = FixedEngine(catalog=catalog_of(100))
    for number, one in enumerate(sessions_of(found.catalog).values()):
        ends = found.moment + timedelta(hours=10 + number)
        found.catalog = with_session(found.catalog, one.key, expires_at=ends, sweep_at=None)
    return found


def ending(at: Console, one: Session, hours: float) -> Session:
    return replace(one, expires_at=at.engine.moment + timedelta(hours=hours))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("keys", [(), ("j",), ("G",), ("j", "k")])
async def test_a_selected_row_of_expiry_stays_selected_whatever_comes_and_goes(
    size: tuple[int, int], keys: tuple[str, ...]
) -> None:
    """Fails, without a key pressed, if only a moved selection follows its session."""
    async with console(engine(), size) as at:
        one = await expiry(at, *keys)
        others = [
            other for other in sessions_of(at.engine.catalog).values() if other.key != one.key
        ]
        await at.look(without(at.engine.catalog, others[0].key))
        at.tick(seconds=30)
        assert chosen(at) == one.key
        first = replace(ending(at, others[0], 1), session_id="0" * 8 + others[0].session_id[8:])
        await at.look(with_more(at.engine.catalog, first))
        at.tick(seconds=30)
        assert chosen(at) == one.key
        (row,) = current(at, "expiry")
        assert one.session_id[:4] in row
        sooner = at.engine.moment + timedelta(minutes=5)
        await at.look(with_session(at.engine.catalog, one.key, expires_at=sooner))
        at.tick(seconds=30)
        assert chosen(at) == one.key


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("keys", [(), ("j", "j"), ("G",)])
async def test_when_the_selected_row_of_expiry_goes_no_key_meets_a_neighbour(
    size: tuple[int, int], keys: tuple[str, ...]
) -> None:
    """Fails if the row that comes up in its place is selected."""
    async with console(engine(), size) as at:
        one = await expiry(at, *keys)
        await at.look(without(at.engine.catalog, one.key))
        short = one.session_id[:8]
        await at.until(lambda: at.message == f"{short} is gone: nothing is selected until you move")
        assert chosen(at) is None
        assert current(at, "expiry") == []
        for key in ("d", "e", "r", "i", "c", "enter", "y"):
            await at.press(key)
            assert not at.view.is_question_open
            assert at.message == f"{short} is gone: j or k selects another row"
        await at.enter("delete")
        await at.until(lambda: f"{short} is gone" in at.text("bottom"))
        assert at.engine.asked == []
        assert not at.view.is_full
        await at.press("escape", "3")
        at.tick(seconds=30)
        assert chosen(at) is None


async def test_the_keys_that_move_select_the_rows_beside_the_one_that_is_gone() -> None:
    for key, place in (("j", 3), ("k", 1)):
        async with console(engine()) as at:
            ends = ordered(sessions_of(at.engine.catalog).values(), at.engine.moment)
            one = await expiry(at, "j", "j")
            assert one.key == ends[2].key
            await at.look(without(at.engine.catalog, one.key))
            await at.press(key)
            assert chosen(at) == ends[place].key
            assert len(current(at, "expiry")) == 1


async def test_what_comes_back_is_selected_again() -> None:
    async with console(engine()) as at:
        one = await expiry(at, "j")
        await at.look(without(at.engine.catalog, one.key))
        assert chosen(at) is None
        await at.look(with_more(at.engine.catalog, one))
        assert chosen(at) == one.key
        assert at.view.lost == ""


async def test_a_click_on_what_came_up_in_its_place_selects_that_and_opens_nothing() -> None:
    """Fails if it makes a double click with the one on the row that is gone."""
    async with console(engine()) as at:
        await expiry(at)
        ends = ordered(sessions_of(at.engine.catalog).values(), at.engine.moment)
        rows = at.rows("expiry")
        (place,) = (y for y, row in enumerate(rows) if ends[1].session_id[:4] in row)
        await at.click("expiry", 5, place)
        await at.look(without(at.engine.catalog, ends[1].key))
        assert chosen(at) is None
        await at.click("expiry", 5, place)
        assert (chosen(at), at.view.pane) == (ends[2].key, EXPIRY)


async def test_the_wheel_selects_nothing_in_its_place() -> None:
    async with console(engine()) as at:
        one = await expiry(at, "j")
        await at.look(without(at.engine.catalog, one.key))
        await at.wheel("expiry", 3)
        await at.wheel("expiry", -3)
        assert chosen(at) is None


@pytest.mark.parametrize("size", SIZES)
async def test_when_the_selected_listing_goes_no_key_means_another_or_all(
    size: tuple[int, int],
) -> None:
    async with console(size=size) as at:
        await at.choose_listing("hollis_park")
        at.tick(seconds=30)
        assert at.targets.listing == "hollis_park"
        left = tuple(one for one in at.engine.catalog.listings if one.listing_id != "hollis_park")
        await at.look(replace(at.engine.catalog, listings=left))
        said = "hollis_park is gone: nothing is selected until you move"
        await at.until(lambda: at.message == said)
        assert current(at, "listings") == []
        for key in ("c", "enter", "y"):
            await at.press(key)
            assert not at.view.is_question_open
            assert at.message == "hollis_park is gone: j or k selects another row"
        assert at.view.query.listing == ""
        await at.press("j", "c")
        await at.asked()
        assert "all" not in at.message
        assert at.targets.listing != "hollis_park"
