"""Parsing of untrusted JSON, with a bound on how many values it may hold."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from tui.core.limits import MOST_VALUES
from tui.core.text.late_pattern import late_pattern

_EMPTY: Mapping[str, Any] = MappingProxyType({})
_OPENING, _CLOSING = ("{", "["), ("}", "]")
_TEXT = late_pattern(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)


def parse_json(raw: bytes | str, **options: Any) -> Any:
    """Return the parsed JSON; raises `ValueError` when it is invalid, too deep or too large.

    A value of two bytes can take eighty once parsed. `options` are those of `json.JSONDecoder`.
    """
    text = raw if isinstance(raw, str) else raw.decode(json.detect_encoding(raw), "surrogatepass")
    if not has_room(text):
        raise ValueError(f"it has more than {MOST_VALUES:,} values")
    decoder = _decoder(**options)
    try:
        if text[:1] in _OPENING and text[-1:] in _CLOSING:  # not padded: needs no search for that
            value, end = decoder.raw_decode(text)
            return value if end == len(text) else decoder.decode(text)
        return decoder.decode(text)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


@lru_cache(maxsize=8)  # `json.loads` makes one for each text as soon as there is an option
def _decoder(**options: Any) -> json.JSONDecoder:
    return json.JSONDecoder(**options)


def json_object(text: str | None) -> Mapping[str, Any]:
    """Return the JSON object in a text; an empty mapping when there is none."""
    try:
        value = parse_json(text) if text else None
    except ValueError:
        return _EMPTY
    return value if isinstance(value, dict) else _EMPTY


def has_room(text: str) -> bool:
    """Whether this JSON holds no more values than we parse."""
    if len(text) <= MOST_VALUES:
        return True
    return _commas(text) <= MOST_VALUES or _commas(_TEXT.sub('""', text)) <= MOST_VALUES


def _commas(text: str) -> int:
    """Return an upper bound of the number of values."""
    return text.count(",") + text.count("[") + text.count("{")
