"""JSON that others wrote, parsed as long as what it becomes has room."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tui.core.limits import MOST_VALUES

_EMPTY: Mapping[str, Any] = MappingProxyType({})
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)


def parse_json(raw: bytes | str, **how: Any) -> Any:
    """Return what the JSON means; raises `ValueError` for what is none, too deep or too much.

    Of a few bytes a value makes eighty. `how` is as for `json.loads`.
    """
    text = raw if isinstance(raw, str) else raw.decode(json.detect_encoding(raw), "surrogatepass")
    if not has_room(text):
        raise ValueError(f"it holds over {MOST_VALUES:,} values")
    try:
        return json.loads(text, **how)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def json_object(text: str | None) -> Mapping[str, Any]:
    """Return the object that a text is; an empty one when it is no JSON object."""
    try:
        value = parse_json(text) if text else None
    except ValueError:
        return _EMPTY
    return value if isinstance(value, dict) else _EMPTY


def has_room(text: str) -> bool:
    """Whether what this JSON means is not too much to be kept."""
    return _commas(text) <= MOST_VALUES or _commas(_TEXT.sub('""', text)) <= MOST_VALUES


def _commas(text: str) -> int:
    """Return how many values there are at most."""
    return text.count(",") + text.count("[") + text.count("{")
