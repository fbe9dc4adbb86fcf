"""No code decides by the words of a message: reasons are values, so any message may be reworded."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.support.place import REPOSITORY

# Names that hold sentences for people, as variables and as attributes.
_NAMES = frozenset({"why", "message", "problem", "trouble", "note"})
_ATTRIBUTES = _NAMES | {"words", "reason", "error", "strerror", "args"}
_CUTS = frozenset(
    {"startswith", "endswith", "split", "rsplit", "partition", "rpartition"}
    | {"removeprefix", "removesuffix", "find", "rfind", "index", "rindex", "count"}
)
_SEARCHES = frozenset({"match", "search", "fullmatch", "findall", "finditer", "split"})
_SHOWN_BY = frozenset({"str", "repr", "one_line", "safe_text"})
# Where others' programs give no value: each with what it reads.
_OTHERS = {
    ("runs/agent/cli_errors.py", "_exit_code"): "the SDK puts some exit codes into its words only",
    ("runs/agent/cli_errors.py", "error_words"): "the SDK raises a plain Exception for a timeout",
    ("storage/sqlite/transactions.py", "_reason"): "SQLite has one code for several mistakes",
    ("operations/doctor/session_findings.py", "_bypass"): "the CLI's own last words, in a row",
    ("core/text/toml_lines.py", "broken"): "tomllib tells the line in its words only",
}


@dataclass(frozen=True, slots=True)
class Known:
    """The names of a function that hold errors, and those that hold messages."""

    errors: frozenset[str]
    told: frozenset[str] = _NAMES


def _known(tree: ast.AST) -> Known:
    """Return what a function catches or is given, and where it keeps messages."""
    caught = {one.name for one in ast.walk(tree) if isinstance(one, ast.ExceptHandler) and one.name}
    given = {
        one.arg
        for one in ast.walk(tree)
        if isinstance(one, ast.arg)
        and one.annotation is not None
        and ast.unparse(one.annotation).endswith(("Error", "Exception", "Problem", "Refused"))
    }
    known = Known(frozenset(caught | given), _NAMES - caught - given)
    kept = {name for name, value in _assigned(tree) if _is_prose(value, known)}
    return Known(known.errors, known.told | kept)


def _assigned(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield each name that is assigned, with its value."""
    for one in ast.walk(tree):
        match one:
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                pairs = list(zip(names, values, strict=False))
            case ast.Assign(targets=[name], value=value):
                pairs = [(name, value)]
            case ast.NamedExpr(target=name, value=value):
                pairs = [(name, value)]
            case _:
                continue
        yield from ((name.id, value) for name, value in pairs if isinstance(name, ast.Name))


def _is_prose(node: ast.expr, known: Known) -> bool:
    """Whether an expression is a message, or a piece of one."""
    match node:
        case ast.Subscript(value=inner):
            return _is_prose(inner, known)
        case ast.Call(func=ast.Name(id=name), args=[ast.Name(id=shown)]) if name in _SHOWN_BY:
            return shown in known.errors or shown in known.told
        case ast.Call(func=ast.Name(id=name), args=[inner, *_]) if name in _SHOWN_BY:
            return _is_prose(inner, known)
        case ast.Call(func=ast.Attribute(value=inner, attr="lower" | "strip" | "casefold")):
            return _is_prose(inner, known)
        case ast.Name(id=name):
            return name in known.told
        case ast.Attribute(value=ast.Name(id="args" | "command")):  # what was typed
            return False
        case ast.Attribute(attr=name):
            return name in _ATTRIBUTES
    return False


def _values(module: ast.Module) -> frozenset[str]:
    """Return the names of a module's constants that are no texts: an enum's values, say."""
    return frozenset(
        target.id
        for one in module.body
        if isinstance(one, ast.Assign) and not _is_text(one.value, frozenset())
        for target in one.targets
        if isinstance(target, ast.Name)
    )


def _is_text(node: ast.expr, values: frozenset[str]) -> bool:
    """Whether an expression is a text that is written in the code, and not the empty one."""
    match node:
        case ast.Constant(value=str() as text):
            return text != ""
        case ast.JoinedStr():
            return True
        case ast.Tuple(elts=inner) | ast.List(elts=inner) | ast.Set(elts=inner):
            return any(_is_text(one, values) for one in inner)
        case ast.Name(id=name):
            return name.isupper() and name not in values
    return False


def _decides(node: ast.AST, known: Known, values: frozenset[str]) -> bool:
    """Whether it compares, searches or cuts a message."""
    match node:
        case ast.Compare(left=left, ops=ops, comparators=[*others]):
            sides = (left, *others)
            is_test = any(isinstance(one, ast.Eq | ast.NotEq | ast.In | ast.NotIn) for one in ops)
            is_told = any(_is_prose(one, known) for one in sides)
            return is_test and is_told and any(_is_text(one, values) for one in sides)
        case ast.Call(func=ast.Attribute(value=whose, attr=attr), args=[*given]):
            if attr in _CUTS and given and _is_prose(whose, known):
                return True
            return attr in _SEARCHES and any(_is_prose(one, known) for one in given)
    return False


def _decisions(source: str) -> Iterator[tuple[str, str]]:
    """Yield each decision by a message: in which function, and its code."""
    module = ast.parse(source)
    values = _values(module)
    for function in ast.walk(module):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            known = _known(function)
            for node in ast.walk(function):
                if _decides(node, known, values):
                    yield function.name, ast.unparse(node)


def test_no_code_decides_by_the_words_of_a_message() -> None:
    found = {
        (str(path.relative_to(REPOSITORY / "tui")), name): code
        for path in sorted((REPOSITORY / "tui").rglob("*.py"))
        for name, code in _decisions(path.read_text("utf-8"))
    }
    assert {where: code for where, code in found.items() if where not in _OTHERS} == {}
    assert _OTHERS.keys() - found.keys() == set(), "an exception that is not needed any more"


@pytest.mark.parametrize(
    "code",
    [
        "if 'locked' in str(error): pass",
        "if str(error).startswith('no such'): pass",
        "if error.args[0] == 'locked': pass",
        "if why == _HELD: pass",
        "if NO_LOCKS in scan.why: pass",
        "words, _, remedy = one.words.partition('; ')",
        "if re.search('root', session.reason): pass",
        "if _LOCKED.search(one_line(error)): pass",
        "if 'full' in problem.strerror.lower(): pass",
        "text = str(error); is_locked = text.startswith('locked')",
    ],
)
def test_such_a_decision_is_found(code: str) -> None:
    body = f"try:\n        pass\n    except OSError as error:\n        {code}"
    assert [name for name, _ in _decisions(f"def do():\n    {body}")] == ["do"]
