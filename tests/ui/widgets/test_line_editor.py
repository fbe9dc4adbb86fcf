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
    assert LineEditor(before, "after").pasted(pasted) == found


async def test_what_is_pasted_in_pieces_does_not_run_together() -> None:
    async with console() as at:
        await at.press("slash")
        await at.asked()
        for piece in ("\nfirst ", "second\r\n", "third", "\t", "fourth"):
            await at.paste(piece)
        await at.press("enter")
        await at.answered()
        assert at.view.query.filter == "first second third fourth"


LINES = ("one\n  two\t2", "\n\nfour")


def pressed(keys: str, editor: LineEditor) -> tuple[str, str]:
    for key in keys.split():
        editor.press(key, key if len(key) == 1 else None)
    return editor.before, editor.after


@pytest.mark.parametrize(
    ("keys", "before", "after"),
    [
        ("home", "one\n", "  two\t2\n\nfour"),
        ("end", "one\n  two\t2", "\n\nfour"),
        ("up", "one", "\n  two\t2\n\nfour"),
        ("up up", "", "one\n  two\t2\n\nfour"),
        ("down", "one\n  two\t2\n", "\nfour"),
        ("left down", "one\n  two\t2\n", "\nfour"),
        ("down down", "one\n  two\t2\n\n", "four"),
        ("home right down down end down", "one\n  two\t2\n\nfour", ""),
        ("home right right down up", "one\n", "  two\t2\n\nfour"),
        ("ctrl+u", "one\n", "\n\nfour"),
        ("home ctrl+u", "one\n", "  two\t2\n\nfour"),
        ("home ctrl+k", "one\n", "\n\nfour"),
        ("home ctrl+w", "", "  two\t2\n\nfour"),
        ("alt+enter x", "one\n  two\t2\nx", "\n\nfour"),
        ("ctrl+j x", "one\n  two\t2\nx", "\n\nfour"),
        ("home backspace", "one", "  two\t2\n\nfour"),
    ],
)
def test_keys_move_and_edit_within_lines(keys: str, before: str, after: str) -> None:
    assert pressed(keys, LineEditor(*LINES, has_lines=True)) == (before, after)


@pytest.mark.parametrize("key", ["alt+enter", "ctrl+j", "up", "down"])
def test_a_single_line_stays_one(key: str) -> None:
    editor = LineEditor("go", "on")
    pressed(key, editor)
    assert editor.text == "goon"
    assert editor.pasted("a\nb") == "a b"


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (0, [" > |0", "   1", " … 2"]),
        (1, [" > 0", "   |1", " … 2"]),
        (2, [" … 1", "   |2", " … 3"]),
        (3, [" … 2", "   |3", "   4"]),
        (4, [" … 2", "   3", "   |4"]),
    ],
)
def test_of_many_lines_those_around_the_cursor_are_shown(at: int, shown: list[str]) -> None:
    lines = ["0", "1", "2", "3", "4"]
    before = "".join(f"{one}\n" for one in lines[:at])
    editor = LineEditor(before, "\n".join(lines[at:]), has_lines=True)
    rows = editor.rows(20, 3)
    found = ["".join("|" * (c.style == "current") + c.text for c in row).rstrip() for row in rows]
    assert found == shown
