"""Markdown as cells: aligned, never too wide, and no text is lost."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.core.text.safe_text import cell_width, safe_text
from tui.view.text.lines import Line
from tui.view.text.markdown import markdown_lines, numbered_markdown

PIECES = st.sampled_from(
    ["# ", "**", "*", "`", "```\n", "| a | b |\n|---|--:|\n", "> ", "- ", "1. ", "[x](u)", "漢字",
     "\U0001f600", "word ", "\n", "\n\n", "  ", "\t", "|", "\\", "___", "e\u0301", "a" * 50]
)  # fmt: skip
TEXTS = st.lists(PIECES | st.text(max_size=8), max_size=30).map("".join).map(safe_text)


def text(line: Line) -> str:
    return "".join(cell.text for cell in line)


def shown(source: str, width: int = 40) -> list[str]:
    return [text(line).rstrip() for line in markdown_lines(source, width)]


def styles(source: str) -> list[tuple[str, str]]:
    return [(cell.text, cell.style) for line in markdown_lines(source, 60) for cell in line]


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("# Title #", ["Title"]),
        ("#hashtag", ["#hashtag"]),
        ("one\ntwo", ["one", "two"]),
        ("a\n\n\n\nb\n\n", ["a", "", "b"]),
        ("- first that is long enough to be wrapped\n  - deep",
         ["- first that is long enough to be", "  wrapped", "  - deep"]),
        ("10. tenth", ["10. tenth"]),
        ("> quoted\n> > twice", ["│ quoted", "│ │ twice"]),
        ("```py\nx  =  1\n```\nafter", ["│ x  =  1", "after"]),
        ("~~~\nopen to the end", ["│ open to the end"]),
        ("````\n```\n````", ["│ ```"]),
        ("see [the deal](https://e.x/a_(b)) now", ["see the deal (https://e.x/a_(b)) now"]),
        ("[https://e.x](https://e.x)", ["https://e.x"]),
        ("***", ["─" * 40]),
        ("snake_case_name 2*3*4 \\*kept\\*", ["snake_case_name 2*3*4 *kept*"]),
        ("**open `code", ["**open `code"]),
        ("<b>tag</b> &amp;", ["<b>tag</b> &amp;"]),
    ],
)  # fmt: skip
def test_blocks_and_spans(source: str, lines: list[str]) -> None:
    assert shown(source) == lines


def test_words_have_the_style_that_their_marks_say() -> None:
    assert styles("a **bold `code`** *soft* `x`") == [
        ("a ", ""), ("bold ", "strong"), ("code", "code"), (" ", ""), ("soft", "emphasis"),
        (" ", ""), ("x", "code"),
    ]  # fmt: skip
    assert styles("## Head **more**") == [("Head more", "heading")]


def test_a_table_is_aligned_in_cells_and_wraps_within_its_columns() -> None:
    source = "| Name | Deals |\n|:---|---:|\n| 漢字 Corp | 9 |\n| a \\| b | 1,234 |"
    assert shown(source) == [
        "Name       Deals",
        "─────────  ─────",
        "漢字 Corp      9",
        "a | b      1,234",
    ]
    narrow = shown("|A|B|\n|-|-|\n|one two three four five|six seven eight nine ten|", 24)
    assert narrow[2:] == ["one two      six seven", "three four   eight nine", "five         ten"]
    assert shown("|a|b|c|\n|-|-|-|\n|1|2|3|", 12) == ["|a|b|c|", "|-|-|-|", "|1|2|3|"]


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("| a | b |\n|---|---|\n| 1 | 2 | 3 | 4 |",
         ["a     b", "────  ────  ────  ────", "1     2     3     4"]),
        ("|a|\n|-|\n|1|2|\n|3|", ["a", "────  ────", "1     2", "3"]),
        ("|a|b|\n|-|-|\n|1|", ["a     b", "────  ────", "1"]),
        ("|a|b|\n|-|-|\n|x \\| y|z", ["a       b", "─────  ────", "x | y   z"]),
        ("a|b\n-|-\n1|2|3", ["a     b", "────  ────  ────", "1     2     3"]),
    ],
)  # fmt: skip
def test_a_row_keeps_its_cells_however_many_the_head_has(source: str, lines: list[str]) -> None:
    assert [" ".join(one.split()) for one in shown(source)] == [
        " ".join(one.split()) for one in lines
    ]


@given(
    counts=st.lists(st.integers(1, 60), min_size=1, max_size=6),
    head=st.integers(1, 12),
    width=st.integers(12, 90),
)
def test_no_cell_of_a_table_is_lost(counts: list[int], head: int, width: int) -> None:
    rows = [head, *counts]
    source = [f"|{'漢|' * count}" for count in rows]
    source.insert(1, f"|{'---|' * head}")
    lines = markdown_lines("\n".join(source), width)
    assert all(cell_width(text(line)) <= width for line in lines)
    assert "".join(map(text, lines)).count("漢") == sum(rows)


@given(source=TEXTS, width=st.integers(8, 90))
def test_no_line_is_too_wide_and_no_word_is_lost(source: str, width: int) -> None:
    lines = markdown_lines(source, width)
    assert all(cell_width(text(line)) <= width for line in lines if cell_width(text(line)) > 2)
    said = "".join(text(line) for line in lines)
    for letter in ("漢", "a"):
        assert said.count(letter) >= min(source.count(letter), 1) or "```" in source


@pytest.mark.parametrize(
    "piece",
    [
        "|a|\n|-|\n|" + "b" * 60_000,
        "|a|\n|-|\n" + "|b" * 30_000,
        "*",
        "`",
        "``a",
        "[",
        "[a](",
        "**a",
        "_a ",
        "|",
        "> ",
        "\\",
        "# ",
        "- ",
        "|-|\n",
    ],
)
def test_hostile_text_takes_no_square_of_its_length(piece: str) -> None:
    began = time.process_time()
    markdown_lines(piece * max(1, 100_000 // len(piece)), 80)
    assert time.process_time() - began < 60  # fifty times what it takes; else it is minutes


def test_each_line_knows_the_line_that_its_block_begins_at() -> None:
    source = ["# Head", "", "- a list item of several words", "| a |", "| --- |", "| 1 |", "end"]
    drawn = [(number, text(line).rstrip()) for number, line in numbered_markdown(source, 20)]
    assert drawn[:4] == [(0, "Head"), (1, ""), (2, "- a list item of"), (2, "  several words")]
    assert [number for number, _ in drawn[4:]] == [3, 3, 3, 6]
