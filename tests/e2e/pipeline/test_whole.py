"""A pipeline that uses all of the API: as a type checker sees it, and with the real CLI."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import tui
from tests.e2e.pipeline import whole_pipeline
from tests.support.place import REPOSITORY
from tests.support.processes.children import module
from tests.support.processes.runs_site import SCENES, Site
from tui.demo.api import LoopbackApi
from tui.demo.api_request import ApiRequest
from tui.demo.turns import Failure, Turn, say
from tui.storage.session_locks import held

RESETS_AT = 4_000_000_000
SOURCE = Path(whole_pipeline.__file__)


WRONG = """
from tui import SessionManager
manager = SessionManager("data/outputs/hollis_park")
manager.query("go", stage="stage_1", takeover=True)
manager.session("go", stage=1)
number: int = manager.run("go")
"""
SAID = """\
run: You said: ECHO the run
query: You said: ECHO the query, stage_1, workers in metadata: True
session: By claude-haiku-4-5, cut short: True, known: True
failed: rate_limit True True 2096-10-02T07:06:40+00:00 0.0
failed: credential False False never 0.0
retried: True
taken over: You said: ECHO it is mine, ['stopped by pipeline', 'stopped by pipeline'], True
recovered: 2 were left, now 0
cleaned up: 0
"""


def scene(asked: ApiRequest) -> Turn | Failure:
    if "LIMIT" in asked.prompt:
        return Failure(429, "rate_limit_error", "slow down", resets_at=RESETS_AT)
    return say(f"By {asked.model}") if "MODEL" in asked.prompt else SCENES(asked)


@pytest.fixture(scope="module")
def api() -> Iterator[LoopbackApi]:
    with LoopbackApi(scene) as server:
        yield server


def test_it_is_sound_to_a_type_checker_and_does_with_the_real_cli_what_it_says(
    site: Site, tmp_path: Path
) -> None:
    told = mypy(tmp_path, "pipeline.py", SOURCE.read_text())
    assert told.startswith("Success"), told
    own = {name: os.environ[name] for name in ("PATH", "TZ") if name in os.environ}
    own |= {"HOME": str(tmp_path), "SESSION_CONSOLE_CONFIG": "/dev/null"}
    words = ("tests.e2e.pipeline.whole_pipeline", str(site.listing))
    with module(*words, environment=own | site.api.env(as_login=True)) as process:
        out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    said, heard = out.rsplit("heard:", 1)
    assert said == SAID
    assert {"failed=2", "stopped=2", "left=2"} < set(heard.split())
    assert not held(site.listing)


def test_a_type_checker_sees_what_is_wrong(tmp_path: Path) -> None:
    told = mypy(tmp_path, "wrong.py", WRONG)
    for line, code in ((4, "call-arg"), (5, "arg-type"), (6, "call-arg"), (6, "assignment")):
        assert re.search(rf"wrong\.py:{line}: error: .*\[{code}\]", told), told


def test_it_uses_all_of_the_api() -> None:
    """What is added to the API is tried here, too."""
    source = SOURCE.read_text()
    arguments = [*inspect.signature(tui.SessionManager.query).parameters][2:]
    arguments += {*inspect.signature(tui.SessionManager).parameters} - {"output_dir", "clock"}
    assert [one for one in arguments if f"{one}=" not in source] == []
    names = {name for name in dir(tui.SessionRun) if not name.startswith("_")} - {"end"}
    names |= {"query", "session", "run", "stop_session", "recover", "acknowledge"}
    assert [one for one in sorted(names) if f".{one}" not in source] == []


def mypy(folder: Path, name: str, code: str) -> str:
    """Check a file as the author of a pipeline does, outside our tree."""
    (folder / name).write_text(code)
    words = ["--strict", "--config-file", os.devnull, "--cache-dir", str(folder / "cache"), name]
    return subprocess.run(
        [sys.executable, "-m", "mypy", *words],
        cwd=folder,
        env={**os.environ, "MYPYPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    ).stdout
