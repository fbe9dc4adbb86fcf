"""The selection stays on its session when a filter lets go of it, and a row that is gone is named.

Otherwise the next key would act on a session that nobody chose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest

from tests.support.console.catalog_edits import with_session, without
from tests.support.console.fixed_catalog import NOW
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import Console, console
from tests.support.console.many_sessions import catalog_of, sessions_of
from tui.core.console.pane_table import LISTINGS
from tui.core.models.catalog import Catalog
from tui.core.models.row import Status
from tui.core.models.session import Key, Liveness, Session

REFUSED = " is gone: j or k selects another row"


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


def selected_rows(at: Console) -> list[str]:
    """Return the painted rows that have the sign of the selection."""
    return [row for row in at.rows("sessions")[1:] if row.lstrip("│ ").startswith(">")]


def selected_key(at: Console) -> Key | None:
    """Return the key of the selected row."""
    return at.view.selected.key if at.view.selected else None


def marked(at: Console) -> str:
    """Return the painted row that has the sign of the selection."""
    return selected_rows(at)[0]


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


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_where_the_selected_session_was_nothing_is_selected_until_one_moves(
    size: tuple[int, int],
) -> None:
    async with console(FixedEngine(catalog=catalog_of(20)), size) as at:
        await at.press("j", "j")
        one, (_, before, _, after) = at.session, at.listed[:4]
        await at.look(without(at.engine.catalog, one.key))
        said = f"{one.session_id[:8]} is gone: nothing is selected until you move"
        await at.until(lambda: "nothing is selected until you move" in at.text("live"))
        await at.until(lambda: at.message == said)
        assert (at.targets.all, selected_rows(at)) == ((), [])
        for key in ("d", "e", "r", "i", "a", "y", "space", "enter", "4", "d", "i", "a", "2"):
            await at.press(key)
            assert not at.view.is_question_open, key
            assert key in "42" or at.message.endswith(REFUSED)
        assert (at.view.marks, at.view.is_full, at.engine.asked) == (frozenset(), False, [])
        await at.press("k")
        assert at.session.key == before
        await at.press("j")
        assert at.session.key == after
        at.tick()
        await at.until(lambda: at.message == "")


@pytest.mark.parametrize("key", ["j", "k"])
async def test_one_moves_from_a_row_that_is_gone_to_those_beside_it(key: str) -> None:
    async with console(FixedEngine(catalog=catalog_of(20))) as at:
        await at.press("j", "j")
        listed = at.listed
        await at.look(without(at.engine.catalog, at.session.key))
        await at.press(key)
        assert at.session.key == listed[3 if key == "j" else 1]


async def test_one_of_which_only_a_row_is_left_does_not_stay() -> None:
    """The next key could do nothing with it."""
    async with console(FixedEngine(catalog=busy(5))) as at:
        await filtered(at)
        await at.press("j")
        one = at.session
        gone = {"liveness": Liveness.NONE, "transcript": None, "status": Status.DELETED}
        await at.look(with_session(at.engine.catalog, one.key, **gone))
        assert one.key not in at.listed
        said = f"{one.session_id[:8]} is gone: nothing is selected until you move"
        await at.until(lambda: at.message == said)


async def test_a_selected_session_that_comes_back_is_selected_again() -> None:
    """A listing that could not be read for a second."""
    async with console(FixedEngine(catalog=catalog_of(20))) as at:
        await at.press("j", "j")
        one, catalog = at.session, at.engine.catalog
        await at.look(without(catalog, one.key))
        await at.look(catalog)
        assert at.session.key == one.key
        await at.until(lambda: "is gone" not in at.message)


async def test_what_the_operator_deletes_leaves_the_cursor_on_the_next() -> None:
    async with console(FixedEngine(catalog=catalog_of(20))) as at:
        await at.press("j")
        one, after = at.session, at.listed[2]
        await at.press("d")
        await at.asked()
        await at.press("y")
        await at.answered()
        await at.look(without(at.engine.catalog, one.key))
        assert at.session.key == after


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_no_key_in_expiry_meets_the_neighbour_of_a_session_that_is_gone(
    size: tuple[int, int],
) -> None:
    async with console(FixedEngine(catalog=catalog_of(20)), size) as at:
        await at.press("3", "j", "j")
        one, after = at.session, at.listed[3]
        await at.look(without(at.engine.catalog, one.key))
        for key in ("d", "e", "enter"):
            await at.press(key)
            assert not at.view.is_question_open
            assert not at.view.is_full
        assert at.message.endswith(REFUSED)
        await at.press("j")
        assert at.session.key == after


async def test_a_clean_up_does_not_take_every_listing_when_the_selected_one_is_gone() -> None:
    async with console(FixedEngine(catalog=catalog_of(20))) as at:
        await at.choose_listing("beacon")
        left = tuple(one for one in at.engine.catalog.listings if one.listing_id != "beacon")
        await at.look(replace(at.engine.catalog, listings=left))
        for key in ("c", "enter"):
            await at.press(key)
            assert at.message.endswith(REFUSED)
            assert (at.view.is_question_open, at.view.query.listing) == (False, "")
            assert at.view.pane == LISTINGS
        await at.press("k")
        assert at.view.listing == "alder"


async def test_what_the_filter_no_longer_takes_is_neither_counted_nor_marked_with_all() -> None:
    async with console(FixedEngine(catalog=busy(5))) as at:
        await filtered(at)
        await at.press("j")
        one, listed = at.session, at.listed
        await ends(at, one)
        assert one.title in marked(at)
        assert "/live 4" in " ".join(at.rows("sessions")[0].split())
        await at.press("*")
        assert at.view.marks == {key for key in listed if key != one.key}
        assert {each.key for each in at.targets.all} == at.view.marks
        await at.press("*")
        assert at.view.marks == frozenset()
        assert at.targets.all == (at.session,)


async def test_a_mark_on_what_the_filter_no_longer_takes_is_left_out_and_named() -> None:
    async with console(FixedEngine(catalog=busy(5))) as at:
        await filtered(at)
        await at.press("*", "j")
        one = at.session
        await ends(at, one)
        assert one.key not in {each.key for each in at.targets.all}
        await at.press("e")
        await at.asked()
        assert "4 sessions in" in at.text("bottom")
        assert "1 marked but hidden: left out" in at.text("bottom")


def failing(catalog: Catalog, titles: Sequence[str], reason: str) -> Catalog:
    """Return the catalog after these failed for that reason; for none they run again."""
    facts = {"status": Status.FAILED, "reason": reason, "liveness": Liveness.NONE}
    running = {"status": Status.ACTIVE, "reason": "", "liveness": Liveness.BUSY}
    for title in titles:
        key = sessions_of(catalog)[title].key
        catalog = with_session(catalog, key, **(facts if reason else running))
    return catalog


async def test_a_selected_group_that_dissolves_selects_nothing_and_says_so() -> None:
    names = [f"row 00{number}" for number in range(10, 14)]
    async with console(FixedEngine(catalog=catalog_of(20))) as at:
        catalog = failing(at.engine.catalog, names, "401 invalid key")
        await at.look(catalog)
        await at.press("g")
        assert len(at.targets.all) == 4
        await at.look(failing(catalog, names[:2], ""))
        at.tick(seconds=20)
        said = "the group of 4 is gone: nothing is selected until you move"
        await at.until(lambda: at.message == said)
        await at.press("d")
        assert not at.view.is_question_open
        assert not at.targets.all
        assert at.message.endswith(REFUSED)
        await at.look(catalog)
        at.tick(seconds=20)
        assert len(at.targets.all) == 4


async def test_what_a_group_cannot_do_is_said_of_a_group() -> None:
    catalog = catalog_of(20)
    titles = [f"row {number:04}" for number in range(4)]
    async with console(FixedEngine(catalog=catalog)) as at:
        at.tick(seconds=30)
        await at.look(failing(catalog, titles, "401 invalid key"))
        at.tick(seconds=30)
        await at.press("g", "a")
        assert at.message == "a group is selected, not one of its sessions: Enter shows them"
        await at.press("enter", "escape", "a")
        assert at.message == "a group is selected, not one of its sessions: they are below it"


async def test_a_group_that_fails_for_another_cause_stays_selected() -> None:
    names = [f"row 00{number}" for number in range(10, 14)]
    async with console(FixedEngine(catalog=catalog_of(20))) as at:
        catalog = failing(at.engine.catalog, names, "401 invalid key")
        await at.look(catalog)
        await at.press("g")
        await at.look(failing(catalog, names, "529 overloaded"))
        at.tick(seconds=20)
        assert {one.title for one in at.targets.all} == set(names)


async def test_a_session_that_a_closed_group_takes_in_leaves_the_selection_on_the_group() -> None:
    names = [f"row 00{number}" for number in range(10, 14)]
    async with console(FixedEngine(catalog=catalog_of(20))) as at:
        await at.press(*"jjjjjjjjjjj")
        assert at.session.title == names[1]
        await at.look(failing(at.engine.catalog, names, "401 invalid key"))
        at.tick(seconds=20)
        assert at.session.title == names[1]
        one = at.session
        await at.press("O")
        assert {each.title for each in at.targets.all} == set(names)
        said = f"{one.session_id[:8]} is in a group now: the 4 of it are selected"
        await at.until(lambda: at.message == said)


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_happens_keys_act_on_what_is_selected_or_on_its_group_or_on_nothing(
    seed: int,
) -> None:
    dice = Random(seed)  # noqa: S311 (a test's choices)
    async with console(FixedEngine(catalog=catalog_of(12))) as at:
        for _ in range(30):
            await at.press(*dice.choices("jkgGO", k=dice.randrange(1, 4)), "j")
            chosen, key = {one.key for one in at.targets.all}, selected_key(at)
            for _ in range(3):
                catalog = at.engine.catalog
                there = sessions_of(catalog)
                names = dice.sample(sorted(there), min(len(there), dice.randrange(6)))
                reason = dice.choice(("", "401 invalid key", "529 overloaded"))
                catalog = failing(catalog, names, reason)
                if len(there) > 6 and dice.random() < 0.4:
                    catalog = without(catalog, there[dice.choice(sorted(there))].key)
                await at.look(catalog)
                at.tick(seconds=dice.choice((1, 20)))
                now = {one.key for one in at.targets.all}
                is_same = key is not None and selected_key(at) == key
                assert not now or now >= chosen or is_same, (now, chosen)
                chosen, key = now or chosen, selected_key(at) or key
