"""What finished, and what this operator has not seen of it, comes right after what needs somebody.

A shift that comes back must find the night's results on top, and each until it was read.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.support.console.catalog_edits import with_session, without
from tests.support.console.fixed_catalog import NOW
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import Console, console
from tests.support.console.many_sessions import catalog_of, sessions_of
from tui.core.models.catalog import Catalog
from tui.core.models.row import Status
from tui.core.models.session import Acknowledgement, Liveness
from tui.core.sessions.attention import Need, mark_of

BUSY: dict[str, Any] = {"liveness": Liveness.BUSY, "last_activity_at": NOW}


def with_facts(catalog: Catalog, title: str, **facts: Any) -> Catalog:
    """Return the catalog with these facts of a session changed."""
    return with_session(catalog, sessions_of(catalog)[title].key, **facts)


def ended(catalog: Catalog, *titles: str) -> Catalog:
    """Return the catalog after these have finished, one after the other."""
    for number, title in enumerate(titles):
        wrote = NOW + timedelta(seconds=number)
        catalog = with_facts(catalog, title, liveness=Liveness.NONE, last_activity_at=wrote)
    return catalog


async def finishing(at: Console, *names: str) -> None:
    """Let sessions finish while nobody is there."""
    await at.look(ended(at.engine.catalog, *names))
    at.tick(seconds=10)


def row_with(at: Console, words: str) -> str:
    """Return the row with these words, with single blanks."""
    return next(" ".join(row.split()) for row in at.rows("sessions") if words in row)


def dots(at: Console) -> int:
    """Return how many rows in sight have a dot."""
    return sum("•" in row for row in at.rows("sessions"))


def titles(at: Console) -> list[str]:
    """Return the titles of the first rows."""
    named = {one.key: one.title for one in at.engine.catalog.sessions}
    return [named.get(key, "group") for key in at.listed[:9]]


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_what_finished_unseen_comes_after_needs_and_before_what_runs(
    size: tuple[int, int],
) -> None:
    catalog = with_facts(catalog_of(300), "row 0200", **BUSY)
    catalog = with_facts(catalog, "row 0250", liveness=Liveness.WAITING)
    async with console(FixedEngine(catalog=catalog), size) as at:
        assert titles(at)[:3] == ["row 0250", "row 0200", "row 0000"]
        await finishing(at, "row 0299", "row 0270")
        assert titles(at)[:4] == ["row 0250", "row 0270", "row 0299", "row 0200"]
        for title in ("row 0270", "row 0299"):
            assert "•" in row_with(at, title)
            assert "ready" in row_with(at, title)


async def test_what_needs_somebody_or_is_settled_is_not_called_finished() -> None:
    """An acknowledged failure would come back to the top of the list, again and again."""
    facts = {"status": Status.FAILED, "reason": "no such tool"}
    catalog = with_facts(ended(catalog_of(60), "row 0050"), "row 0050", **facts)
    async with console(FixedEngine(catalog=catalog)) as at:
        assert titles(at)[0] == "row 0050"
        ack = Acknowledgement("anna", NOW, mark_of(at.session, Need.FAILED))
        await at.look(with_session(catalog, at.session.key, ack=ack))
        at.tick(seconds=10)
        assert "row 0050" not in titles(at)


async def test_what_is_read_stays_in_its_place_until_another_one_is_read() -> None:
    """It would drop out of sight a second after one began to read it."""
    catalog = ended(catalog_of(300), "row 0200", "row 0201")
    async with console(FixedEngine(catalog=catalog)) as at:
        assert titles(at)[:2] == ["row 0201", "row 0200"]
        await at.press("j")
        for _ in range(5):
            at.tick(seconds=2)
        assert "•" not in row_with(at, "row 0200")
        assert titles(at)[:2] == ["row 0201", "row 0200"]
        await at.press("k")
        for _ in range(5):
            at.tick(seconds=2)
        assert titles(at)[:2] == ["row 0201", "row 0000"]
        assert "row 0200" not in titles(at)
        await at.press("j")
        for _ in range(5):
            at.tick(seconds=2)
        await at.press("g")
        at.tick(seconds=10)
        assert titles(at)[0] == "row 0201"  # it is selected: it does not leave the sight


async def test_nothing_that_came_to_the_top_by_itself_is_seen_while_nobody_is_there() -> None:
    """Night after night each result would count as read, a second after the one before."""
    catalog = ended(catalog_of(300), *(f"row 02{number:02}" for number in range(4)))
    async with console(FixedEngine(catalog=catalog)) as at:
        for _ in range(30):
            at.tick(seconds=2)
            await at.look(replace(at.engine.catalog, at=at.engine.moment))
        assert dots(at) == 4
        await at.press("j")
        assert dots(at) == 3
        assert "•" not in row_with(at, "row 0203")


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_five_and_more_that_finished_are_one_row_that_enter_opens(
    size: tuple[int, int],
) -> None:
    names = [f"row 02{number:02}" for number in range(7)]
    async with console(FixedEngine(catalog=catalog_of(300)), size) as at:
        await finishing(at, *names)
        assert titles(at)[:2] == ["group", "row 0000"]
        assert "▸ finished not seen yet \u00d77 since 14:30" in row_with(at, "not seen")
        assert dots(at) == 1
        await at.until(lambda: "7 sessions have finished" in at.text("live"))
        await at.press("enter")
        assert titles(at)[:8] == ["group", *reversed(names)]
        assert at.view.marks == frozenset()
        await at.press("enter")
        assert titles(at)[:2] == ["group", "row 0000"]
        await at.press("space")
        assert at.text("sessions").count("7 marked") == 1


async def test_four_that_finished_stand_for_themselves() -> None:
    names = [f"row 02{number:02}" for number in range(4)]
    async with console(FixedEngine(catalog=catalog_of(300))) as at:
        await finishing(at, *names)
        assert titles(at)[:4] == [*reversed(names)]


async def test_reading_one_after_the_other_in_an_open_group_moves_no_row() -> None:
    names = [f"row 02{number:02}" for number in range(6)]
    async with console(FixedEngine(catalog=catalog_of(300))) as at:
        await finishing(at, *names)
        await at.press("enter")
        before = titles(at)
        for _ in range(6):
            await at.press("j")
            at.tick(seconds=2)
            at.tick(seconds=7)
            await at.look(replace(at.engine.catalog, at=at.engine.moment))
            assert titles(at) == before
        assert dots(at) == 1
        await at.press("O")
        assert "group" not in titles(at)


async def test_an_order_by_a_column_has_no_groups_of_what_finished() -> None:
    names = [f"row 02{number:02}" for number in range(7)]
    async with console(FixedEngine(catalog=catalog_of(300))) as at:
        await finishing(at, *names)
        await at.press("s")
        assert titles(at)[0] == "row 0000"


@pytest.mark.parametrize("filtered", [False, True])
async def test_after_an_undo_the_cursor_goes_to_what_came_back(filtered: bool) -> None:
    catalog = catalog_of(300)
    async with console(FixedEngine(catalog=catalog)) as at:
        await at.press("j", "j", "d")
        await at.asked()
        deleted = at.about[0]
        await at.press("y")
        await at.answered()
        await at.look(without(catalog, deleted.key))
        await at.press("G")
        if filtered:
            await at.press("/")
            await at.asked()
            await at.press(*"0299", "enter")
            await at.answered()
        await at.press("u")
        if await at.asked_or_over():
            await at.press("y")
        await at.answered()
        assert at.session.title == "row 0299"
        await at.look(catalog)
        assert at.session.title == ("row 0299" if filtered else deleted.title)
        if not filtered:
            assert deleted.title in at.text("sessions")
            await at.press("j")
            await at.look(replace(catalog, at=NOW))
            assert at.session.title == "row 0003"


async def test_who_moves_on_before_it_is_back_stays_there() -> None:
    catalog = catalog_of(300)
    async with console(FixedEngine(catalog=catalog)) as at:
        await at.press("j", "j", "d")
        await at.asked()
        key = at.about[0].key
        await at.press("y")
        await at.answered()
        await at.look(without(catalog, key))
        await at.press("u")
        await at.answered()
        await at.press("G")
        await at.look(catalog)
        assert at.session.title == "row 0299"
