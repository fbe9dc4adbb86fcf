"""Wide constructors and functions are keyword-only: no two values are swapped unnoticed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.place import REPOSITORY

MOST_FIELDS = 6
MOST_PLACES = 2
MOST_PARAMETERS = 5
IN_PLACES = {
    "Row": "a row of the pipeline's table: made of its columns, in their order",
    "CastSession": "a row of a table of literals",
    "Part": "a row of a table of literals",
}


def wide(source: str) -> list[str]:
    """Return the dataclasses and functions that accept too many positional values."""
    return [name for one in ast.walk(ast.parse(source)) for name in _wide(one)]


def _wide(one: ast.AST) -> Iterator[str]:
    if isinstance(one, ast.ClassDef):
        made = next((by for by in one.decorator_list if "dataclass" in ast.unparse(by)), None)
        places = [each for each in one.body if isinstance(each, ast.AnnAssign)]
        fields = [ast.unparse(each.annotation) for each in places]
        fields = [each for each in fields if not each.startswith("ClassVar")]
        named = "kw_only=True" in ast.unparse(made) if made else True
        before = fields.index("KW_ONLY") if "KW_ONLY" in fields else len(fields)
        if not named and len(fields) > MOST_FIELDS and before > MOST_PLACES:
            yield one.name
    elif isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
        parameters = [each.arg for each in (*one.args.posonlyargs, *one.args.args)]
        if len(
            [name for name in parameters if name != "self"]
        ) > MOST_PARAMETERS and not one.name.startswith("test_"):
            yield one.name


@pytest.mark.parametrize("top", ["tui", "tests"])
def test_what_is_wide_is_given_by_name(top: str) -> None:
    paths = sorted(Path(REPOSITORY, top).rglob("*.py"))
    found = {name: path.name for path in paths for name in wide(path.read_text("utf-8"))}
    assert {name: place for name, place in found.items() if name not in IN_PLACES} == {}


FIELDS = "".join(f"    {name}: int\n" for name in "abcdefg")


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (f"@dataclass\nclass A:\n{FIELDS}", ["A"]),
        (f"@dataclass(slots=True)\nclass A:\n{FIELDS}    _: KW_ONLY\n", ["A"]),
        (f"@dataclass(kw_only=True)\nclass A:\n{FIELDS}", []),
        (f"@dataclass\nclass A:\n    x: int\n    _: KW_ONLY\n{FIELDS}", []),
        ("def f(a, b, c, d, e, f): ...", ["f"]),
        ("def f(self, a, b, c, d, e, *, f): ...", []),
    ],
)
def test_what_is_found_wide(source: str, found: list[str]) -> None:
    assert wide(source) == found
