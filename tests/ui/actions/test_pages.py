"""Pages over the panes: what they leave behind, where they open, and the verb line inside them."""

from __future__ import annotations

import pytest

from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.piloted import Console, console

LINES = tuple(f"line {number}" for number in range(60))


async def say(at: Console, text: str) -> None:
    """Say a line at the `:` prompt."""
    await at.press("colon")
    await at.asked()
    at.panes.question.editor.insert(text)
    await at.press("enter")


@pytest.mark.parametrize("keys", [("question_mark", "escape"), ("enter", "escape")])
@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_what_covered_the_panes_leaves_their_rows_where_they_were(
    keys: tuple[str, ...], size: tuple[int, int]
) -> None:
    async with console(size=size) as at:
        await at.press("j", "j", "j", keys[0])
        at.screen.tick()
        at.panes.sessions.show(at.panes.sessions.keys)
        await at.press(*keys[1:])
        assert (at.panes.sessions.first, at.panes.sessions.index) == (0, 3)


async def test_what_only_reads_leaves_the_marks_and_its_page_says_how_many_it_is_about() -> None:
    async with console(FixedEngine(sayings={"show": LINES})) as at:
        await at.press("s", "space", "space", "space")
        marks = at.view.marks
        await say(at, "show")
        await at.until(lambda: at.panes.page.is_open)
        assert at.panes.page.title() == ":show of 3 sessions"
        assert len(at.panes.page.lines) == 180
        await at.press("q")
        assert at.view.marks == marks
        await at.press("escape")
        one = at.session
        await say(at, "show")
        await at.until(lambda: at.panes.page.is_open)
        assert at.panes.page.title() == f":show {one.listing}/{one.session_id[:8]}"


@pytest.mark.parametrize(("verb", "shown"), [("log", "line 59"), ("stats", "line 0")])
async def test_the_log_opens_at_its_end(verb: str, shown: str) -> None:
    async with console(FixedEngine(sayings={verb: LINES})) as at:
        await say(at, verb)
        await at.until(lambda: at.panes.page.is_open)
        await at.until(lambda: at.panes.page.body_height > 0)
        page = at.panes.page
        rows = [page.render_line(y).text.strip() for y in range(1, page.size.height)]
        assert shown in (rows[0], rows[-1])
        await at.press("k")
        assert page.top == max(0, (60 - page.body_height - 1) if verb == "log" else 0)


async def test_the_verb_line_is_a_key_away_on_a_page() -> None:
    engine = FixedEngine(sayings={"stats": LINES, "info": LINES[:9], "ls": ("one line",)})
    async with console(engine) as at:
        await say(at, "stats")
        await at.until(lambda: at.panes.page.is_open)
        await at.press("colon", "escape")
        await at.answered()
        assert at.panes.page.is_open
        await say(at, "info")
        await at.until(lambda: at.panes.page.title() == ":info")
        await say(at, "ls")
        await at.answered()
        assert not at.panes.page.is_open
        assert at.message == "one line"
        await at.press("j")
        assert at.panes.sessions.index == 1


async def test_a_list_that_a_question_showed_is_left_before_another_verb() -> None:
    async with console(FixedEngine(needs_yes={"purge"})) as at:
        await say(at, "purge")
        await at.asked()
        await at.press("l")
        await at.until(lambda: at.panes.page.is_open)
        await at.press("colon")
        assert not at.panes.question.is_open
        await at.press("q")
        await at.asked()
        assert at.message.startswith("would purge")


@pytest.mark.parametrize("typed", ["purge --yes", "purge --y", "delete --yes"])
async def test_no_word_takes_the_place_of_an_answer(typed: str) -> None:
    async with console(FixedEngine(needs_yes={"purge", "delete"})) as at:
        await at.choose("First screen")
        await say(at, typed)
        await at.asked()
        await at.press("n")
        await at.answered()
        assert at.engine.asked == []
