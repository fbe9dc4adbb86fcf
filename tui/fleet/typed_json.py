"""Values as JSON and back, by the types that their fields declare.

What comes back was written by others: whatever has another type, or passes its bound, is refused.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from tui.core.text.safe_text import one_line
from tui.core.values import dataclass, fields

_MOST_ITEMS = 10_000
_MOST_NUMBER = 2**63 - 1
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Most:
    """How many characters, or items, a field may have, as in `Annotated[str, Most(80)]`."""

    number: int


def json_text(value: Any) -> str:
    """Return a value as JSON, without the fields that have their defaults."""
    plain = _plain(value)
    text = json.dumps(plain, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate, which no database takes
        return json.dumps(plain)
    return text


def _plain(value: Any) -> Any:
    if hasattr(type(value), "__value_fields__"):
        named = ((one, getattr(value, one.name)) for one in fields(value) if one.init)
        return {one.name: _plain(found) for one, found in named if one.default != found}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads values from JSON; raises `ValueError` that says which field is not what it should be.

    When it `is_strict`, a field that the value does not have is refused, else it is left out, as
    what a later version of this program adds; so is a word that it adds to those of a field with a
    default. Each text goes through `text`, but for those of the
    classes in `original`.
    """

    is_strict: bool
    text: Callable[[str], str] = str
    original: frozenset[type] = frozenset()

    def read(self, kind: type[_T], raw: Any) -> _T:
        """Return the value of a class that a JSON object describes."""
        found: _T = self._value(kind, raw, self.text, "")
        return found

    def _value(self, kind: Any, raw: Any, text: Callable[[str], str], where: str) -> Any:
        if not isinstance(raw, dict):
            raise ValueError(f"{where or kind.__name__} is not an object")
        text = str if kind in self.original else text
        known = {one.name: one for one in fields(kind) if one.init}
        if self.is_strict and (odd := raw.keys() - known.keys()):
            raise ValueError(f"{kind.__name__} has no field {one_line(min(odd))[:40]!r}")
        types = _types(kind)
        given = {
            name: self._field(types[name], raw[name], text, f"{where}{name}")
            for name, one in known.items()
            if name in raw and (self.is_strict or not _is_new_word(one.default, raw[name]))
        }
        try:
            return kind(**given)
        except TypeError:
            raise ValueError(f"{where or kind.__name__} lacks a field") from None

    def _field(self, kind: Any, raw: Any, text: Callable[[str], str], where: str) -> Any:
        origin, inner = get_origin(kind), get_args(kind)
        if origin is Annotated:
            found = self._field(inner[0], raw, text, where)
            if len(found) > inner[1].number:
                raise ValueError(f"{where} is too long")
            return found
        if origin in (Union, UnionType):
            if raw is None and NoneType in inner:
                return None
            return self._field(inner[0], raw, text, where)
        if origin is Literal and isinstance(raw, str) and raw in inner:
            return raw
        if origin is tuple and isinstance(raw, list) and len(raw) <= _MOST_ITEMS:
            return tuple(self._field(inner[0], one, text, where) for one in raw)
        if origin is not None:
            if origin is Mapping and isinstance(raw, dict):
                return raw
        elif hasattr(kind, "__value_fields__"):
            return self._value(kind, raw, text, f"{where}.")
        elif kind is str and isinstance(raw, str):
            return text(raw)
        elif (found := _scalar(kind, raw)) is not None:
            return found
        raise ValueError(f"{where} is not what it should be")


def _is_new_word(default: Any, raw: Any) -> bool:
    """Whether a field with that default has a word that this version does not know."""
    if not (isinstance(default, StrEnum) and isinstance(raw, str)):
        return False
    try:
        type(default)(raw)
    except ValueError:
        return True
    return False


def _scalar(kind: Any, raw: Any) -> Any:
    """Return a value of a simple type, `None` for anything else."""
    if kind is bool:
        return raw if isinstance(raw, bool) else None
    if kind in (int, float):
        is_number = isinstance(raw, int) or (kind is float and isinstance(raw, float))
        is_sound = is_number and not isinstance(raw, bool)
        return kind(raw) if is_sound and abs(raw) <= _MOST_NUMBER and math.isfinite(raw) else None
    if not isinstance(raw, str):
        return None
    if kind is Path:
        return None if "\0" in raw else Path(raw)
    try:
        if kind is datetime:
            moment = datetime.fromisoformat(raw)
            return _in_every_zone(moment.astimezone(UTC)) if moment.tzinfo is not None else None
        return kind(raw) if issubclass(kind, StrEnum) else None
    except (ValueError, OverflowError):
        return None


def _in_every_zone(moment: datetime) -> datetime:
    """Return a moment that every zone can show: the ends of the calendar are overrun in some."""
    return min(max(moment, _EARLIEST), _LATEST)


@cache
def _types(kind: type) -> dict[str, Any]:
    return get_type_hints(kind, include_extras=True)
