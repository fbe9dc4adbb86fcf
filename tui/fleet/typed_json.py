"""Values as JSON and back, by the types that their fields declare.

What comes back was written by others: whatever has another type, or passes its bound, is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from tui.core.text.safe_text import one_line
from tui.core.values import dataclass, field, fields

_MOST_ITEMS = 10_000
_MOST_NUMBER = 2**63 - 1
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
_T = TypeVar("_T")
_Read = Callable[[Any], Any]
_Text = Callable[[str], str]


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


class _Odd(ValueError):
    """A value that is not what its field declares; `names` lead to it, the innermost first."""

    def __init__(self, what: str = "is not what it should be") -> None:
        super().__init__(what)
        self.names: list[str] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads values from JSON; raises `ValueError` that says which field is not what it should be.

    When it `is_strict`, a field that the value does not have is refused, else it is left out, as
    what a later version of this program adds; so is a word that it adds to those of a field with a
    default. Each text goes through `text`, but for those of the classes in `original`, and for the
    fields that have their own in `texts`. What the fields of a class declare is looked at once.
    """

    is_strict: bool
    text: _Text = str
    original: frozenset[type] = frozenset()
    texts: Mapping[tuple[type, str], _Text] = field(default_factory=dict)
    _made: dict[tuple[type, _Text], _Read] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )

    def read(self, kind: type[_T], raw: Any) -> _T:
        """Return the value of a class that a JSON object describes."""
        try:
            found: _T = self._of_class(kind, self.text)(raw)
        except _Odd as error:
            where = ".".join(reversed(error.names)) or kind.__name__
            raise ValueError(f"{where} {error}") from None
        return found

    def _of_class(self, kind: type, text: _Text) -> _Read:
        text = str if kind in self.original else text
        if (made := self._made.get((kind, text))) is None:
            types = get_type_hints(kind, include_extras=True)
            known: dict[str, _Read] = {}
            made = self._made[kind, text] = partial(_object, kind, known, self.is_strict)
            for one in fields(kind):
                if one.init:
                    own = self.texts.get((kind, one.name), text)
                    known[one.name] = self._reader(types[one.name], own, one.default)
        return made

    def _reader(self, kind: Any, text: _Text, default: Any = None) -> _Read:
        """Return what reads the values of a declared type, for a field with that default."""
        origin, inner = get_origin(kind), get_args(kind)
        if origin is Annotated:
            return partial(_bounded, self._reader(inner[0], text), inner[1].number)
        if origin in (Union, UnionType):
            one = self._reader(inner[0], text)
            return partial(_optional, one) if NoneType in inner else one
        if origin is tuple:
            return partial(_items, self._reader(inner[0], text))
        if origin is Literal:
            return partial(_one_of, inner)
        if origin is Mapping:
            return _mapping
        if hasattr(kind, "__value_fields__"):
            return self._of_class(kind, text)
        if issubclass(kind, StrEnum):
            is_lenient = isinstance(default, kind) and not self.is_strict
            members = {one.value: one for one in kind}
            return partial(_word, members, default if is_lenient else None)
        return partial(_text, text) if kind is str else _SCALARS[kind]


def _object(kind: type, known: Mapping[str, _Read], is_strict: bool, raw: Any) -> Any:
    if not isinstance(raw, dict):
        raise _Odd("is not an object")
    given: dict[str, Any] = {}
    name = ""
    try:
        for name, one in raw.items():
            if name in known:
                given[name] = known[name](one)
            elif is_strict:
                raise ValueError(f"{kind.__name__} has no field {one_line(name)[:40]!r}")
    except _Odd as error:
        error.names.append(name)
        raise
    try:
        return kind(**given)
    except TypeError:
        raise _Odd("lacks a field") from None


def _bounded(read: _Read, most: int, raw: Any) -> Any:
    found = read(raw)
    if isinstance(found, int):
        if not 0 < found <= most:
            raise _Odd("is no sound number")
    elif len(found) > most:
        raise _Odd("is too long")
    return found


def _optional(read: _Read, raw: Any) -> Any:
    return None if raw is None else read(raw)


def _items(read: _Read, raw: Any) -> tuple[Any, ...]:
    if not isinstance(raw, list) or len(raw) > _MOST_ITEMS:
        raise _Odd
    return tuple(map(read, raw))


def _one_of(choices: Sequence[str], raw: Any) -> Any:
    if isinstance(raw, str) and raw in choices:
        return raw
    raise _Odd


def _mapping(raw: Any) -> Any:
    if not isinstance(raw, dict):
        raise _Odd
    return raw


def _text(text: _Text, raw: Any) -> str:
    if not isinstance(raw, str):
        raise _Odd
    return text(raw)


def _word(members: Mapping[str, Any], default: Any, raw: Any) -> Any:
    found = members.get(raw, default) if isinstance(raw, str) else None
    if found is None:
        raise _Odd
    return found


def _flag(raw: Any) -> bool:
    if not isinstance(raw, bool):
        raise _Odd
    return raw


def _whole(raw: Any) -> int:
    if not isinstance(raw, int) or isinstance(raw, bool) or abs(raw) > _MOST_NUMBER:
        raise _Odd
    return raw


def _number(raw: Any) -> float:
    if not isinstance(raw, float):
        return float(_whole(raw))
    if not abs(raw) <= _MOST_NUMBER:  # not a number is less than none
        raise _Odd
    return raw


def _moment(raw: Any) -> datetime:
    """Return a moment that every zone can show: the ends of the calendar are overrun in some."""
    try:
        moment = datetime.fromisoformat(raw)
        if moment.tzinfo is None:
            raise _Odd
        moment = moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise _Odd from None
    return moment if _EARLIEST <= moment <= _LATEST else min(max(moment, _EARLIEST), _LATEST)


def _path(raw: Any) -> Path:
    if isinstance(raw, Path):  # no JSON has one: who reads it put that there
        return raw
    if not isinstance(raw, str) or "\0" in raw:
        raise _Odd
    return Path(raw)


_SCALARS: Mapping[type, _Read] = {
    bool: _flag,
    int: _whole,
    float: _number,
    datetime: _moment,
    Path: _path,
}
