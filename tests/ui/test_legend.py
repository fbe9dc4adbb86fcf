"""The help explains every sign that is painted, and every colour in its own; one can search it."""

from __future__ import annotations

import pytest

from tests.support.console.fixed_catalog import NOW
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import Console, console
from tui.core.console.key_table import KEY_ACTIONS
from tui.core.console.line_keys import LINE_KEYS
from tui.core.models.entry import Entry, EntryKind
from tui.ui.widgets.pane import STYLES
from tui.view.panes.page import help_lines
from tui.view.text import signs

FRAME = set("─│┌┐├┤└┘")
SAID = (
    Entry(EntryKind.PROMPT, "Look", at=NOW),
    Entry(EntryKind.THINKING, "hm", at=NOW),
    Entry(EntryKind.TOOL, "ls", at=NOW, tool="Bash", tool_id="t", detail='{"command": "ls"}'),
    Entry(EntryKind.RESULT, "1 line", at=NOW, tool_id="t", detail="a"),
    Entry(EntryKind.RESULT, "1 line", at=NOW, tool_id="unknown"),
    Entry(EntryKind.TOOL, "sleep", at=NOW, tool="Bash", tool_id="u"),
    Entry(EntryKind.ERROR, "API error", at=NOW, is_error=True),
)


async def help_of(at: Console) -> str:
    await at.press("question_mark")
    page = at.page
    await at.press("question_mark")
    return page


def odd(text: str) -> set[str]:
    """Return the signs in a text: what is neither a letter nor ASCII nor a frame."""
    return {one for one in text if not (one.isascii() or one.isalnum())} - FRAME


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50)])
async def test_every_sign_that_is_painted_is_explained(size: tuple[int, int]) -> None:
    async with console(FixedEngine(stream=SAID), size=size) as at:
        explained = odd(await help_of(at))
        painted = set[str]()
        stream = (("4",), ("enter", "t"), ("G",))  # before the selection moves, and it goes
        for keys in (("1",), ("3",), ("2",), *stream, ("escape", "j", "j", "enter")):
            await at.press(*keys)
            painted |= odd("".join(at.rows()))
        assert {"•", "∴", "▸"} <= painted
        assert painted - explained == set()


async def test_the_legend_is_made_of_the_table_the_panes_draw_from() -> None:
    async with console() as at:
        page = " ".join((await help_of(at)).split())
        for one in (*signs.TOP_LINE, *signs.LISTS, *signs.STREAM, *signs.COLOURS):
            assert f"{one.sign.strip()} {one.means}" in page


def test_each_colour_is_shown_in_its_own() -> None:
    cells = [cell for line in help_lines((), (), (), 80) for cell in line]
    for one in signs.COLOURS:
        assert one.sign in STYLES
        assert [cell.text.strip() for cell in cells if cell.style == one.sign][-1] == one.sign


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_one_searches_the_help_and_it_says_so(size: tuple[int, int]) -> None:
    async with console(size=size) as at:
        await at.press("question_mark")
        assert "/ search  n next match" in at.rows("bottom")[-1]
        for typed, sought in (("zebra", "zebra"), ("quagga", "quagga"), ("", "quagga")):
            await at.press("slash", *typed, "enter")
            await at.until(lambda: f"{sought} was not found" in at.message)  # noqa: B023
            await at.press("end")
            assert at.message == ""
        await at.press("slash", *"lies outside", "enter")
        await at.answered()
        assert at.message.endswith(": n next, N previous")
        number, _, total = at.message.partition(":")[0].partition(" of ")
        assert (number, int(total) > 0) == ("1", True)
        assert any("↗ stray" in row for row in at.page_rows)
        await at.press("slash", "ctrl+u", *"no such word", "enter")
        await at.answered()
        assert at.message == "no such word was not found"


@pytest.mark.parametrize("sought", ["<1h", "+21", "moved", "-1d+"])
async def test_what_the_titles_show_is_found(sought: str) -> None:
    """Every title showed `↓12 <1h +21`, and the help did not know `<1h`."""
    async with console(size=(80, 24)) as at:
        await at.press("question_mark", "slash", *sought, "enter")
        await at.answered()
        assert at.message.endswith(": n next, N previous")


async def test_every_key_is_in_it() -> None:
    async with console() as at:
        page = await help_of(at)
        for one in KEY_ACTIONS:
            assert at.engine.keys.signs(one.name) in page


async def test_the_keys_of_an_open_line_are_in_it_and_do_what_it_says() -> None:
    async with console() as at:
        page = " ".join((await help_of(at)).split())
        for key, does in LINE_KEYS:
            assert f"{key} {does}" in page
        await at.choose("First screen")
        await at.press("r")
        await at.asked()
        await at.press(*"one two", "ctrl+a", *"x", "ctrl+e", "alt+enter", *"three four", "ctrl+w")
        assert at.typed == "xone two\nthree "
        await at.press("up", "ctrl+k", "ctrl+j", "down", "ctrl+e", "ctrl+u")
        assert at.typed == "xone t\n\n"
