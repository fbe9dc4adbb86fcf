"""From Enter to an agent's first word, phase by phase, beside the CLI started by hand.

The API is the demo's, on the loopback: what a real one takes is added to both. The floor is the
bare CLI, from its start until its first request comes in.
"""

from __future__ import annotations

import os
import tempfile
import time
import uuid
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench._figures import Measured, ratio
from tests.support.processes.cli_turn import take_turn
from tests.support.processes.runs_site import Site, over, site_below
from tui.demo.api import LoopbackApi
from tui.demo.api_request import ApiRequest
from tui.demo.turns import Text, Turn, say
from tui.runs.folder.protocol import PARTIAL, read_events, read_owner

_TIMES = 7
_GOAL = 2.0
_PHASES = {
    "launched": "Enter -> the runner spawned",
    "started": "... -> the runner imported",
    "cli": "... -> the CLI started",
    "turn": "... -> the CLI greeted, prompt sent",
    "request": "... -> the first request",
    "word": "... -> the first word in partial.json",
}


class _Requests:
    """Notes the moment of each request, and answers it with words that come slowly."""

    def __init__(self) -> None:
        self.first: float | None = None

    def answer(self, _: ApiRequest) -> Turn:
        self.first = self.first or time.time()
        return say(Text("Strategic buyers are few. " * 8, 80))


def measure() -> list[Measured]:
    """Return the median of each phase since Enter; the ratio is of the shortest times."""
    requests = _Requests()
    with (
        tempfile.TemporaryDirectory(prefix="bench-start-") as folder,
        LoopbackApi(requests.answer) as api,
        site_below(Path(folder), api) as site,
    ):
        # In turns, so that whatever else runs slows down both.
        pairs = [(_bare(requests, site), _started(requests, site)) for _ in range(_TIMES)]
    floors, starts = zip(*pairs, strict=True)
    phases = {name: median(one[name] for one in starts) for name in _PHASES}
    told: list[Measured] = [
        {"name": _PHASES[name], "value": 1000 * seconds, "unit": "ms", "goal": None}
        for name, seconds in phases.items()
    ]
    name = "Enter -> the first request, against the bare CLI"
    shortest = min(one["request"] for one in starts)
    return [*told, ratio(name, shortest, min(floors), _GOAL)]


def _bare(requests: _Requests, site: Site) -> float:
    requests.first, began = None, time.time()
    own = uuid.uuid4().hex
    take_turn(site.api, site.listing / f".bare-{own}", site.listing, "Say it.")
    return (requests.first or time.time()) - began


def _started(requests: _Requests, site: Site) -> dict[str, float]:
    """Start a run; return how many seconds after Enter each phase was over."""
    requests.first, began = None, time.time()
    folder = site.start("Say it.")
    launched = time.time()
    word = _when((folder / PARTIAL).exists)
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


def _when(is_so: Callable[[], bool]) -> float:
    until = time.time() + 60
    while not is_so():
        assert time.time() < until, "the agent said nothing"
        time.sleep(0.002)
    return time.time()


def _at(events: Any, kind: str) -> float:
    found = next(one["at"] for one in events if one["type"] == kind)
    return datetime.fromisoformat(found).timestamp()


def _booted() -> float:
    return time.time() - float(Path("/proc/uptime").read_text().split()[0])
