"""A stored picture: it comes back as it was, and nothing else in one goes to a terminal."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.core.console.picture import Cell, Picture, Rows, from_json, to_json
from tui.core.text.safe_text import cell_width, safe_text

AT = datetime(2026, 11, 30, 3, 12, tzinfo=UTC)
PENS = ("", "1", "38;5;12", "38;2;1;2;3;48;5;255;7", "31;44", "97;101;4;9")
ROWS: Rows = (
    (("a", ""), ("b", "1"), (" ", ""), ("c", "38;5;12")),
    (("漢", "31;44"), ("", "31;44"), ("é", ""), ("z", "7")),
)


def picture(rows: Rows = ROWS) -> Picture:
    return Picture(rows=rows, at=AT, erasure="7:a:b", drawn_for="256")


def facts(**changed: Any) -> str:
    return json.dumps({**json.loads(to_json(picture())), **changed})


def test_a_picture_comes_back_as_it_was() -> None:
    assert from_json(to_json(picture()), (4, 2)) == picture()


@given(st.lists(st.tuples(st.text(max_size=2), st.sampled_from(PENS)), min_size=1, max_size=9))
def test_every_row_of_safe_text_comes_back(parts: list[tuple[str, str]]) -> None:
    row: list[Cell] = []
    for text, pen in parts:
        for char in safe_text(text):
            if char not in "\n\t" and (width := cell_width(char)):
                row += [(char, pen), *[("", pen)] * (width - 1)]
    if row:
        rows = (tuple(row),)
        assert from_json(to_json(picture(rows)), (len(row), 1)).rows == rows


@given(st.recursive(st.none() | st.integers() | st.text(max_size=9), st.lists, max_leaves=9))
def test_whatever_stands_in_its_place_is_refused(value: Any) -> None:
    for name in ("form", "styles", "rows", "erasure", "drawn_for", "at"):
        given_back = json.loads(to_json(picture()))[name]
        if value != given_back and not (name == "at" and isinstance(value, int)):
            if name in ("erasure", "drawn_for") and isinstance(value, str):
                continue
            if name == "styles" and value == []:
                value = [[1]]
            with pytest.raises(ValueError, match=r".*"):
                from_json(facts(**{name: value}), (4, 2))


@pytest.mark.parametrize(
    "rows",
    [
        [["ab c", 0]],  # a row too few
        [["ab c", 0]] * 3,
        [["ab ", 0], ["abcd", 0]],
        [["ab cd", 0], ["abcd", 0]],
        [["漢漢漢", 0], ["abcd", 0]],
        [["\u0301bcd", 0], ["abcd", 0]],  # a mark on nothing
        [["a\u0301\u0301\u0301\u0301\u0301bcd", 0], ["abcd", 0]],
        [["a\x1b[2Jbcd", 0], ["abcd", 0]],
        [["a\x9b2Jb", 0], ["abcd", 0]],
        [["ab\nc", 0], ["abcd", 0]],
        [["ab\tc", 0], ["abcd", 0]],
        [["ab\rc", 0], ["abcd", 0]],
        [["ab\u202ec", 0], ["abcd", 0]],
        [["ab\u200bc", 0], ["abcd", 0]],
        [["ab\ud800c", 0], ["abcd", 0]],
        [["a\x1b", 0, "[2J", 0], ["abcd", 0]],  # in two runs
        [["abcd", -1], ["abcd", 0]],
        [["abcd", 99], ["abcd", 0]],
        [["abcd", True], ["abcd", 0]],
        [["abcd"], ["abcd", 0]],
        [[0, "abcd"], ["abcd", 0]],
        [["a" * 100_000, 0], ["abcd", 0]],
    ],
)
def test_a_row_that_no_console_wrote_is_refused(rows: list[Any]) -> None:
    with pytest.raises(ValueError, match=r".*"):
        from_json(facts(rows=rows), (4, 2))


@pytest.mark.parametrize(
    "style",
    [
        *([0], [10], [38], [38, 5], [38, 5, 256], [38, 5, -1], [38, 2, 1, 2], [48, 3, 1]),
        *([1.0], ["1"], [True], ["1m\x1b[2J"], [1049], [1] * 33, "1", 1, None),
    ],
)
def test_a_style_that_is_no_style_is_refused(style: Any) -> None:
    with pytest.raises(ValueError, match=r".*"):
        from_json(facts(styles=[style] * 9), (4, 2))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000, '{"form": 2}'])
def test_what_is_no_picture_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        from_json(text, (4, 2))


def test_a_moment_that_is_none_is_refused() -> None:
    for at in (10**30, -(10**30), True, 1.5, 0, 253402300799, -62135596800):
        with pytest.raises(ValueError, match=r".*"):
            from_json(facts(at=at), (4, 2))


def test_a_pen_that_is_not_made_of_numbers_is_never_stored() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        to_json(picture(((("a", "1m\x1b["),),)))
