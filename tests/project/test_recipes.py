"""The recipes of the guides: their tests are run, and what they ask of us exists."""

from __future__ import annotations

import ast
import inspect
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from tests.support.place import REPOSITORY
from tui import SessionManager
from tui.guides import read_guide

BLOCKS = re.findall(r"^```python\n(.*?)^```$", read_guide("recipes"), re.S | re.M)


@pytest.mark.parametrize("code", BLOCKS)
def test_a_recipe_asks_for_what_there_is(code: str) -> None:
    tree = ast.parse(code)
    for one in ast.walk(tree):
        if isinstance(one, ast.ImportFrom) and str(one.module).startswith("tui"):
            for name in one.names:
                assert hasattr(import_module(str(one.module)), name.name)
    calls = [one for one in ast.walk(tree) if isinstance(one, ast.Call)]
    (query,) = (one for one in calls if ast.unparse(one.func) == "manager.query")
    inspect.signature(SessionManager.query).bind(
        None, *query.args, **{str(one.arg): one.value for one in query.keywords}
    )


def test_the_tests_of_a_pipeline_pass(tmp_path: Path) -> None:
    (code,) = (one for one in BLOCKS if "play_api" in one)
    (tmp_path / "test_recipe.py").write_text(code)
    own = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", str(tmp_path)],
        cwd=tmp_path,
        env={**own, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "2 passed" in run.stdout, run.stdout + run.stderr
