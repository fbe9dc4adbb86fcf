"""What a console showed, as cells and style numbers, and what of a stored one may be shown."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from tui.core.text.bounded_json import parse_json
from tui.core.text.safe_text import cell_width, safe_text
from tui.core.values import dataclass

Cell = tuple[str, str]  # its text, empty in the second half of a wide one, and its pen (SGR codes)
Rows = tuple[tuple[Cell, ...], ...]
_FORM = 1
_MOST_PENS = 1_000
_LATEST = 2**32  # in the year 2106: no zone shifts it out of what a date can be
_ATTRIBUTES = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 9, 21, 51, 52, 53})
_COLOURS = frozenset((*range(30, 38), *range(40, 48), *range(90, 98), *range(100, 108)))
_MANY = {5: 1, 2: 3}  # the numbers that follow: one of a palette, or red, green and blue


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The cells of a screen at one moment.

    `erasure` is the root's erasure generation that it is of; `drawn_for` names the settings and
    the colours that it was drawn with.
    """

    rows: Rows
    at: datetime
    erasure: str
    drawn_for: str


def to_json(picture: Picture) -> str:
    """Return a picture as JSON; raises `ValueError` for a pen that is not made of numbers."""
    pens: dict[str, int] = {}
    rows = [_runs(row, pens) for row in picture.rows]
    facts = {
        "form": _FORM,
        "at": int(picture.at.timestamp()),
        "erasure": picture.erasure,
        "drawn_for": picture.drawn_for,
        "styles": [[int(code) for code in pen.split(";") if code] for pen in pens],
        "rows": rows,
    }
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":"))


def from_json(text: str, size: tuple[int, int]) -> Picture:
    """Return a stored picture; raises `ValueError` unless all of it may go to a terminal.

    Nothing is mended: each row must have exactly this many cells of safe text in known styles.
    """
    facts = parse_json(text)
    if not isinstance(facts, dict) or facts.get("form") != _FORM:
        raise ValueError("not a picture")
    width, height = size
    pens = [_pen(one) for one in _list(facts.get("styles"), _MOST_PENS)]
    rows = _list(facts.get("rows"), height)
    if len(rows) != height:
        raise ValueError("a picture of another size")
    erasure, drawn_for, at = facts.get("erasure"), facts.get("drawn_for"), facts.get("at")
    if not isinstance(erasure, str) or not isinstance(drawn_for, str) or type(at) is not int:
        raise ValueError("not a picture")
    return Picture(
        rows=tuple(tuple(_cells(_list(row, 2 * width + 2), pens, width)) for row in rows),
        at=_moment(at),
        erasure=erasure,
        drawn_for=drawn_for,
    )


def _runs(row: Sequence[Cell], pens: dict[str, int]) -> list[str | int]:
    runs: list[str | int] = []
    for pen, cells in groupby(row, key=itemgetter(1)):
        runs += ["".join(text for text, _ in cells), pens.setdefault(pen, len(pens))]
    return runs


def _cells(runs: list[Any], pens: Sequence[str], width: int) -> list[Cell]:
    cells: list[Cell] = []
    whole = ""
    for text, number in zip(runs[::2], runs[1::2], strict=True):
        if not isinstance(text, str) or type(number) is not int or not 0 <= number < len(pens):
            raise ValueError("not a run of cells")
        whole += text
        for char in text:
            _add(cells, char, pens[number])
    if len(cells) != width or whole != safe_text(whole) or not {"\n", "\t"}.isdisjoint(whole):
        raise ValueError("a row that no console wrote")
    return cells


def _add(cells: list[Cell], char: str, pen: str) -> None:
    """Add a character, or put a mark on the last one."""
    width = 1 if char.isascii() else cell_width(char)
    if width:
        cells += [(char, pen), *[("", pen)] * (width - 1)]
    elif cells:
        at = -1 if cells[-1][0] else -2
        cells[at] = (cells[at][0] + char, cells[at][1])
    else:
        raise ValueError("a mark on nothing")


def _pen(codes: object) -> str:
    """Return a style's codes as SGR takes them; raises `ValueError` for any others."""
    numbers = _list(codes, 32)
    if not all(type(one) is int for one in numbers):
        raise ValueError("not a style")
    left = iter(numbers)
    for code in left:
        if code in (38, 48):
            _take_colour(left)
        elif code not in _ATTRIBUTES and code not in _COLOURS:
            raise ValueError("not a style")
    return ";".join(map(str, numbers))


def _take_colour(left: Iterator[int]) -> None:
    values = [next(left, -1) for _ in range(_MANY.get(next(left, -1), 0))]
    if not values or not all(0 <= one < 256 for one in values):
        raise ValueError("not a colour")


def _list(value: object, most: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise ValueError("not a list of that length")
    return value


def _moment(at: int) -> datetime:
    if not 0 < at < _LATEST:
        raise ValueError("no moment of a picture")
    return datetime.fromtimestamp(at, UTC)
