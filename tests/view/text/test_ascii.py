"""Text in ASCII keeps its width, and as much of its content as ASCII can show."""

from __future__ import annotations

import io

import pytest

from tui.core.text.safe_text import cell_width
from tui.view.text.ascii import ERRORS, encode_plainly, plain


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("● busy · 12 new ↓ … 3 → 4", "* busy . 12 new v ~ 3 > 4"),
        ("┌─▸2 Sessions ─┐", "+->2 Sessions -+"),
        ("├│┤└┘█▌░", "+|++" + "+#|."),
        ("Müller & Söhne, Århus", "Muller & Sohne, Arhus"),
        ("e\u0301 o\u0308", "e o"),
        ("会社 👍 ß Σ", "???? ?? ? ?"),
        ("“to” \u2018be\u2019 \u2013 or", "\"to\" 'be' - or"),
        ("\uff21\u00bd\u2460", "??" + "?1"),
    ],
)
def test_what_ascii_can_say_is_said_in_the_same_cells(text: str, said: str) -> None:
    assert plain(text) == said
    assert cell_width(text) == len(said)


def test_every_character_is_as_wide_as_it_was() -> None:
    for number in [*range(0x80, 0x3000, 7), *range(0x3000, 0x20000, 97)]:
        if not 0xD800 <= number < 0xE000 and chr(number).isprintable():
            said = plain(chr(number))
            assert said.isascii()
            assert len(said) == cell_width(chr(number))


def test_a_stream_in_ascii_takes_everything() -> None:
    encode_plainly()
    stream = io.TextIOWrapper(buffer := io.BytesIO(), encoding="ascii", errors=ERRORS)
    stream.write("Grüße ● 会\n")
    stream.flush()
    assert buffer.getvalue() == b"Gru?e * ??\n"
