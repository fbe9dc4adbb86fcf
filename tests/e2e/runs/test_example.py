"""The guide's pipeline with the real CLI, beside an open console that steers one of its agents."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.support.place import REPOSITORY
from tests.support.processes.children import module
from tests.support.processes.runs_site import Site
from tests.support.processes.terminal import Terminal
from tui.demo import pipeline
from tui.demo.api import LoopbackApi, by_word
from tui.demo.api_request import ApiRequest
from tui.demo.turns import Failure, ToolUse, Turn, say
from tui.storage.table.tracking import read_rows

GUIDE = REPOSITORY / "tui" / "guides" / "pipeline.md"
SOURCE = Path(pipeline.__file__)


def look_up(asked: ApiRequest) -> Turn:
    """Ask for leave to write down what was found."""
    if asked.step == 0:
        return say(ToolUse("Bash", {"command": "touch platforms.csv", "description": "note it"}))
    return say("No leave." if asked.is_refused else "Harrow Equity is a platform.")


@pytest.fixture(scope="module")
def api() -> Iterator[LoopbackApi]:
    scenes = by_word(
        {
            pipeline.RANK: lambda asked: say(f"Of these: {asked.prompt}"),
            "strategic buyers": lambda asked: say("Alder Industries would buy."),
            "PE platforms": look_up,
            "family offices": lambda asked: Failure(401, "authentication_error", "no such key"),
        },
        default=lambda asked: say("It makes pumps."),
    )
    with LoopbackApi(scenes) as server:
        yield server


def example(
    site: Site, environment: dict[str, str]
) -> AbstractContextManager[subprocess.Popen[str]]:
    environment = environment | site.api.env()
    return module("tui.demo.pipeline", str(site.listing), environment=environment)


def test_a_console_steers_a_worker_of_the_example_and_a_failure_is_marked(site: Site) -> None:
    own = {"HOME": str(site.listing.parent.parent), "PATH": os.environ["PATH"]}
    own |= {"SESSION_CONSOLE_CONFIG": "/dev/null", "SSH_CONNECTION": ""}
    look = [sys.executable, "-m", "tui", "--root", str(site.listing.parent), "--operator", "anna"]
    with Terminal(look, environment=own) as screen, example(site, own) as process:
        screen.wait_for("? waiting", "Find PE pl")
        screen.send("/platforms\r")
        screen.wait_for("TITLE /platforms", "hollis_park stage 2", "command: touch platforms.csv")
        screen.send("a")
        screen.wait_for("y once")
        screen.send("y")
        out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    assert "Alder Industries would buy.\n\nHarrow Equity is a platform." in out
    assert (site.listing / "platforms.csv").exists()
    found = [(row.stage, row.status) for row in read_rows(site.listing / "buyers.db")]
    assert sorted(found) == [
        ("stage_1", "active"),
        *[("stage_2", "active")] * 2,
        ("stage_2", "failed"),
    ]
    assert site.api.requests[-1].prompts[0] == pipeline.PROFILE


def test_the_guide_shows_the_example_as_it_is() -> None:
    assert f"```python\n{SOURCE.read_text()}```\n" in GUIDE.read_text()
