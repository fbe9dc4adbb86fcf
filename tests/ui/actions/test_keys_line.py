"""The line of keys names the panes, and what is most useful now: what is possible comes first."""

from __future__ import annotations

import pytest

from tests.support.console.harness import Console, console

WAITING = "Strategic buyers, pumps"


def keys(at: Console) -> str:
    return at.rows("bottom")[-1].strip()


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        (WAITING, "? help  q quit  1-4 panes  a answer  i interrupt  e extend  / filter"),
        ("First screen", "? help  q quit  1-4 panes  r resume  e extend  d delete  / filter"),
        (
            "PE platforms, DACH",
            "? help  q quit  1-4 panes  i interrupt  e extend  / filter  ! attention",
        ),
    ],
)
async def test_what_can_be_done_with_the_selection_fits_into_eighty_columns(
    title: str, shown: str
) -> None:
    async with console() as at:
        await at.choose(title)
        assert keys(at).startswith(shown)
        assert at.misfits == []


async def test_what_is_not_possible_stays_in_sight_behind_the_rest() -> None:
    async with console(size=(200, 50)) as at:
        await at.choose("First screen")
        line = keys(at)
        assert line.index("Tab pane") < line.index("a answer") < line.index("i interrupt")


async def test_undo_is_named_only_while_something_from_here_can_be_undone() -> None:
    async with console(size=(200, 50)) as at:
        await at.choose("First screen")
        assert "u undo" not in keys(at)
        await at.press("d")
        await at.asked()
        await at.press("y")
        await at.answered()
        await at.until(lambda: "u undo" in keys(at))
        await at.press("u")
        await at.answered()
        await at.until(lambda: "u undo" not in keys(at))


async def test_full_screen_live_and_a_page_have_their_own() -> None:
    async with console() as at:
        await at.choose(WAITING)
        await at.press("enter")
        assert keys(at).startswith(
            "? help  q back  1-4 panes  a answer  i interrupt  / search  n next match"
        )
        await at.press("question_mark")
        assert keys(at) == "? help  q back  / search  n next match  : verbs"
