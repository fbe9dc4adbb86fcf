"""Imports point down; the verbs stay light, and nothing but a run imports the SDK."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SampleListing
from tests.support.place import REPOSITORY

ROOT = REPOSITORY
HEAVY = ("textual", "rich", "claude_agent_sdk", "mcp", "aiosqlite", "asyncio")
CODE = """
import sys
from tui.__main__ import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
loaded = {name.partition(".")[0] for name in sys.modules}
print("loaded:", *sorted(loaded), file=sys.stderr)
"""


def loaded_by(code: str, *words: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter has loaded at the end of `code`."""
    found = subprocess.run(
        [sys.executable, "-c", code, *words],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        timeout=60,
    )
    assert "Traceback" not in found.stderr
    return set(found.stderr.splitlines()[-1].removeprefix("loaded: ").split())


@pytest.mark.parametrize(
    "words",
    [
        ["ls"],
        ["ls", "--json"],
        ["show", "9f2c"],
        ["show", "9f2c", "--json"],
        ["tail", "9f2c"],
        ["info"],
        ["extend", "9f2c", "7d"],
        ["delete", "9f2c"],
        ["delete", "9f2c", "--yes"],
        ["restore", "9f2c"],
        ["resume", "missing"],
        ["resume", "9f2c", "--read-only"],
        ["new", "missing", "Go", "--stage", "3"],
        ["send", "9f2c", "Go on"],
        ["answer", "9f2c", "allow"],
        ["interrupt", "9f2c"],
        ["stop", "9f2c"],
        ["fail", "9f2c"],
        ["activate", "9f2c"],
        ["reapply", "9f2c"],
        ["undo"],
        ["log"],
        ["stats"],
        ["grep", "pumps"],
        ["export", "9f2c"],
        ["ack", "9f2c"],
        ["rename", "9f2c", "Pumps"],
        ["--help"],
        ["--version"],
    ],
    ids=" ".join,
)
def test_a_verb_imports_neither_textual_nor_the_sdk(tmp_path: Path, words: list[str]) -> None:
    SampleListing(tmp_path).add(FIRST)
    loaded = loaded_by(CODE, "--root", str(tmp_path), *words)
    assert "sqlite3" in loaded or words[0].startswith("--")
    assert not loaded & set(HEAVY)


def test_the_console_imports_textual_and_never_the_sdk() -> None:
    code = (
        "import sys, tui.ui.app, tui.ui.start, tui.ui.engine, tui.demo\n"
        "print('loaded:', *{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    loaded = loaded_by(code)
    assert "textual" in loaded
    assert "claude_agent_sdk" not in loaded


def test_the_import_contracts_hold() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    found = subprocess.run(
        [str(lint), "--no-cache"],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        timeout=120,
    )
    assert found.returncode == 0, found.stdout


def test_no_function_and_no_file_is_longer_than_can_be_taken_in() -> None:
    long = []
    for path in sorted((ROOT / "tui").rglob("*.py")):
        text = path.read_text("utf-8")
        long += [f"{path.name}: {text.count(chr(10))} lines"] if text.count("\n") > 400 else []
        for one in ast.walk(ast.parse(text)):
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (one.end_lineno or one.lineno) - one.lineno + 1
                long += [f"{path.name}: {one.name} has {lines} lines"] if lines > 40 else []
    assert long == []
