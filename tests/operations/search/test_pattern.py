"""A pattern: its literals are never wrong, and matching has a time limit."""

from __future__ import annotations

import json
import re
import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.core.errors import ConsoleError, UsageError
from tui.operations.search.pattern import Pattern, literals_of


def found(pattern: str, text: str) -> list[str]:
    return [match[0] for match in Pattern(pattern).matches(text)]


@pytest.mark.parametrize(
    ("pattern", "literal"),
    [
        ("Industrial Pumps", b"industrial pumps"),
        ("ab?cde", b"cde"),
        ("ab*", b"a"),
        ("ab+cd", b"ab"),
        ("abc{2,3}d", b"ab"),
        ("(abc)?defg", b"defg"),
        ("(abcdef)g", b"g"),
        (r"foo\.bars", b"bars"),
        (r"\d+ pumps", b"pumps"),
        (r"a\-b", b"a-b"),
        (r"a\-?bc", b"bc"),
        ("[abc]def[^]x]", b"def"),
        (r"[\]abc]xyz", b"xyz"),
        ("^abc$", b"abc"),
        ("a|", b""),
        ("(?i)abc", b""),
        (r"\x41bc", b""),
        (r"\u0041bc", b""),
        (r"(a)\1bc", b""),
        ("Müller", b"ller"),
        ('"command": "ls"', b"command"),
        ("count: 12", b"count"),
        ("a/b", b"a"),
        ("  ", b""),
        ("", b""),
    ],
)  # fmt: skip
def test_the_literal_is_what_every_match_holds(pattern: str, literal: bytes) -> None:
    assert literals_of(pattern) == ((literal,) if literal else ())


@pytest.mark.parametrize(
    ("pattern", "literals"),
    [
        ("pumps|valves", (b"pumps", b"valves")),
        ("^pumps$|.*valves.*|seals?", (b"pumps", b"seal", b"valves")),
        ("pumps|", ()),
        ("pumps|.*", ()),
        ("(pumps|valves)", ()),
        ("(pumps|valves) of", (b"of",)),
        ("[|]pumps|valves", (b"pumps", b"valves")),
        (r"a\|b", (b"a",)),
    ],
)
def test_of_branches_each_has_its_literal_or_none_has(
    pattern: str, literals: tuple[bytes, ...]
) -> None:
    assert literals_of(pattern) == literals


PATTERNS = st.text(st.sampled_from('aAb .?*+{}1,()[]^$|\\-dnx/"'), max_size=10)


@given(PATTERNS, st.text(st.sampled_from('aAb .1,-/"\\(){}x'), max_size=20))
def test_no_match_is_without_the_literal(pattern: str, text: str) -> None:
    """As JSON writes it: a literal missing from a match would hide it."""
    try:
        compiled = Pattern(pattern)
    except UsageError:
        return
    if any(True for _ in compiled.matches(text)):
        raw = json.dumps(text).encode().lower()
        assert not compiled.literals or any(literal in raw for literal in compiled.literals)


@pytest.mark.parametrize("pattern", ["(", "[", "a**", "(?P<x", "\\", "(" * 5000, "a{99999999999}"])
def test_what_is_no_pattern_is_said_so(pattern: str) -> None:
    with pytest.raises(UsageError, match="is not a pattern"):
        Pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("PUMPS", "pumps and Pumps\nno\npumps", ["pumps", "pumps"]),
        ("^b$", "a\nb\nc", ["b"]),
        ("x*", "axb\nc", ["x"]),
        ("", "abc", []),
        ("ä", "Ä", ["Ä"]),
        (r"a\sb", "a\nb a b", ["a\nb"]),
    ],
)
def test_each_line_is_found_once(pattern: str, text: str, matches: list[str]) -> None:
    assert found(pattern, text) == matches


@pytest.mark.parametrize("at", [0, 16_380, 16_384, 16_390, 15_360, 15_355, 40_000, 99_990])
@pytest.mark.parametrize("around", ["x", "x\n", "x" * 200 + "\n"])
def test_a_match_is_found_wherever_a_long_text_is_cut(at: int, around: str) -> None:
    text = around * (100_000 // len(around) + 1)
    text = f"{text[:at]}needle{text[at:]}"
    assert found("needle", text) == ["needle"]


def test_a_long_line_is_found_once_though_its_pieces_overlap() -> None:
    assert found("needle", "x needle" * 20_000) == ["needle"]


@given(st.lists(st.sampled_from(["a", "b", "\n", "ab", "x" * 9000]), max_size=30))
def test_pieces_find_what_the_whole_does(parts: list[str]) -> None:
    text = "".join(parts)
    lines = [line for line in text.split("\n") if "ab" in line]
    assert len(found("ab", text)) == len(lines)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [("(a+)+$", "a" * 60 + "b"), ("(.*)*x", "a" * 5000), (".*.*.*x", "a" * 30_000)],
)
def test_a_pattern_that_takes_for_ever_is_given_up(pattern: str, text: str) -> None:
    """Without the alarm the first one takes longer than the sun lasts."""
    compiled = Pattern(pattern, patience_s=0.3)
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(ConsoleError, match="takes too long"):
        list(compiled.matches(text))
    assert signal.getsignal(signal.SIGALRM) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_patience_grows_with_what_is_read() -> None:
    compiled = Pattern("needle")
    for _ in range(50):
        assert not list(compiled.matches("x" * 200_000))
    assert compiled.patience == pytest.approx(3.0, abs=1.0)


def test_the_words_of_a_hostile_pattern_are_cleaned() -> None:
    with pytest.raises(UsageError) as error:
        Pattern("\x1b[31m(")
    assert "\x1b" not in str(error.value)
    assert re.search("not a pattern", str(error.value))


def test_each_of_several_patterns_has_a_literal_or_none_is_used() -> None:
    assert Pattern("Halvorsen", "dunwell").literals == (b"dunwell", b"halvorsen")
    assert Pattern("Halvorsen", ".").literals == ()
    assert [match[0] for match in Pattern("b+", "a.").matches("xbbab\nab")] == ["bb", "ab"]
