"""Pasted text goes into the line with its words kept apart."""

from __future__ import annotations

import pytest

from tests.support.console.harness import console
from tui.ui.widgets.line_editor import LineEditor


@pytest.mark.parametrize(
    ("before", "pasted", "found"),
    [
        ("", "one", "one"),
        ("", " \tone\r\n", "one "),
        ("go", " on\n", " on "),
        ("go", "on", "on"),
        ("go ", "\n on", "on"),
        ("go", "\x1b[31m\ton\x1b[0m\r", " on "),
        ("go", " \r\n ", " "),
        ("go", "", ""),
        ("go", "\x1b[31m", ""),
    ],
)
def test_pieces_keep_one_space_where_they_had_any(before: str, pasted: str, found: str) -> None:
    assert LineEditor(before, "after").in_line(pasted) == found


async def test_what_is_pasted_in_pieces_does_not_run_together() -> None:
    async with console() as at:
        await at.choose("First screen")
        await at.press("r")
        await at.asked()
        for piece in ("\nfirst ", "second\r\n", "third", "\t", "fourth"):
            await at.paste(piece)
        await at.press("enter")
        await at.answered()
        assert at.engine.asked[-1][-1] == "first second third fourth"
