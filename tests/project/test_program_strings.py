"""Programs kept as strings use only names that exist: mypy does not check them."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.place import REPOSITORY

OURS = ("tui", "tests")
_IS_PROGRAM = re.compile(rf"^ *(import|from) .*\b({'|'.join(OURS)})\b|; *from tui", re.MULTILINE)


def programs(source: str) -> Iterator[tuple[int, str]]:
    """Yield each string that is a program importing our modules, with its line."""
    module = ast.parse(source)
    inner = {id(one) for node in ast.walk(module) if isinstance(node, ast.JoinedStr)
             for one in node.values}  # fmt: skip
    for node in ast.walk(module):
        match node:
            case ast.Constant(value=str() as text) if id(node) not in inner:
                pass
            case ast.JoinedStr(values=values):
                # What is put into a program is a value: any name does.
                text = "".join(
                    str(one.value) if isinstance(one, ast.Constant) else "_" for one in values
                )
            case _:
                continue
        if _IS_PROGRAM.search(text):
            yield node.lineno, textwrap.dedent(text)


def missing(program: str) -> list[str]:
    """Return the names a program takes from our modules that do not exist, without running it."""
    known: dict[str, Any] = {}
    lost: list[str] = []
    for node in ast.walk(ast.parse(program)):
        if isinstance(node, ast.Import):
            for one in node.names:
                if one.name.split(".")[0] in OURS:
                    _module(one.name, lost)
        elif isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] in OURS:
            module = _module(str(node.module), lost)
            for one in node.names if module else ():
                if not hasattr(module, one.name) and not _is_module(f"{node.module}.{one.name}"):
                    lost.append(f"{node.module}.{one.name}")
                known[one.asname or one.name] = getattr(module, one.name, None)
    return lost + [one for one in _chains(ast.parse(program)) if not _has(known, one)]


def _module(name: str, lost: list[str]) -> Any:
    if not _is_module(name):
        lost.append(name)
        return None
    return importlib.import_module(name)


def _is_module(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        return False
    return True


def _chains(module: ast.Module) -> Iterator[str]:
    """Yield each `name.attribute...`, including those assigned to: they patch what exists."""
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute):
            text = ast.unparse(node)
            if re.fullmatch(r"[A-Za-z_][\w.]*", text):
                yield text


def _has(known: dict[str, Any], chain: str) -> bool:
    """Whether our modules and classes have the names a program takes from them."""
    name, *attributes = chain.split(".")
    found = known.get(name)
    for attribute in attributes:
        if not (inspect.ismodule(found) or inspect.isclass(found)):
            return True
        if not hasattr(found, attribute):
            return False
        found = getattr(found, attribute)
    return True


FILES = sorted(
    path
    for folder in OURS
    for path in (REPOSITORY / folder).rglob("*.py")
    if path != Path(__file__) and next(programs(path.read_text("utf-8")), None)
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_each_program_names_what_exists(path: Path) -> None:
    for line, program in programs(path.read_text("utf-8")):
        assert missing(program) == [], f"line {line}"


@pytest.mark.parametrize(
    ("program", "lost"),
    [
        ("from tui.nowhere import x", ["tui.nowhere"]),
        ("import sys; from tui.settings import Settings, Nothing", ["tui.settings.Nothing"]),
        ("import tui.nowhere", ["tui.nowhere"]),
        ("from tui import settings\nsettings.Nothing = 1", ["settings.Nothing"]),
        ("from tui.settings import Settings\nSettings.nothing()", ["Settings.nothing"]),
        ("from tui.core import errors\nprint(errors.Refused('x').message)", []),
    ],
)
def test_what_is_missing_is_found(program: str, lost: list[str]) -> None:
    assert [one for _, one in programs(f"PROGRAM = {program!r}")] == [program]
    assert missing(program) == lost


def test_most_programs_are_found() -> None:
    """The count of today: if the pattern stopped matching, the test above would check nothing."""
    assert len(FILES) > 35
