"""Draws a tool call's input key by key, without loss: the rows alone give the input back.

`path: text` is a text of one line; `path:` is followed by the lines of a longer text, each behind
a bar; `path = value` is any other value as JSON. A wrapped row goes on with `>`. An edit's old and
new text are drawn as a diff: removed lines behind `-`, added ones behind `+`, and all the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Any, Literal, NamedTuple

from tui.core.text.late_pattern import late_pattern
from tui.core.text.visible_escapes import revealed, revealed_json, rows

Kind = Literal["key", "text", "heading", "removed", "added"]
LINE, KEPT, REMOVED, ADDED = "| ", "|  ", "|- ", "|+ "
BECOMES = " -> "

_PLAIN_KEY = late_pattern(r"[A-Za-z_][A-Za-z0-9_-]*")
_OLD, _NEW = "old_string", "new_string"
_SHORT = 60  # a nested value of that many characters is readable on one line
_DEEPEST = 8
_MOST_COMPARED = 1_000  # lines: the comparison takes the square of them


class RequestRow(NamedTuple):
    """One row of a request, and its kind."""

    text: str
    kind: Kind = "key"


def input_rows(
    given: Mapping[str, Any], width: int, *, is_ascii: bool = False
) -> Iterator[RequestRow]:
    """Yield an input in rows of at most `width` cells; nothing is left out or changed."""
    drawing = _Drawing(width, is_ascii=is_ascii)
    if given:
        yield from drawing.children("", given)
    else:
        yield RequestRow("{}")


def text_rows(text: str, width: int, *, is_ascii: bool = False) -> Iterator[RequestRow]:
    """Yield the lines of a text, each behind a bar."""
    return _Drawing(width, is_ascii=is_ascii).block(text)


class _Drawing:
    def __init__(self, width: int, *, is_ascii: bool) -> None:
        self._width, self._is_ascii = width, is_ascii

    def children(self, path: str, value: Mapping[str, Any] | list[Any], depth: int = 0) -> Rows:
        """Yield the rows of the values in a mapping or a list."""
        if isinstance(value, list):
            for number, one in enumerate(value):
                yield from self._value(f"{path}[{number}]", one, depth + 1)
            return
        edits = _edits(value)
        for name, one in value.items():
            if name == _OLD and edits:
                yield from self._edit(self._path(path, _OLD), value[_OLD], value[_NEW])
            elif not (name == _NEW and edits):
                yield from self._value(self._path(path, name), one, depth + 1)

    def block(self, text: str, margin: str = LINE, kind: Kind = "text") -> Rows:
        """Yield the lines of a text behind a margin."""
        for line in text.split("\n"):
            yield from self._rows(revealed(line, is_ascii=self._is_ascii), kind, margin)

    def _path(self, path: str, name: str) -> str:
        is_plain = _PLAIN_KEY.fullmatch(name) is not None
        shown = name if is_plain else revealed_json(name, is_ascii=self._is_ascii)
        return f"{path}.{shown}" if path else shown

    def _value(self, path: str, value: Any, depth: int) -> Rows:
        if isinstance(value, str) and value:
            if "\n" in value:
                yield from self._rows(f"{path}:")
                yield from self.block(value)
            else:
                yield from self._rows(f"{path}: {revealed(value, is_ascii=self._is_ascii)}")
        elif isinstance(value, dict | list) and value and depth < _DEEPEST and _is_long(value):
            yield from self.children(path, value, depth)
        else:
            shown = revealed_json(value, is_ascii=self._is_ascii)
            yield from self._rows(f"{path} = {shown}")

    def _edit(self, path: str, before: str, after: str) -> Rows:
        old, new = before.split("\n"), after.split("\n")
        yield from self._rows(f"{path}{BECOMES}{_NEW}:")
        for tag, start, end, begins, ends in SequenceMatcher(None, old, new, False).get_opcodes():
            if tag == "equal":
                yield from self.block("\n".join(old[start:end]), KEPT)
                continue
            if start < end:
                yield from self.block("\n".join(old[start:end]), REMOVED, "removed")
            if begins < ends:
                yield from self.block("\n".join(new[begins:ends]), ADDED, "added")

    def _rows(self, line: str, kind: Kind = "key", margin: str = "") -> Rows:
        return (RequestRow(row, kind) for row in rows(line, self._width, margin))


Rows = Iterator[RequestRow]


def _edits(value: Mapping[str, Any]) -> bool:
    """Whether the mapping has an old and a new text, adjacent and short enough to compare."""
    texts = value.get(_OLD), value.get(_NEW)
    if not all(isinstance(one, str) and one.count("\n") < _MOST_COMPARED for one in texts):
        return False
    return (_OLD, _NEW) in pairwise(value)


def _is_long(value: dict[str, Any] | list[Any]) -> bool:
    """Whether a value is drawn item by item: it has line breaks, or is long and nested."""
    if _has_lines(value, 0):
        return True
    inner = value.values() if isinstance(value, dict) else value
    has_inner = any(isinstance(one, dict | list) and one for one in inner)
    return has_inner and len(revealed_json(value)) > _SHORT


def _has_lines(value: Any, depth: int) -> bool:
    if isinstance(value, str):
        return "\n" in value
    if depth > _DEEPEST or not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return any(_has_lines(one, depth + 1) for one in inner)
