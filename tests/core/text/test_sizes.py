"""Sizes as an operator types and reads them: one parser and one formatter in the whole product."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tui
from tui.core.errors import UsageError
from tui.core.text.sizes import parse_size, size_text

_UNIT = re.compile(r"(?:^|[ 0-9])[kKMGT]i?B\b")


@pytest.mark.parametrize(
    ("words", "size"),
    [
        ("0", 0),
        ("1024", 1024),
        ("512b", 512),
        ("200M", 200 * 1024**2),
        ("200MB", 200 * 1024**2),
        ("200MiB", 200 * 1024**2),
        ("5 gb", 5 * 1024**3),
        ("1.5G", 3 * 1024**3 // 2),
        ("500k", 500 * 1024),
        (" 1TiB ", 1024**4),
        ("1P", 1024**5),
    ],
)
def test_a_size_is_read(words: str, size: int) -> None:
    assert parse_size(words) == size


@pytest.mark.parametrize(
    "words", ["", "GB", "-1", "5XB", "1e9", "5iB", "1,5G", "\u0665GB", "1\x1b[31mGB", "M", "1.G"]
)
def test_what_is_no_size_is_refused_and_the_forms_are_told(words: str) -> None:
    with pytest.raises(UsageError, match=r"is not a size: use 200M, 1\.5G or a number of bytes"):
        parse_size(words)


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0B"),
        (1023, "1023B"),
        (1024, "1.0K"),
        (880 * 1024, "880K"),
        (1024**2 - 1, "1.0M"),
        (2_202_009, "2.1M"),
        (31 * 2**20, "31M"),
        (2**40, "1.0T"),
        (2**63, "8.0E"),
        (None, "?"),
    ],
)
def test_sizes_are_told_as_ls_does(count: int | None, said: str) -> None:
    assert size_text(count) == said


@given(st.integers(0, 2**63))
def test_what_is_told_can_be_typed(count: int) -> None:
    """Within the digits that are told: half a tenth below ten, half a unit above."""
    said = size_text(count)
    assert len(said) <= 5
    assert size_text(parse_size(said)) == said
    assert abs(parse_size(said) - count) <= count * 0.051 + 1


@given(st.integers(0, 2**63), st.integers(0, 2**63))
def test_more_is_never_told_as_less(one: int, other: int) -> None:
    less, more = sorted((one, other))
    assert parse_size(size_text(less)) <= parse_size(size_text(more))


def test_nothing_else_writes_a_unit() -> None:
    """Else a table said `152K` and a message `152.4 kB`."""
    assert [*_units_written()] == []


def _units_written() -> Iterator[str]:
    for path in sorted(Path(tui.__file__).parent.rglob("*.py")):
        tree = ast.parse(path.read_text())
        docs = {
            id(one.body[0].value)
            for one in ast.walk(tree)
            if isinstance(one, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and one.body
            and isinstance(one.body[0], ast.Expr)
        }
        for one in ast.walk(tree):
            if not isinstance(one, ast.Constant) or id(one) in docs:
                continue
            if isinstance(one.value, str) and _UNIT.search(one.value):
                yield f"{path.name}:{one.lineno}: {one.value!r}"
