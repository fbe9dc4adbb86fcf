"""Every piece of Python in README and guides runs with the real CLI, as it stands there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from tests.make_readme import GUIDES, MADE, TEXTS, without_made
from tests.support.place import REPOSITORY
from tests.support.processes.runs_site import SCENES
from tui.demo.api import LoopbackApi, Scene, by_word
from tui.demo.turns import Failure, say

_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.S | re.M)

# Of what is made from the code: a list of signatures, and two files that tests of their own run.
_RUN_ELSEWHERE = {"api", "pipeline", "tests"}
RESETS_AT = 4_000_000_000

# Runs pieces one after the other, with the names that those before them have made.
RUNNER = """
import ast, asyncio, inspect, json, sys, types
names = {"__name__": "guide"}
for number, code in enumerate(json.load(sys.stdin)):
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    done = types.FunctionType(compile(code, f"piece {number}", "exec", flags), names)()
    if inspect.iscoroutine(done):
        asyncio.run(done)
"""

LEFT = """
import sqlite3
for stage in ("untracked", "stage_5"):
    async with manager.session("LONG story", stage=stage) as run:
        await anext(run)
with sqlite3.connect(manager.db_path) as database:
    database.execute("DELETE FROM claude_sessions WHERE stage = 'untracked'")
"""
COUNTED = """
print("left:", len(await manager.recover()))
print("stages:", sorted({one["stage"] for one in await manager.list_active_sessions()}))
"""

# What others bring is no part of us: each stands in for what a recipe asks of it.
STAND_INS = {
    "celery.py": """
        class Celery:
            def __init__(self, name, broker): pass
            def task(self, **given): return lambda act: act
        class Retry(Exception): pass
        class Task:
            def retry(self, args, kwargs, **given):  # else those of the caller, in part
                return Retry(args, kwargs, given)
    """,
    "prefect.py": """
        def task(**given):
            return lambda act: act
    """,
    "airflow/sdk/__init__.py": """
        def task(**given): return lambda act: act
        def dag(**given): return lambda act: act
    """,
    "airflow/sdk/exceptions.py": "class AirflowFailException(Exception): pass",
}
TRIED = {
    "celery": """
        from celery import Task, Retry
        print(run_stage(Task(), "acme", "ECHO it"))
        for prompt in ("LIMIT", "BUSY"):
            try:
                run_stage(Task(), listing="acme", prompt=prompt)
            except Retry as retry:
                args, again, given = retry.args
                told = (f"{name}={value}" for name, value in given.items() if name != "exc")
                print(args, given["exc"].kind, *told)
        print(run_stage(Task(), "acme", "ECHO again", **again))
        try:
            run_stage(Task(), "acme", "BADKEY")
        except ConsoleError as error:
            print("raised:", error.kind)
    """,
    "prefect": """
        class State:
            async def aresult(self, raise_on_failure):
                return self.error
        print(await run_stage("acme", "ECHO it"))
        for prompt in ("BUSY", "BADKEY"):
            try:
                await run_stage("acme", prompt)
            except ConsoleError as error:
                state = State()
                state.error = error
                print(error.kind, await may_succeed(None, None, state))
    """,
    "airflow": """
        print(run_stage("acme", "ECHO it"))
        for prompt in ("BUSY", "BADKEY"):
            try:
                run_stage("acme", prompt)
            except (ConsoleError, AirflowFailException) as error:
                print("ends at once:", isinstance(error, AirflowFailException))
    """,
}


def pieces(topic: str) -> list[str]:
    return _BLOCK.findall(without_made((GUIDES / f"{topic}.md").read_text("utf-8")))


@pytest.fixture(scope="module")
def api() -> Iterator[LoopbackApi]:
    scenes: dict[str, Scene] = {
        "Go on": lambda _: say("I go on."),
        "LIMIT": lambda _: Failure(429, "rate_limit_error", "slow down", resets_at=RESETS_AT),
        "BUSY": lambda _: Failure(529, "overloaded_error", "Overloaded"),
    }
    with LoopbackApi(by_word(scenes, SCENES)) as server:
        yield server


def run(folder: Path, api: LoopbackApi, *codes: str) -> subprocess.CompletedProcess[str]:
    """Run pieces of code in a process of their own, and return what they print."""
    own: Mapping[str, str] = {
        name: os.environ[name] for name in ("PATH", "TZ") if name in os.environ
    }
    done = subprocess.run(
        [sys.executable, "-c", RUNNER],
        input=json.dumps(codes),
        env={
            **own,
            **api.env(as_login=True),
            "HOME": str(folder),
            "PYTHONPATH": f"{folder}:{REPOSITORY}",
            "SESSION_CONSOLE_CONFIG": os.devnull,
        },
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


def test_no_python_is_shown_that_no_test_runs() -> None:
    """A new guide with Python gets a test here, that of README too."""
    shown = {path.stem for path in TEXTS if _BLOCK.search(without_made(path.read_text("utf-8")))}
    assert shown == {"events", "pipeline", "recipes"}
    assert {name for name, make in MADE.items() if "```python" in make()} == _RUN_ELSEWHERE


def test_the_pieces_of_the_guide_to_the_pipeline_go_on_from_each_other(
    tmp_path: Path, api: LoopbackApi
) -> None:
    codes = pieces("pipeline")
    (recovering,) = (place for place, code in enumerate(codes) if "recover()" in code)
    codes[recovering:recovering] = [LEFT, COUNTED]
    said = run(tmp_path, api, *codes, COUNTED).stdout
    assert re.findall(r"^left: (\d+)$", said, re.M) == ["2", "0"]
    assert said.count("I go on.\n") == 2
    assert "expired_pending_cleanup" in said
    assert said.rsplit("stages: ", 1)[1] == "['stage_1', 'stage_2', 'stage_5', 'untracked']\n"


def test_the_guide_to_events_logs_and_tells(tmp_path: Path, api: LoopbackApi) -> None:
    done = run(
        tmp_path,
        api,
        *pieces("events"),
        'from tui import ConsoleError\ntry:\n    manager.run("BADKEY", stage="stage_3")\n'
        "except ConsoleError:\n    pass\n",
    )
    assert re.search(r"^stage_3 failed: \S", done.stdout, re.M)
    assert re.search(
        r"^\d\d:\d\d:\d\d hollis_park stage_3 [0-9a-f]{8}: started \(new\)$", done.stderr, re.M
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "celery",
            "You said: ECHO it\n"
            "('acme', 'LIMIT') rate_limit eta=2096-10-02 07:06:40+00:00\n"
            "('acme', 'BUSY') overloaded countdown=60\n"
            "You said: ECHO again\n"
            "raised: credential\n",
        ),
        ("prefect", "You said: ECHO it\noverloaded True\ncredential False\n"),
        ("airflow", "You said: ECHO it\nends at once: False\nends at once: True\n"),
    ],
)
def test_a_recipe_does_what_it_says(tmp_path: Path, api: LoopbackApi, name: str, said: str) -> None:
    for path, code in STAND_INS.items():
        place = tmp_path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(dedent(code))
    (code,) = (one for one in pieces("recipes") if f"from {name}" in one)
    code = code.replace('"/data/outputs"', '"data/outputs"')
    assert run(tmp_path, api, code, dedent(TRIED[name])).stdout == said


def test_the_tests_of_a_pipeline_pass(tmp_path: Path) -> None:
    (code,) = (one for one in pieces("recipes") if "play_api" in one)
    (tmp_path / "test_recipe.py").write_text(code)
    own = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    # A base of its own: pytest would erase what earlier runs of it left, for minutes.
    base = f"--basetemp={tmp_path / 'base'}"
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", base, str(tmp_path)],
        cwd=tmp_path,
        env={**own, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert "3 passed" in run.stdout, run.stdout + run.stderr
