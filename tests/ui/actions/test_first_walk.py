"""What a newcomer presses first: pages turn, refusals pass, and the guides can be found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.console.fixed_catalog import catalog
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import console
from tui.guides import topic_names


@pytest.mark.parametrize("keys", [("1", "r"), ("1", "space"), ("s",), ("n",), ("["), ("ctrl+c",)])
async def test_what_a_key_says_goes_with_the_next_key(keys: tuple[str, ...]) -> None:
    """A refusal that stays is read as the answer to whatever is pressed next."""
    async with console(size=(120, 36)) as at:
        await at.press("j", *keys)
        assert at.message
        await at.press("2")
        assert at.message == ""


async def test_what_was_done_stays_until_something_else_is_said() -> None:
    """Only what a key says is brief: the result of an action is read after the next key too."""
    async with console(size=(120, 36)) as at:
        await at.choose("Final list for the partner call")
        await at.press("d")
        await at.asked()
        await at.press("y")
        await at.answered()
        said = at.message
        await at.press("2")
        assert said
        assert at.message == said


async def test_space_and_b_turn_a_page() -> None:
    """Space marks in the panes, and over a page it was refused as a mark."""
    async with console() as at:
        await at.press("?")
        first = at.page_rows
        await at.press("space")
        assert at.message == ""
        assert at.page_rows != first
        await at.press("b")
        assert at.page_rows == first


async def test_the_help_names_every_guide() -> None:
    """Somebody in the console cannot know that there are guides, nor how to open one."""
    async with console() as at:
        await at.press("?")
        shown = at.page
        assert ":help TOPIC" in shown
        assert [name for name in topic_names() if name not in shown] == []


@pytest.mark.parametrize(("pane", "word"), [("2", "q quit"), ("3", "q back")])
async def test_the_bottom_line_says_where_q_leads(pane: str, word: str) -> None:
    """In 80 columns `q` goes from Expiry to Sessions, and "quit" keeps people from pressing it."""
    async with console() as at:
        await at.press(pane)
        assert word in at.rows()[-1]


async def test_an_open_group_of_failures_says_that_enter_hides_it() -> None:
    """It went on saying that Enter shows them."""
    async with console() as at:
        await at.press("j", "j", "enter")
        await at.until(lambda: "Enter hides them" in "".join(at.rows("live")))


async def test_a_root_without_listings_has_nothing_to_clean_up() -> None:
    """Without the guard it asks how to clean up "all 0 listings"."""
    async with console(size=(120, 36)) as at:
        await at.look(replace(catalog(), listings=()))
        await at.press("c")
        await at.answered()
        assert at.message == "there are no listings to clean up"


async def test_the_question_of_a_clean_up_ends_where_its_question_ends() -> None:
    """What could not be read stood before the question mark, as if it were asked about."""
    engine = FixedEngine()
    async with console(engine) as at:
        plan = engine.plan_cleanup
        engine.plan_cleanup = lambda *args: replace(  # type: ignore[method-assign]
            plan(*args), unreadable_listings=(("moss_end", "it is locked"),)
        )
        await at.press("c", "enter")
        await at.until(lambda: "to the trash" in at.message)
        assert at.message.endswith("to the trash? (moss_end: it is locked)")
