"""The selection stays on its session when a filter lets go of it, and a row that is gone is named.

Otherwise the next key would act on a session that nobody chose.
"""

from __future__ import annotations

import pytest

from tests.support.console.catalog_edits import with_session, without
from tests.support.console.fixed_catalog import NOW
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import Console, console
from tests.support.console.many_sessions import catalog_of, sessions_of
from tui.core.models.catalog import Catalog
from tui.core.models.session import Liveness, Session


def busy(count: int) -> Catalog:
    """Return a catalog in which so many sessions run."""
    catalog = catalog_of(100)
    for number in range(count):
        key = sessions_of(catalog)[f"row {number:04}"].key
        catalog = with_session(catalog, key, liveness=Liveness.BUSY, last_activity_at=NOW)
    return catalog


async def filtered(at: Console) -> None:
    """Show only what runs."""
    await at.press("slash", *"live", "enter")
    await at.answered()


async def ends(at: Console, one: Session) -> None:
    """Let a session end."""
    at.say("")
    await at.look(with_session(at.engine.catalog, one.key, liveness=Liveness.NONE))


def marked(at: Console) -> str:
    """Return the painted row that has the sign of the selection."""
    return next(row for row in at.rows("sessions")[1:] if row.lstrip("│ ").startswith(">"))


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
@pytest.mark.parametrize("idle_s", [0, 30])
@pytest.mark.parametrize("keys", [("j", "k"), ("j",), ("G",)])
async def test_a_selected_session_stays_where_it_is_when_the_filter_lets_go_of_it(
    size: tuple[int, int], idle_s: int, keys: tuple[str, ...]
) -> None:
    async with console(FixedEngine(catalog=busy(5)), size) as at:
        await filtered(at)
        await at.press(*keys)
        one, listed = at.session, at.listed
        assert len(listed) == 5
        at.tick(seconds=idle_s)
        await ends(at, one)
        for _ in range(3):
            at.tick(seconds=20)
        assert (at.session.key, at.listed) == (one.key, listed)
        assert at.session.liveness is Liveness.NONE
        assert one.title in marked(at)
        short = one.session_id[:8]
        said = f"{short} no longer matches the filter: it stays until the selection moves"
        await at.until(lambda: at.message == said)
        at.say("")
        await ends(at, one)
        at.tick(seconds=20)
        assert at.message == ""  # it is said once


async def test_it_goes_when_the_selection_moves_on() -> None:
    async with console(FixedEngine(catalog=busy(5))) as at:
        await filtered(at)
        await at.press("j")
        one, listed = at.session, at.listed
        await ends(at, one)
        await at.press("j")
        at.tick()
        at.tick()
        assert at.listed == tuple(key for key in listed if key != one.key)
        assert at.session.key == listed[2]
        assert "no longer matches" not in at.message


async def test_it_stays_in_another_order_and_goes_with_another_filter() -> None:
    async with console(FixedEngine(catalog=busy(5))) as at:
        await filtered(at)
        await at.press("j")
        one = at.session
        await ends(at, one)
        await at.press("s")
        assert at.session.key == one.key
        await at.press("slash", *" row", "enter")
        await at.answered()
        assert one.key not in at.listed


async def test_a_selected_session_that_vanishes_is_named() -> None:
    async with console(FixedEngine(catalog=catalog_of(20))) as at:
        await at.press("j")
        one, after = at.session, at.listed[2]
        at.say("")
        await at.look(without(at.engine.catalog, one.key))
        assert at.session.key == after
        said = f"{one.session_id[:8]} is gone from the list: {after[1][:8]} is selected now"
        await at.until(lambda: at.message == said)
        await at.press("k")
        at.tick()
        await at.until(lambda: at.message == "")
