"""What is in sight before anything is granted: the tool, whatever was sent along, and when."""

from __future__ import annotations

import pytest

from tests.fixed_catalog import NOW
from tests.piloted import console
from tests.test_ui_answering import TITLE, asking, page_through
from tui.cli.asked import asked_lines
from tui.core.request import Request

LONG = "mcp__" + "read_the_table_of_buyers_and_show_it_" * 3 + "and_then_delete_all"


def joined(rows: list[str]) -> str:
    """Return rows as one text: the rows that go on with the one above are put behind it."""
    return "".join(row.strip(" │").removeprefix("> ") for row in rows)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_the_whole_name_of_the_tool_is_in_sight_before_it_is_allowed(
    size: tuple[int, int],
) -> None:
    async with console(asking(LONG, {"path": "a"}), size=size) as at:
        await at.choose(TITLE)
        await at.until(lambda: f"wants {LONG}" in joined(at.rows(at.screen.live)))
        await at.press("a")
        await at.asked()
        assert LONG in joined(await page_through(at))
        assert at.message.startswith("allow mcp__")
        assert "delete_all for " in at.message
        await at.press("A")
        await at.until(lambda: "type always" in at.message)
        assert "delete_all" in at.message


def test_the_command_line_names_the_tool_and_shows_what_hides_in_it() -> None:
    said = list(asked_lines(Request("1", f"{LONG}\u200b", {"path": "a"}, NOW), NOW))
    assert said[0] == f"tool: {LONG}\\u200b"
