"""JSON of others is parsed, or refused before it takes the memory."""

from __future__ import annotations

import json
import tracemalloc

import pytest

from tui.core.limits import MOST_VALUES
from tui.core.text.bounded_json import parse_json


@pytest.mark.parametrize("raw", ['{"a": [1, "x\\" ,["]}', b'{"a": 1}', "7", b"\xef\xbb\xbf[]"])
def test_what_is_sound_is_parsed(raw: bytes | str) -> None:
    assert parse_json(raw) == json.loads(raw.encode() if isinstance(raw, str) else raw)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"[" * 100_000, "nested too deep|Expecting"),
        (b'{"a":' * 100_000, "nested too deep|Expecting"),
        (b"[" + b"[]," * MOST_VALUES + b"[]]", "it has more than"),
        (b"9" * 10_000_000, "digits"),
        (b"\xff\xff", "codec|Expecting"),
        (b"", "Expecting"),
        (b"\0" * 1000, "codec|Expecting"),
    ],
    ids=["deep list", "deep object", "many", "long number", "no text", "nothing", "NUL"],
)
def test_what_is_not_raises_one_kind_of_error(raw: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_json(raw)


def test_very_many_small_values_take_no_memory() -> None:
    """Without the bound eight megabytes become some two hundred."""
    raw = b"[" + b"[]," * 2_700_000 + b"[]]"
    tracemalloc.start()
    with pytest.raises(ValueError, match="it has more than"):
        parse_json(raw)
    assert tracemalloc.get_traced_memory()[1] < 40e6
    tracemalloc.stop()


def test_commas_in_a_text_are_no_values() -> None:
    """Without the second count a long table in a text could not be read."""
    text = '1,2,\\",' * MOST_VALUES
    assert parse_json(f'{{"text": "{text}"}}') == {"text": text.replace('\\"', '"')}
