"""Parsing of untrusted JSON, with a bound on how many values it may hold."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tui.core.limits import MOST_VALUES

_EMPTY: Mapping[str, Any] = MappingProxyType({})
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)


def parse_json(raw: bytes | str, **options: Any) -> Any:
    """Return the parsed JSON; raises `ValueError` when it is invalid, too deep or too large.

    A value of two bytes can take eighty once it is parsed. `options` are those of `json.loads`.
    """
    text = raw if isinstance(raw, str) else raw.decode(json.detect_encoding(raw), "surrogatepass")
    if not has_room(text):
        raise ValueError(f"it has more than {MOST_VALUES:,} values")
    try:
        return json.loads(text, **options)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def json_object(text: str | None) -> Mapping[str, Any]:
    """Return the JSON object in a text; an empty mapping when there is none."""
    try:
        value = parse_json(text) if text else None
    except ValueError:
        return _EMPTY
    return value if isinstance(value, dict) else _EMPTY


def has_room(text: str) -> bool:
    """Whether this JSON holds no more values than we parse."""
    return _commas(text) <= MOST_VALUES or _commas(_TEXT.sub('""', text)) <= MOST_VALUES


def _commas(text: str) -> int:
    """Return an upper bound of the number of values."""
    return text.count(",") + text.count("[") + text.count("{")
