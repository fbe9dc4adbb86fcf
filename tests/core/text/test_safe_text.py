"""No byte of untrusted text acts on the terminal, and what can be read stays."""

from __future__ import annotations

import re
import time
import unicodedata
from unicodedata import unidata_version

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.support.hostile.payloads import PAYLOADS, acts, is_cleaned
from tui.core.text.safe_text import (
    agreed,
    cell_width,
    cut_middle,
    fit,
    is_doubtful,
    one_line,
    safe_text,
)


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_a_payload_leaves_only_its_harmless_part(payload: str) -> None:
    assert is_cleaned(safe_text(payload))
    assert is_cleaned(one_line(payload))
    assert "\n" not in one_line(payload)


@pytest.mark.parametrize(
    "text",
    ["", "plain", "tab\tand\nnewline", "[/red] [bold]markup stays", "café 日本語 🏭", "C:\\x1b"],
)
def test_what_can_be_read_stays(text: str) -> None:
    assert safe_text(text) == text


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a\r\nb\rc", "a\nb\nc"),
        ("half an escape\x1b", "half an escape"),
        ("half a colour\x1b[38;5", "half a colour"),
        ("a title without end\x1b]0;owned", "a title without end"),
        ("a title cut short\x1b]0;owned\x1b[31m by a colour", "a title cut short by a colour"),
        ("a lone \ud800 surrogate", "a lone  surrogate"),
        ("\x1b\x1b[[31mnested", "31mnested"),
        ("Z" + "\u0301" * 1000 + "algo", "Z" + "\u0301" * 4 + "algo"),
        ("\u0e01" + "\u0e49\u200b" * 1000, "\u0e01" + "\u0e49" * 4),
        (
            "\U0001f44d\U0001f3fd and \U0001f468\u200d\U0001f467",
            "\U0001f44d and \U0001f468\U0001f467",
        ),
        (42, "42"),
        (None, "None"),
    ],
)
def test_torn_and_odd_text_is_cleaned(text: object, kept: str) -> None:
    assert safe_text(text) == kept


def _is_mark(char: str) -> bool:
    return unicodedata.category(char) in ("Mn", "Me", "Mc") or "\u1160" <= char <= "\u11ff"


_MARKS = [one for one in map(chr, range(0x110000)) if _is_mark(one)]


def test_no_kind_of_mark_is_piled_up() -> None:
    """Without the bound by their class, 1,749 kinds of them grow over the lines above and below."""
    assert len(_MARKS) > 2300
    piled = [one for one in _MARKS if len(safe_text("Z" + one * 50)) > 5]
    assert piled == []
    mixed = "Z" + "".join(one for pair in zip(_MARKS, _MARKS[::-1], strict=True) for one in pair)
    assert len(safe_text(mixed)) <= 5
    assert safe_text("a" + "".join(_MARKS[::7]) + "b")[-1] == "b"


@given(st.text(alphabet=[*_MARKS[::11], "Z", "\u200b", "\ufe0f", "\x1b"]))
def test_no_mixture_of_marks_is_piled_up(text: str) -> None:
    cleaned = safe_text(text)
    assert all(len(run) <= 4 for run in re.split("Z", cleaned))


@pytest.mark.parametrize(
    "text",
    [
        "हिन्दी में क्षत्रिय, स्त्री, र्कें, श्रृंखला",
        "ภาษาไทยที่นี่ น้ำ ซึ้ง ผู้ใหญ่",
        "العَرَبِيَّةُ الفُصْحَىٰ مُحَمَّدٌ",
        "עִבְרִית שַׁבָּת בְּרֵאשִׁ֖ית בָּרָ֣א אֱלֹהִ֑ים",
        "தமிழ் ஸ்ரீ கௌரி கொண்டு",
        "བོད་སྐད་ བསྒྲུབས་ འབྲུག་ རྒྱལ་",
        "မြန်မာဘာသာ ကျွန်ုပ်",
        "Tiếng Việt ế ộ ẵ",
        "한국어 \u1112\u1161\u11ab",
        "e\u0301\u0302\u0303\u0304",
    ],
)
def test_scripts_in_daily_use_stay_whole(text: str) -> None:
    assert safe_text(text) == text


@given(st.text())
def test_any_text_is_harmless_and_cleaned_once(text: str) -> None:
    cleaned = safe_text(text)
    assert not acts(cleaned)
    assert safe_text(cleaned) == cleaned


@given(st.text(alphabet="\x1b\x9b\x9d\x90[]P;0m\\\x07\x9c a\n"))
def test_any_mix_of_sequences_is_harmless(text: str) -> None:
    assert not acts(safe_text(text))


@pytest.mark.parametrize("unit", ["\x9d", "\x1b]", "\x1b[", "\x1b]\x9d", "\x90x"])
def test_cleaning_takes_linear_time(unit: str) -> None:
    """Without the guard the regular expression tries every start to the end."""
    begun = time.process_time()
    safe_text(unit * 200_000 + "\x1bX")
    assert time.process_time() - begun < 20  # a hundred times what it takes; else it is minutes


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("plain", 5),
        ("日本語", 6),
        ("e\u0301", 1),
        ("", 0),
        ("🏭x", 3),
        ("ก\u0e31น", 2),
        ("\u1112\u1161\u11ab", 2),
        ("\u0915\u093f", 1),
        ("\u0378\U0001fae9", 3),
    ],
)
def test_cells_are_counted(text: str, width: int) -> None:
    assert cell_width(text) == width


@pytest.mark.parametrize(
    ("text", "shown", "doubtful"),
    [
        ("plain", "plain", ""),
        ("日本語 Käufer ─●", "日本語 Käufer ─●", ""),
        ("☰ yin ䷀", "?  yin ? ", "☰䷀"),
        ("🫨 🏭", "?  🏭" if unidata_version < "15" else "🫨 🏭", "🫨🏭"),
        ("㉈ ", "? ", "㉈"),
    ],
)
def test_where_terminals_do_not_agree_on_a_width_nothing_shifts(
    text: str, shown: str, doubtful: str
) -> None:
    assert agreed(text) == shown
    assert cell_width(agreed(text)) == cell_width(text)
    assert "".join(char for char in text if is_doubtful(char)) == doubtful
    assert is_doubtful("é")
    assert not is_doubtful("")


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("abc", 5, "abc  "),
        ("abcdef", 4, "abc~"),
        ("日本語", 4, "日~ "),
        ("日本語", 5, "日本~"),
        ("abc", 0, ""),
        ("abc", -1, ""),
        ("abc", 1, "~"),
        ("e\u0301" * 6, 4, "e\u0301" * 3 + "~"),
    ],
)
def test_a_text_is_fitted(text: str, width: int, shown: str) -> None:
    assert fit(text, width) == shown


@given(st.text().map(one_line), st.integers(0, 40))
def test_a_fitted_text_takes_exactly_its_cells(text: str, width: int) -> None:
    assert cell_width(fit(text, width)) == width


@given(st.text(st.characters(exclude_categories=["Cs", "Cn", "Cc"])).map(safe_text))
def test_a_text_is_as_wide_as_textual_takes_it_for(text: str) -> None:
    """Where they differ, Textual shifts the panes that stand beside a text."""
    assert cell_width(text) == cell_len(text)


def test_every_known_character_is_as_wide_as_textual_takes_it_for() -> None:
    every = (chr(code) for code in range(0x20, 0x20000) if not 0xD800 <= code < 0xE000)
    known = (one for one in every if unicodedata.category(one) != "Cn" and safe_text(one) == one)
    assert [one for one in known if one not in "\t\n" and cell_width(one) != cell_len(one)] == []


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("cranbury_and_0024", 17, "cranbury_and_0024"),
        ("cranbury_and_0024", 12, "cranbu…_0024"),
        ("cranbury_and_0024", 2, "c…"),
        ("cranbury_and_0024", 1, "…"),
        ("cranbury_and_0024", 0, ""),
        ("漢字漢字漢字", 8, "漢字…字"),
    ],
)
def test_a_name_is_shortened_in_its_middle(text: str, width: int, shown: str) -> None:
    assert cut_middle(text, width) == shown


@given(st.text().map(one_line), st.integers(0, 40))
def test_a_name_shortened_in_its_middle_fits(text: str, width: int) -> None:
    assert cell_width(cut_middle(text, width)) <= width
