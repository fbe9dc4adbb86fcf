"""No test depends on the machine's speed: every wait has a ceiling of at least a minute.

Promises about time belong in `tests/bench`, as ratios to a floor measured in the same run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.place import REPOSITORY

LEAST_S = 60
FILES = [
    path
    for path in sorted((REPOSITORY / "tests").rglob("*.py"))
    if not {"bench", "torture"} & set(path.parts)
]
# Where running out is what is tested, or what comes next is tried again.
TRIED = {
    "cli/test_contract.py: tail.wait(1)",
    "cli/test_hangup.py: client.wait(1)",
    "cli/test_hangup.py: client.wait(1.5)",
    "e2e/terminal/test_hostile.py: screen.process.wait(2)",
}
_WAITS = {"wait", "wait_for", "until", "join", "result", "run", "communicate", "soon", "timeout"}
_CLOCKS = {"time.monotonic", "time.perf_counter", "time.time"}


def ceilings(tree: ast.AST) -> Iterator[tuple[str, float]]:
    """Yield each call with a timeout, with its seconds."""
    for call in (one for one in ast.walk(tree) if isinstance(one, ast.Call)):
        of, _, name = ast.unparse(call.func).rpartition(".")
        given = [one.value for one in call.keywords if one.arg in ("timeout", "seconds")]
        if name in ("wait", "timeout") or (of and name in ("join", "result")):
            given += call.args[-1:]
        if name in _WAITS:
            for one in given:
                if isinstance(one, ast.Constant) and isinstance(one.value, int | float):
                    yield ast.unparse(call), one.value


def measured(tree: ast.AST) -> Iterator[str]:
    """Yield each assertion that limits elapsed time."""
    for one in (one for one in ast.walk(tree) if isinstance(one, ast.Assert)):
        for compared in (each for each in ast.walk(one.test) if isinstance(each, ast.Compare)):
            calls = [each for each in ast.walk(compared.left) if isinstance(each, ast.Call)]
            most = compared.comparators[-1]
            is_timed = any(ast.unparse(each.func) in _CLOCKS for each in calls)
            seconds = most.value if isinstance(most, ast.Constant) else None
            if is_timed and isinstance(seconds, int | float) and seconds < LEAST_S:
                yield ast.unparse(one)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_what_is_waited_for_has_a_generous_ceiling(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    name = path.relative_to(REPOSITORY / "tests").as_posix()
    tight = [f"{name}: {call}" for call, seconds in ceilings(tree) if 1 <= seconds < LEAST_S]
    assert [one for one in tight if one not in TRIED] == []
    told = [one for one in measured(tree) if "4.5" not in one]  # a lock's 0.25 s against SQLite's 5
    assert told == []
