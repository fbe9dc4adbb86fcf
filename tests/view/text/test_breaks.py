"""Where lines break: a paragraph of plain characters is wrapped by a shorter way, to the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.view.text.styled_text import breaks

_WIDE_NO = str.maketrans("ab", "äö")  # one cell each, and not plain


@given(st.text("ab- ", max_size=60), st.integers(0, 12))
def test_plain_text_breaks_where_any_other_does(text: str, width: int) -> None:
    letter = f"a{text}"
    for paragraph in (text, letter):
        other = paragraph.translate(_WIDE_NO)
        assert list(breaks(paragraph, width)) == list(breaks(other, width)) or other == paragraph


def test_a_line_breaks_between_words_and_in_one_that_is_too_long() -> None:
    text = "one two  three reinforced concrete"
    lines = [text[start:end] for start, end in breaks(text, 8)]
    assert lines == ["one two", "three", "reinforc", "ed", "concrete"]


def test_a_very_long_line_is_wrapped_in_a_time_that_grows_with_it() -> None:
    """Without a line end a megabyte took half a minute."""
    text = "ab " * 700_000
    assert sum(1 for _ in breaks(text, 10)) == 233_334
