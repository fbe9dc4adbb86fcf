"""Values are compared with declared types, and told by their types alone."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Mapping, Set
from pathlib import Path
from typing import Any, ForwardRef, Literal, NotRequired, Protocol, TypedDict, cast

import pytest

from tui.core.declared_types import misfit
from tui.core.values import dataclass


class _Shape(TypedDict):
    kind: str


class _File(TypedDict):
    type: Literal["file"]
    path: str
    lines: NotRequired[list[int]]


class _Text(TypedDict):
    type: Literal["text", "words"]
    text: str


_Odd: Any = cast("Any", TypedDict)("_Odd", {"made": "Unknown", "text": str})


@dataclass(frozen=True, slots=True)
class _Holder:
    calls: list[Callable[[], None]]
    files: tuple[_File, ...] = ()


_Either = str | _File | _Text | None


class _Store(Protocol):
    def read(self) -> str: ...


@pytest.mark.parametrize(
    ("value", "declared"),
    [
        (1, float),
        (None, None),
        ((1,), list[int]),
        ({}, dict[str, int]),
        ({"kind": "x"}, _Shape),
        ("now", Literal["now"]),
        ("now", Literal["now"] | Literal["later"] | None),
        ("x", Literal["now"] | str),
        (["x"], list[str] | Literal["all"]),
        ({"now": "x"}, dict[Literal["now"], str] | None),
        (Path("x"), Path),
        (print, Callable[[int], None]),
        ({"type": "text", "text": "x", "later": 1}, _Either),
        ({"a": [{"type": "file", "path": "x", "lines": (1,)}]}, dict[str, list[_File]]),
        ({"made": 5, "text": "x"}, _Odd),
        (_Holder([print], ({"type": "file", "path": "x"},)), _Holder | None),
        (frozenset("ab"), list[int] | Set[str]),
        # Forms that cannot be compared: nothing is refused for one that is not known here.
        (5, Any),
        (5, _Store),
        (5, "a.name.of.the.sdk"),
        (5, ForwardRef("Unknown") | None),
    ],
)
def test_what_fits_is_not_told(value: object, declared: Any) -> None:
    assert misfit("it", value, declared) == ""


@pytest.mark.parametrize(
    ("value", "declared", "told"),
    [
        (None, str, "must be str, not None"),
        (True, int, "must be int, not bool"),
        (1.0, int, "must be int, not float"),
        ("ab", list[str], "must be list[str], not str"),
        ([1, "a", None], list[str], "must be list[str], not list[None | int | str]"),
        ({1: b""}, Mapping[str, Any], "must be Mapping[str, Any], not dict[int, bytes]"),
        ({"a": 1}, dict[str, str | None], "must be dict[str, str | None], not dict[str, int]"),
        (5, Path | str | None, "must be Path | str | None, not int"),
        (5, Callable[[], object], "must be Callable[[], object], not int"),
        ("secret", AsyncIterable[int], "must be AsyncIterable[int], not str"),
        (
            [1, 1.0, "", b"", None],
            list[Path],
            "must be list[Path], not list[None | bytes | float | …]",
        ),
        ("ab", _Shape | None, "must be _Shape | None, not str"),
        ("nwo", Literal["now"], "cannot be 'nwo': it takes now"),
        ("nwo", Literal["now"] | Literal["then"] | None, "cannot be 'nwo': it takes now, then"),
        ("nwo", list[str] | Literal["all"] | None, "cannot be 'nwo': it takes all"),
        (["now", "nwo"], list[Literal["now"]] | None, "cannot be 'nwo': it takes now"),
        ((1, "a"), tuple[str, ...] | None, "must be tuple[str, ...] | None, not tuple[int | str]"),
        ({5}, list[str] | Set[str], "must be list[str] | Set[str], not set[int]"),
        ({"nwo": 1}, dict[Literal["a"] | Literal["b"], int], "cannot be 'nwo': it takes a, b"),
    ],
)
def test_what_does_not_fit_is_told_without_its_value(
    value: object, declared: Any, told: str
) -> None:
    assert misfit("it", value, declared) == f"it {told}"


@pytest.mark.parametrize(
    ("value", "declared", "told"),
    [
        (
            {"type": "flie"},
            _Either,
            "['type'] cannot be 'flie': it takes file, text, words, as said",
        ),
        ({"type": "file"}, _Either, " must have 'path'"),
        ({"type": "text", "path": 5}, _Either, " must have 'text'"),
        ({"path": 5}, _Either, " must be str | _File | _Text | None, not dict[str, int]"),
        ({"type": "file", "path": 5}, _Either, "['path'] must be str, not int"),
        ({"type": "file", "path": "x", "lines": [""]}, _File, "['lines'] must be list[int], not "),
        ({"a": {"type": "x"}}, dict[str, _File], "['a']['type'] cannot be 'x': it takes file, as "),
        (
            {"a": [print]},
            dict[str, list[_Holder]],
            "['a'][0] must be _Holder, not builtin_function",
        ),
        ([_Holder([print]), 5], list[_Holder], "[1] must be _Holder, not int"),
        (
            _Holder(cast("Any", [5])),
            _Holder,
            ".calls must be list[Callable[[], None]], not list[int]",
        ),
        (_Holder([], cast("Any", ({},))), _Holder | None, ".files[0] must have 'type'"),
        ({"made": 5, "text": 5}, _Odd, "['text'] must be str, not int"),
    ],
)
def test_what_a_value_has_in_it_is_told_by_its_place(
    value: object, declared: Any, told: str
) -> None:
    assert misfit("it", value, declared, source=", as said").startswith(f"it{told}")


def test_what_is_told_is_one_short_line() -> None:
    odd = type("x\n\x1b[2J" * 500, (), {})()
    told = misfit("it", odd, Literal["a" * 500] | Callable[[], None])
    assert len(told) < 300
    assert told.isprintable()
