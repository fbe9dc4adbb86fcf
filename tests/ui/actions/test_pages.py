"""Pages over the panes: where they open, the `:` line in them, and what they leave alone."""

from __future__ import annotations

import pytest

from tests.support.console.catalog_edits import with_listing
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import console

LINES = tuple(f"line {number}" for number in range(60))


@pytest.mark.parametrize("keys", [("question_mark", "escape"), ("enter", "escape")])
@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_what_covered_the_panes_leaves_their_rows_where_they_were(
    keys: tuple[str, ...], size: tuple[int, int]
) -> None:
    async with console(size=size) as at:
        await at.press("j", "j", "j")
        before = at.rows("sessions")
        await at.press(keys[0])
        await at.look(with_listing(at.engine.catalog, "hollis_park"))
        await at.press(*keys[1:])
        assert at.view.row == 3
        assert at.rows("sessions") == before


async def test_what_only_reads_leaves_the_marks_and_its_page_says_how_many_it_is_about() -> None:
    async with console(FixedEngine(sayings={"show": LINES})) as at:
        await at.press("s", "space", "space", "space")
        marks = at.view.marks
        await at.enter("show")
        await at.until(lambda: at.view.is_page_open)
        assert ":show of 3 sessions" in at.rows("page")[0]
        assert len(at.page.split("\n")) == 180
        await at.press("q")
        assert at.view.marks == marks
        await at.press("escape")
        one = at.session
        await at.enter("show")
        await at.until(lambda: at.view.is_page_open)
        assert f":show {one.listing}/{one.session_id[:8]} " in at.rows("page")[0]


@pytest.mark.parametrize(("verb", "shown"), [("log", "line 59"), ("stats", "line 0")])
async def test_the_log_opens_at_its_end(verb: str, shown: str) -> None:
    async with console(FixedEngine(sayings={verb: LINES})) as at:
        await at.enter(verb)
        await at.until(lambda: at.view.is_page_open)
        await at.until(lambda: len(at.page_rows) > 1)
        assert shown in (at.page_rows[0], at.page_rows[-1])
        await at.press("k")
        top = 60 - len(at.page_rows) - 1 if verb == "log" else 0
        assert at.page_rows[0] == f"line {top}"


async def test_the_help_opens_over_a_page_and_the_same_key_leaves_it() -> None:
    async with console(FixedEngine(sayings={"stats": LINES})) as at:
        await at.enter("stats")
        await at.until(lambda: at.view.is_page_open)
        await at.press("question_mark")
        assert "Keys and verbs" in at.rows("page")[0]
        await at.press("question_mark")
        assert not at.view.is_page_open


async def test_the_verb_line_is_a_key_away_on_a_page() -> None:
    engine = FixedEngine(sayings={"stats": LINES, "info": LINES[:9], "ls": ("one line",)})
    async with console(engine) as at:
        await at.enter("stats")
        await at.until(lambda: at.view.is_page_open)
        await at.press("colon", "escape")
        await at.answered()
        assert at.view.is_page_open
        await at.enter("info")
        await at.until(lambda: ":info " in at.rows("page")[0])
        await at.enter("ls")
        await at.answered()
        assert not at.view.is_page_open
        assert at.message == "one line"
        await at.press("j")
        assert at.view.row == 1


async def test_a_list_that_a_question_showed_is_left_before_another_verb() -> None:
    async with console(FixedEngine(needs_yes={"purge"})) as at:
        await at.enter("purge")
        await at.asked()
        await at.press("l")
        await at.until(lambda: at.view.is_page_open)
        await at.press("colon")
        assert not at.view.is_question_open
        await at.press("q")
        await at.asked()
        assert at.message.startswith("would purge")


@pytest.mark.parametrize("typed", ["purge --yes", "purge --y", "delete --yes"])
async def test_no_word_takes_the_place_of_an_answer(typed: str) -> None:
    async with console(FixedEngine(needs_yes={"purge", "delete"})) as at:
        await at.choose("First screen")
        await at.enter(typed)
        await at.asked()
        await at.press("n")
        await at.answered()
        assert at.engine.asked == []


_CLOSINGS = {
    "page": (("question_mark",), "escape"),
    "page by its own key": (("question_mark",), "question_mark"),
    "page by q": (("question_mark",), "q"),
    "full Live": (("4", "enter"), "escape"),
    "full Live for a pane": (("4", "enter"), "2"),
    "pane over Sessions": (("3",), "escape"),
    "question": (("d",), "n"),
    "question by q": (("d",), "q"),
}


@pytest.mark.parametrize(("opens", "closes"), _CLOSINGS.values(), ids=list(_CLOSINGS))
async def test_a_quit_meant_for_what_has_just_closed_only_says_so(
    opens: tuple[str, ...], closes: str
) -> None:
    async with console() as at:
        await at.choose("Final list for the partner call")
        await at.press(*opens)
        await at.pause()
        if at.view.is_question_open:
            await at.asked()
        await at.press(closes)
        await at.answered()
        at.tick(seconds=1)
        await at.press("q")
        assert at.exit_code is None
        assert at.message == "that is closed already: q again quits"
        await at.press("q")
        assert at.exit_code is not None


async def test_a_page_that_a_verb_closed_is_not_there_for_q() -> None:
    engine = FixedEngine(sayings={"stats": LINES, "ls": ("one line",)})
    async with console(engine) as at:
        await at.enter("stats")
        await at.until(lambda: at.view.is_page_open)
        await at.enter("ls")
        await at.answered()
        await at.press("q")
        assert (at.exit_code, at.view.is_page_open) == (None, False)


@pytest.mark.parametrize(
    ("keys", "seconds"),
    [
        ((), 0),
        (("question_mark", "escape"), 2),
        (("d", "n"), 2),
        (("colon", "escape"), 0),
        (("question_mark", "escape", "j"), 0),
    ],
    ids=["at once", "a while after a page", "or a question", "after a line", "after a key"],
)
async def test_quit_is_fast_where_nothing_that_it_closes_was_just_there(
    keys: tuple[str, ...], seconds: int
) -> None:
    async with console() as at:
        await at.choose("Final list for the partner call")
        await at.press(*keys)
        at.tick(seconds=seconds)
        await at.press("q")
        assert at.exit_code is not None


async def test_a_request_is_left_by_q_and_by_escape_alike() -> None:
    async with console() as at:
        await at.choose("Strategic buyers, pumps")
        for key in ("q", "escape"):
            await at.press("a")
            await at.asked()
            assert at.view.is_page_open
            assert "q Esc back" in at.text("bottom")
            await at.press(key)
            await at.answered()
            assert (at.exit_code, at.view.is_page_open) == (None, False)
        assert at.engine.asked == []
