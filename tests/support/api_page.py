"""The page of what a pipeline imports, made from its docstrings."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import tui

_WIDE = 78
_OUTER_COMMA = re.compile(r", (?![^\[\]]*\])")  # none between brackets
_Def = ast.FunctionDef | ast.AsyncFunctionDef


def api_page() -> str:
    """Return each name that `tui` exports, with its signature and docstring, as Markdown."""
    names = sorted(tui.__all__, key=lambda name: (name != "SessionManager", name))
    return "\n\n".join(part for name in names if not name.startswith("_") for part in _part(name))


def _part(name: str) -> Iterator[str]:
    made: Any = getattr(tui, name)
    is_alias = not (inspect.isclass(made) or inspect.isfunction(made))
    if is_alias:
        yield from (f"## {name}", *_alias(name))
        return
    node = _definition(made)
    if not isinstance(node, ast.ClassDef):
        yield from (f"## {name}", _code(_signature(node)), _words(node))
        return
    inside = [one for part in _parts(made) for one in part.body if isinstance(one, _Def)]
    yield from (f"## {name}", _code(_class_line(node, inside)), _words(node))
    if has := list(_attributes(inside)):
        yield textwrap.fill(f"Its attributes: {', '.join(f'`{one}`' for one in has)}.", _WIDE)
    for one in inside:
        if one.name.startswith("_"):
            continue
        if any(ast.unparse(mark) == "property" for mark in one.decorator_list):
            yield f"`{one.name}` (property): {_plain(one)}"
        else:
            line = _signature(one, _arguments(one, made))
            yield from (f"### {one.name}", _code(line), _words(one))


def _arguments(node: _Def, made: type) -> ast.arguments:
    """Return the arguments that a method is called with; some have them from a value's fields."""
    if not node.decorator_list:
        return node.args
    tree = ast.parse(f"def call{inspect.signature(getattr(made, node.name))}: ...")
    for each in ast.walk(tree):
        if isinstance(each, ast.arg) and isinstance(each.annotation, ast.Constant):
            each.annotation = ast.parse(str(each.annotation.value), mode="eval").body
    return next(one.args for one in tree.body if isinstance(one, ast.FunctionDef))


def _alias(name: str) -> Iterator[str]:
    """Return what a name stands for, and the words below it."""
    home = inspect.getsource(import_module(tui._HOMES[name]))
    body = ast.parse(home).body
    (at,) = (n for n, one in enumerate(body) if ast.unparse(one).startswith(f"{name} = "))
    says = body[at + 1]
    assert isinstance(says, ast.Expr)
    yield from (_code(ast.get_source_segment(home, body[at]) or ""), ast.literal_eval(says.value))


def _attributes(inside: list[_Def]) -> Iterator[str]:
    """Return what can be read of a value: the public names that it is made with."""
    for node in (one for begin in inside if begin.name == "__init__" for one in ast.walk(begin)):
        targets = node.targets if isinstance(node, ast.Assign) else ()
        for one in (node.target,) if isinstance(node, ast.AnnAssign) else targets:
            known = ast.unparse(one).removeprefix("self.")
            if isinstance(one, ast.Attribute) and not known.startswith("_"):
                yield known


def _definition(made: Any) -> ast.ClassDef | _Def:
    tree = ast.parse(Path(inspect.getsourcefile(made) or "").read_text("utf-8"))
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return next(one for one in tree.body if isinstance(one, kinds) and one.name == made.__name__)


def _parts(made: type) -> Iterator[ast.ClassDef]:
    """Return the class, then those of ours that it is made of and that have no page themselves."""
    for one in made.__mro__:
        if one is made or (one.__module__.startswith("tui.") and one.__name__ not in tui.__all__):
            part = _definition(one)
            if isinstance(part, ast.ClassDef):
                yield part


def _class_line(node: ast.ClassDef, inside: list[_Def]) -> str:
    """Return how it is made, or what it is and has: its members, or its fields."""
    begins = (one for one in inside if one.name == "__init__")
    bases = ", ".join(map(ast.unparse, node.bases))
    head = f"class {node.name}({bases})" if bases else f"class {node.name}"
    if node.name != "SessionManager" or not (begin := next(begins, None)):  # others are not made
        values = [ast.unparse(one) for one in node.body if isinstance(one, ast.AnnAssign)]
        values += [ast.unparse(one) for one in node.body if isinstance(one, ast.Assign)]
        shown = values if "Error" not in bases and bases != "Exception" else []
        return "\n".join([head, *(f"    {one}" for one in shown)])
    return f"{node.name}{_signature(begin).partition('__init__')[2]}"


def _signature(node: _Def, taken: ast.arguments | None = None) -> str:
    taken = taken or node.args
    own = [one for one in taken.args if one.arg not in ("self", "cls")]
    given = ast.unparse(ast.arguments(**{**vars(taken), "args": own}))
    head = f"async {node.name}" if isinstance(node, ast.AsyncFunctionDef) else node.name
    is_told = node.returns is not None and ast.unparse(node.returns) != "None"
    returns = f" -> {ast.unparse(node.returns)}" if node.returns is not None and is_told else ""
    line = f"{head}({given}){returns}"
    if len(line) <= _WIDE:
        return line
    each = "".join(f"    {one},\n" for one in _OUTER_COMMA.split(given))
    return f"{head}(\n{each}){returns}"


def _code(text: str) -> str:
    return f"```python\n{text}\n```"


def _words(node: ast.ClassDef | _Def) -> str:
    paragraphs = (ast.get_docstring(node) or "").split("\n\n")
    return "\n\n".join(textwrap.fill(" ".join(one.split()), _WIDE) for one in paragraphs)


def _plain(node: _Def) -> str:
    return " ".join((ast.get_docstring(node) or "").split())
