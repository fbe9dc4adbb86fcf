"""Tests use public names or the console's harness, never private attributes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.place import REPOSITORY

TESTS = REPOSITORY / "tests"
_DOCUMENTED = {"_exit", "_replace"}  # of `os` and of a named tuple
# The harness alone knows the app, its screen and the widgets on it.
_OF_THE_HARNESS = {"screen", "query_one", "query_exactly_one", "run_test"}
_EXCEPTIONS = {
    ("claude/transcript_files/test_transcript_lines.py", "transcript_lines._BLOCK"):
        "texts just as long as what is read at once, and a byte more or less",
    ("e2e/runs/test_told.py", "run_verbs._wait_for_end"): "the wait alone, without a run",
    ("ui/terminal/test_clipboard.py", "driver._writer_thread"):
        "Textual's driver has no other way to a terminal that is a fake",
    ("ui/terminal/test_first_picture.py", "app.run_test"): "an app that is not looked at as yet",
    ("ui/terminal/test_first_picture.py", "app.screen"): "what its live pane has, as it begins",
    ("ui/terminal/test_typed_input.py", "app.run_test"): "an app without a console, and its queue",
}  # fmt: skip


def reached(tree: ast.AST, *, is_ui: bool) -> Iterator[str]:
    """Yield each use of another object's private name; in console tests, of its parts too."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="self" | "cls")):
                continue
            case ast.Attribute(attr=name) if is_ui and name in _OF_THE_HARNESS:
                yield ast.unparse(node)
            case ast.Attribute(attr=name) if name.startswith("_") and not name.startswith("__"):
                if name not in _DOCUMENTED:
                    yield ast.unparse(node)
            case ast.Call(
                func=ast.Name(id="getattr" | "setattr"), args=[_, ast.Constant(name), *_]
            ):
                if is_ui and str(name).startswith("_"):
                    yield ast.unparse(node)


def _files() -> Iterator[tuple[Path, str]]:
    for path in sorted(TESTS.rglob("*.py")):
        name = path.relative_to(TESTS).as_posix()
        if not name.startswith("support/"):
            yield path, name


def test_no_test_reaches_into_what_it_tests() -> None:
    found = {
        (name, code)
        for path, name in _files()
        for code in reached(ast.parse(path.read_text("utf-8")), is_ui=name.startswith("ui/"))
    }
    assert found - _EXCEPTIONS.keys() == set(), "see `session-console help write-a-test`"
    assert _EXCEPTIONS.keys() - found == set(), "an exception that is not needed any more"


@pytest.mark.parametrize(
    "code",
    [
        "at._panes.live.count",
        "pane._drawn.clear()",
        "app.screen.news.tell('x')",
        "app.query_one('#live')",
        "ConsoleApp(engine).run_test()",
        "setattr(pane, '_drawn', {})",
    ],
)
def test_reaching_in_is_found(code: str) -> None:
    assert list(reached(ast.parse(code), is_ui=True))


def test_what_is_a_test_s_own_is_not_reaching_in() -> None:
    assert list(reached(ast.parse("self._asked, pane.keys, os._exit"), is_ui=True)) == []


def test_the_guide_names_all_that_the_harness_has() -> None:
    guide = (REPOSITORY / "tui/guides/write-a-test.md").read_text("utf-8")
    module = ast.parse((TESTS / "support/console/harness.py").read_text("utf-8"))
    kinds = {one.name: one for one in module.body if isinstance(one, ast.ClassDef)}
    functions = ast.FunctionDef | ast.AsyncFunctionDef
    members = {one.name for one in kinds["Console"].body if isinstance(one, functions)}
    members = {name for name in members if not name.startswith("_")} | {"engine"}
    assert {name for name in members if not re.search(rf"`[^`]*\bat\.{name}\b", guide)} == set()
