"""No code decides by the words of a message: reasons are values, so any message may be reworded."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.support.place import REPOSITORY

# Names that hold sentences for people, as variables and as attributes.
_NAMES = frozenset({"why", "message", "problem", "trouble", "note", "said", "told", "words"})
_ATTRIBUTES = _NAMES | {"reason", "error", "strerror", "args", "text"}
# There the same names hold what the CLI and its users wrote: nothing that we say.
_THEIR_WORDS = ("claude/", "demo/")
_THEIRS = frozenset({"said", "told", "words", "text"})
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
    ("ui/state/view_model.py", "_is_unchanged"): "only whether anything is to be drawn again",
    ("ui/widgets/message_bar.py", "_said"): "only which words are cut in too short a line",
    ("view/text/not_done.py", "_by_cause"): "only which ids stand before one reason in a message",
    ("core/text/toml_lines.py", "broken"): "tomllib tells the line in its words only",
}


@dataclass(frozen=True, slots=True)
class Known:
    """The names of a function that hold errors, and the names and attributes that hold messages."""

    errors: frozenset[str]
    told: frozenset[str]
    attributes: frozenset[str]


def _known(tree: ast.AST, theirs: frozenset[str] = frozenset()) -> Known:
    """Return the errors a function catches or receives, and the names that hold messages."""
    caught = {one.name for one in ast.walk(tree) if isinstance(one, ast.ExceptHandler) and one.name}
    given = {
        one.arg
        for one in ast.walk(tree)
        if isinstance(one, ast.arg)
        and one.annotation is not None
        and ast.unparse(one.annotation).endswith(("Error", "Exception", "Problem", "Refused"))
    }
    known = Known(frozenset(caught | given), _NAMES - caught - given - theirs, _ATTRIBUTES - theirs)
    kept = {name for name, value in _assigned(tree) if _is_prose(value, known)}
    return Known(known.errors, known.told | kept, known.attributes)


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
            return name in known.attributes
    return False


def _values(module: ast.Module) -> frozenset[str]:
    """Return the names of a module's constants that are not text, such as enum values."""
    return frozenset(
        target.id
        for one in module.body
        if isinstance(one, ast.Assign) and not _is_text(one.value, frozenset())
        for target in one.targets
        if isinstance(target, ast.Name)
    )


def _is_text(node: ast.expr, values: frozenset[str]) -> bool:
    """Whether an expression is a non-empty string literal."""
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


def _is_value(node: ast.expr, values: frozenset[str]) -> bool:
    """Whether an expression is no wording: an empty string, a number, or an enum's constant."""
    match node:
        case ast.Constant(value=value):
            return value == "" or not isinstance(value, str)
        case ast.Tuple(elts=inner):
            return all(_is_value(one, values) for one in inner)
        case ast.Attribute(value=ast.Name(id=owner)):
            return owner[0].isupper()
        case ast.Name(id=name):
            return name in values
    return False


def _decides(node: ast.AST, known: Known, values: frozenset[str]) -> bool:
    """Whether it compares, searches or cuts a message."""
    match node:
        case ast.Compare(left=left, ops=ops, comparators=[*others]):
            sides = (left, *others)
            is_test = any(isinstance(one, ast.Eq | ast.NotEq | ast.In | ast.NotIn) for one in ops)
            is_silent = any(_is_value(one, values) for one in sides)
            return is_test and any(_is_prose(one, known) for one in sides) and not is_silent
        case ast.Call(func=ast.Attribute(value=whose, attr=attr), args=[*given]):
            is_given = any(_is_prose(one, known) for one in given)
            if attr in _CUTS and given:
                return _is_prose(whose, known) or is_given
            return attr in _SEARCHES and is_given
    return False


def _decisions(source: str, theirs: frozenset[str] = frozenset()) -> Iterator[tuple[str, str]]:
    """Yield each decision made by a message: its function and its code."""
    module = ast.parse(source)
    values = _values(module)
    for function in ast.walk(module):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            known = _known(function, theirs)
            for node in ast.walk(function):
                if _decides(node, known, values):
                    yield function.name, ast.unparse(node)


def test_no_code_decides_by_the_words_of_a_message() -> None:
    found: dict[tuple[str, str], str] = {}
    for path in sorted((REPOSITORY / "tui").rglob("*.py")):
        where = str(path.relative_to(REPOSITORY / "tui"))
        theirs = _THEIRS if where.startswith(_THEIR_WORDS) else frozenset[str]()
        found |= {(where, name): code for name, code in _decisions(path.read_text("utf-8"), theirs)}
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
        "if said.removesuffix('; `doctor` explains') != said: pass",
        "if fact.text in warnings: pass",
        "if any(one.startswith(fact.text) for one in warnings): pass",
        "if context.said == bar.message.text: pass",
        "head = done.words.split('; ')[0]",
        "if _LOCKED.match(told): pass",
    ],
)
def test_such_a_decision_is_found(code: str) -> None:
    body = f"try:\n        pass\n    except OSError as error:\n        {code}"
    assert {name for name, _ in _decisions(f"def do():\n    {body}")} == {"do"}


@pytest.mark.parametrize(
    "code",
    [
        "if why == '' or problem != '': pass",
        "if problem.reason in (Reason.LOCKED, Reason.SLOW): pass",
        "if error.errno == errno.ENOENT: pass",
        "if address.partition('/')[0] == listing: pass",
    ],
)
def test_a_decision_by_a_value_is_none(code: str) -> None:
    assert list(_decisions(f"def do():\n    {code}")) == []
