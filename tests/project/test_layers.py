"""Imports point down, verbs start without heavy imports, and only a run imports the SDK."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.support.listings.sample_listing import FIRST, SampleListing
from tests.support.place import REPOSITORY
from tests.support.verb_lines import OF_FLEETS, verb_lines

ROOT = REPOSITORY
HEAVY = ("textual", "rich", "claude_agent_sdk", "mcp", "aiosqlite", "asyncio")
CODE = """
import contextlib, io, json, sys
from tui.__main__ import main
found = []
for root, words in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        main(["--root", root, *words])
    loaded = {name.partition(".")[0] for name in sys.modules}
    found.append([words, sorted(loaded & set(sys.argv[1:]))])
print(json.dumps([found, sorted(loaded)]))
"""


def test_no_verb_imports_textual_or_the_sdk(tmp_path: Path) -> None:
    words = [*verb_lines(acting=False), *verb_lines(acting=True), ["--help"], ["--version"]]
    words = [one for one in words if one[0] not in OF_FLEETS]
    roots = [tmp_path / str(number) for number, _ in enumerate(words)]
    for root in roots:
        SampleListing(root).add(FIRST)
    no_run_starts = {"SESSION_CONSOLE_CLI_PATH": "/nonexistent/claude"}
    done = subprocess.run(
        [sys.executable, "-c", CODE, *HEAVY],
        input=json.dumps(list(zip(map(str, roots), words, strict=True))),
        env=os.environ | no_run_starts,
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        timeout=300,
    )
    assert "Traceback" not in done.stderr
    found, loaded = json.loads(done.stdout)
    assert [one for one in found if one[1]] == []
    assert "sqlite3" in loaded


def test_the_console_imports_textual_and_never_the_sdk() -> None:
    code = (
        "import sys, tui.ui.app, tui.ui.start, tui.ui.engine.real_engine, tui.demo\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    words = [sys.executable, "-c", code]
    loaded = subprocess.check_output(words, text=True, cwd=REPOSITORY, timeout=120).split()
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


def test_no_folder_has_more_modules_than_can_be_taken_in() -> None:
    modules = [path for top in ("tui", "tests") for path in (ROOT / top).rglob("*.py")]
    beside = Counter(str(path.parent.relative_to(ROOT)) for path in modules)
    assert {folder: count for folder, count in beside.items() if count > 15} == {}


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
