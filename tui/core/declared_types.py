"""Compares values with declared types, and says what was expected and what came."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Set
from functools import lru_cache
from pathlib import Path
from types import UnionType
from typing import (
    Any,
    Literal,
    NotRequired,
    Required,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from tui.core.text.late_pattern import late_pattern
from tui.core.text.safe_text import one_line
from tui.core.values import dataclass, replace

_MOST_SHOWN = 120
_MOST_WORD = 40
_MOST_KINDS = 3
_MODULES = late_pattern(r"\b(?:\w+\.)+(?=\w)")
_ELSEWHERE = -1  # its form is of another type altogether


@dataclass(frozen=True, slots=True)
class _Fault:
    """What is wrong with a value, or `where` in it.

    Of the types of a union, the one meant is that whose parts fitted `up_to` the most. `known` are
    the words that are taken in place of another.
    """

    told: str
    where: str = ""
    up_to: int = _ELSEWHERE
    known: tuple[Any, ...] = ()


def misfit(name: str, value: object, declared: Any, *, source: str = "") -> str:
    """Return `NAME must be TYPE, not TYPE`, on one line; empty for a value of the type `declared`.

    The name is followed by where in the value that is. No value is shown, but a word that none of
    the declared ones is, which `source` declares: others may be a prompt or a secret.
    """
    fault = _fault(value, declared)
    if fault is None:
        return ""
    takes = f": it takes {', '.join(map(str, fault.known))}{source}" if fault.known else ""
    return f"{name}{fault.where} {fault.told}{takes}"


def _fault(value: object, declared: Any) -> _Fault | None:
    """Return what is wrong with a value.

    Whatever comes is of a form of type that is not known here: the SDK's later versions have some.
    """
    origin, parts = get_origin(declared) or declared, get_args(declared)
    if origin in (Union, UnionType):
        return _of_union(value, declared, parts)
    if origin in (Required, NotRequired):
        return _fault(value, parts[0])
    if origin is Literal and value in parts:
        return None
    if not _is_of_form(value, origin, parts):
        return _other(value, declared)
    if origin is Literal:
        told = f"cannot be {one_line(value)[:_MOST_WORD]!r}"
        return _Fault(told, up_to=0, known=parts) if isinstance(value, str) else None
    return next(filter(None, _inner(value, declared, origin, parts)), None)


def _other(value: object, declared: Any) -> _Fault:
    expected = _MODULES.sub("", inspect.formatannotation(declared)).replace("NoneType", "None")
    return _Fault(f"must be {_bounded(expected)}, not {_bounded(_came(value))}")


def _bounded(text: str) -> str:
    text = one_line(text)
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 1]}…"


def _of_union(value: object, declared: Any, parts: tuple[Any, ...]) -> _Fault | None:
    faults = [_fault(value, part) for part in parts]
    found = [one for one in faults if one is not None]
    if len(found) < len(parts):
        return None
    best = max(one.up_to for one in found)
    meant = [one for one in found if one.up_to == best]
    if best > _ELSEWHERE and len(meant) == 1:
        return meant[0]
    if all(one.known and one.where == meant[0].where for one in meant):
        return replace(meant[0], known=tuple(word for one in meant for word in one.known))
    return _other(value, declared)


def _is_of_form(value: object, origin: Any, parts: tuple[Any, ...]) -> bool:
    """Whether a value is of a type but for its parts."""
    if origin is Literal:
        return any(isinstance(value, type(one)) for one in parts)
    if origin in (int, float):
        return isinstance(value, int | origin) and not isinstance(value, bool)
    if origin is Path:
        return isinstance(value, os.PathLike)
    if origin is list:
        return _is_collection(value)
    if origin in (dict, Mapping) or is_typeddict(origin):
        return isinstance(value, Mapping)
    if origin is Callable:
        return callable(value)
    if origin is None:
        return value is None
    is_class = isinstance(origin, type) and origin is not Any
    return not is_class or getattr(origin, "_is_protocol", False) or isinstance(value, origin)


def _inner(
    value: Any, declared: Any, origin: Any, parts: tuple[Any, ...]
) -> Iterator[_Fault | None]:
    """Yield what is wrong with each part of a value whose form fits."""
    if origin in (list, tuple, Set) and parts:
        for index, one in enumerate(cast("Collection[object]", value)):
            yield _placed(_fault(one, parts[0]), value, declared, f"[{index}]", parts[0])
    elif origin in (dict, Mapping) and parts:
        for key, one in cast("Mapping[object, object]", value).items():
            yield _placed(_fault(key, parts[0]), value, declared, "", parts[0])
            where = f"[{one_line(key)[:_MOST_WORD]!r}]"
            yield _placed(_fault(one, parts[1]), value, declared, where, parts[1])
    elif is_typeddict(origin):
        for place, (name, its_type) in enumerate(_hints(origin).items()):
            if name in value:
                fault = _fault(value[name], its_type)
                yield fault and replace(fault, where=f"[{name!r}]{fault.where}", up_to=place)
            elif name in origin.__required_keys__ and get_origin(its_type) is not NotRequired:
                yield _Fault(f"must have {name!r}", up_to=place)
    elif _is_dataclass(origin):
        for place, (name, its_type) in enumerate(_hints(origin).items()):
            fault = _fault(getattr(value, name), its_type)
            yield fault and replace(fault, where=f".{name}{fault.where}", up_to=place)


def _placed(
    fault: _Fault | None, whole: object, declared: Any, where: str, its_type: Any
) -> _Fault | None:
    """Return the fault of one of many: by its place if it has parts, else by the type of all."""
    if fault is None:
        return None
    if _has_parts(its_type):
        return replace(fault, where=f"{where}{fault.where}", up_to=0)
    return fault if fault.known else _other(whole, declared)


def _has_parts(declared: Any) -> bool:
    origin = get_origin(declared) or declared
    if origin is Callable:
        return False
    inner = any(map(_has_parts, get_args(declared)))
    return inner or is_typeddict(origin) or _is_dataclass(origin)


def _is_dataclass(origin: Any) -> bool:
    return isinstance(origin, type) and hasattr(origin, "__dataclass_fields__")


@lru_cache
def _hints(declared: Any) -> Mapping[str, Any]:
    """Return the types of its parts; a name that only type checkers know stays one."""
    try:
        return get_type_hints(declared, include_extras=True)
    except NameError:
        return inspect.get_annotations(declared)


def _is_collection(value: object) -> bool:
    return isinstance(value, Collection) and not isinstance(value, str | bytes | Mapping)


def _came(value: object) -> str:
    """Return the type of a value, and the types in it."""
    name = type(value).__name__ if value is not None else "None"
    if isinstance(value, Mapping):
        return f"{name}[{_kinds(value)}, {_kinds(value.values())}]" if value else name
    if isinstance(value, list | tuple | set | frozenset):
        return f"{name}[{_kinds(value)}]" if value else name
    return name


def _kinds(values: Iterable[object]) -> str:
    names = sorted({"None" if one is None else type(one).__name__ for one in values})
    return " | ".join((*names[:_MOST_KINDS], *("…",) * (len(names) > _MOST_KINDS)))
