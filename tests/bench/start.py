"""From Enter on a resume to the agent's first word, beside the CLI alone with the same prompt.

The API is the demo's, on the loopback: what a real one takes is added to both. The floor is the
CLI that resumes the same session by itself, from its start until its first word is on its output.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench._figures import Measured, ratio
from tests.bench._program import environment
from tests.support.processes.runs_site import Site, over, site_below, wait
from tests.support.processes.terminal import Terminal
from tui.demo.api import LoopbackApi
from tui.demo.api_request import ApiRequest
from tui.demo.turns import Text, Turn, say
from tui.operations.running.preflight import cli_path
from tui.operations.running.resume import DEFAULT_PROMPT
from tui.runs.folder.protocol import PARTIAL, read_events, read_owner, read_partial, run_folders
from tui.runs.starting.order import is_there
from tui.runs.starting.spare import SpareRunner
from tui.settings import Settings

_TIMES, _GOAL = 5, 1.15
_PROMPT = "Say it."
_PHASES = {
    "launched": "Enter -> the run ordered",
    "started": "... -> its runner at work",
    "cli": "... -> the CLI started",
    "turn": "... -> the CLI greeted, prompt sent",
    "request": "... -> the first request",
    "word": "... -> the first word in partial.json",
}
_TYPES_S = 2.0  # an operator takes that long for a prompt


class _Requests:
    """Notes the moment of each answer's request, and answers with a word of its own first."""

    def __init__(self) -> None:
        self._numbers = count()
        self.first: float | None = None
        self.word = ""

    def answer(self, _: ApiRequest) -> Turn:
        if self.first is None:
            self.first, self.word = time.time(), f"Word{next(self._numbers):03}"
        return say(Text(f"{self.word} buyers are few and known. ", 80))


def measure() -> list[Measured]:
    """Return the median of each phase since Enter; the ratios are of the shortest times."""
    requests = _Requests()
    with (
        tempfile.TemporaryDirectory(prefix="bench-start-") as folder,
        LoopbackApi(requests.answer) as api,
        site_below(Path(folder), api) as site,
    ):
        session_id = over(site.start(_PROMPT)).session_id
        # In turns, so that whatever else runs slows down all of them.
        ways = (_alone, _ahead, _cold)
        taken = [[way(requests, site, session_id) for way in ways] for _ in range(_TIMES)]
        alone, ahead, cold = zip(*taken, strict=True)
        shown = [*_on_screen(requests, site, Path(folder))]
    floor = min(one["word"] for one in alone)
    told: list[Measured] = [
        {"name": _PHASES[name], "value": 1000 * seconds, "unit": "ms", "goal": None}
        for name in _PHASES
        for seconds in [median(one[name] for one in ahead)]
    ]
    rows = {
        "Enter -> the first word in partial.json": (min(one["word"] for one in ahead), _GOAL),
        "... on the screen": (min(shown), _GOAL),
        "... in partial.json, no runner ahead": (min(one["word"] for one in cold), None),
    }
    return told + [ratio(name, found, floor, goal) for name, (found, goal) in rows.items()]


def _alone(requests: _Requests, site: Site, session_id: str) -> dict[str, float]:
    """Let the CLI alone resume the session; return when its first word came, in seconds."""
    cli = cli_path(Settings())
    assert cli is not None, "the SDK brings no CLI for this machine"
    requests.first, began = None, time.time()
    told = ("--output-format", "stream-json", "--verbose", "--include-partial-messages")
    with subprocess.Popen(
        [str(cli), "-p", "--resume", session_id, *told, "--", _PROMPT],
        cwd=site.listing,
        env=_bare_environment(site),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        next(line for line in process.stdout if _is_word(line))
        word = time.time() - began
        process.stdout.read()
    return {"word": word}


def _bare_environment(site: Site) -> dict[str, str]:
    own = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return own | site.api.env() | {"CLAUDE_CONFIG_DIR": str(site.listing / ".claude_sessions")}


def _is_word(line: str) -> bool:
    event = json.loads(line).get("event", {})
    return bool(event.get("type") == "content_block_delta")


def _ahead(requests: _Requests, site: Site, session_id: str) -> dict[str, float]:
    spare = SpareRunner()
    with spare.expected():
        assert is_there(wait(lambda: spare.runner).end, 60)
        return _resumed(requests, site, session_id, spare)


def _cold(requests: _Requests, site: Site, session_id: str) -> dict[str, float]:
    return _resumed(requests, site, session_id, None)


def _resumed(
    requests: _Requests, site: Site, session_id: str, spare: SpareRunner | None
) -> dict[str, float]:
    """Resume the session; return how many seconds after Enter each phase was over."""
    requests.first, began = None, time.time()
    folder = site.start_by(spare, _PROMPT, mode="resume", session_id=session_id)
    launched = time.time()
    word = _when(lambda: (folder / PARTIAL).exists() and _has_words(folder))
    over(folder)
    events = read_events(folder)
    moments = {
        "launched": launched,
        "started": _at(events, "started"),
        "cli": _booted() + int(read_owner(folder)["cli_start"]) / os.sysconf("SC_CLK_TCK"),
        "turn": _at(events, "turn"),
        "request": requests.first or word,
        "word": word,
    }
    return {name: moment - began for name, moment in moments.items()}


def _on_screen(requests: _Requests, site: Site, home: Path) -> Iterator[float]:
    """Resume the session in a console; yield the seconds from Enter to the word on its screen."""
    with _console(site, home) as console:
        for _ in range(_TIMES):
            known = run_folders(site.listing)
            console.send("r")
            console.wait_for(DEFAULT_PROMPT)
            console.words(_PROMPT)
            time.sleep(_TYPES_S)
            requests.first, requests.word = None, "no word yet"
            console.send("\r")
            began = time.time()
            yield _when(lambda: requests.word in console.text) - began
            (folder,) = set(run_folders(site.listing)) - set(known)
            over(folder)
            console.wait_for("0 live", "· ready", "r resume")


@contextmanager
def _console(site: Site, home: Path) -> Iterator[Terminal]:
    """Give a console on the site, over a line as SSH's, once it has read it."""
    config = home / ".config" / "session-console"
    config.mkdir(parents=True)
    (config / "config.toml").write_text(f'env_file = "{site.env_file}"\n')
    words = ("tui", "--root", str(site.listing.parent), "--operator", "bench")
    command = (sys.executable, "-m", *words)
    with Terminal(command, environment=environment(home)) as console:
        console.wait_for("0 live", "· ready", "r resume")
        time.sleep(_TYPES_S)
        yield console


def _has_words(folder: Path) -> bool:
    found = read_partial(folder)
    return found is not None and bool(found.text)


def _when(is_so: Callable[[], bool]) -> float:
    until = time.time() + 60
    while not is_so():
        assert time.time() < until, "the agent said nothing"
        time.sleep(0.003)
    return time.time()


def _at(events: Any, kind: str) -> float:
    found = next(one["at"] for one in events if one["type"] == kind)
    return datetime.fromisoformat(found).timestamp()


def _booted() -> float:
    return time.time() - float(Path("/proc/uptime").read_text().split()[0])
