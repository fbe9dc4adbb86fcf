"""What a runner takes while its agent works, alone and as one of twenty; the CLI is not counted.

Each agent says 80 tokens a second for a minute, and nobody follows it. Memory is compared with a
process that has imported the SDK and waits.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median

from tests.bench._figures import Measured
from tests.support.processes.runs_site import Site, site_below, wait
from tui.demo.api import LoopbackApi
from tui.demo.turns import Text, say
from tui.runs.folder.protocol import read_events, read_owner, read_run

_MANY = 20
_SECONDS = 20.0
_TOKENS_A_SECOND = 80.0
_WAITS = "import claude_agent_sdk, sys; print(flush=True); sys.stdin.read()"


def measure() -> list[Measured]:
    """Return the share of a core, and the memory, of the runners of one run and of twenty."""
    words = "Strategic buyers. " * 1200
    told: list[Measured] = []
    with (
        tempfile.TemporaryDirectory(prefix="bench-runs-") as folder,
        LoopbackApi(lambda _: say(Text(words, _TOKENS_A_SECOND))) as api,
        site_below(Path(folder), api) as site,
        _imported() as floor,
    ):
        for count in (1, _MANY):
            told += _measured(site, count, floor)
            site.hurry()
    return told


def _measured(site: Site, count: int, floor: float) -> Iterator[Measured]:
    site.api.speed = 1.0
    folders = [site.start("Say it.") for _ in range(count)]
    for folder in folders:
        wait(partial(_has_begun, folder), 120)
    runners = [int(read_owner(folder)["pid"]) for folder in folders]
    before, began = [_cpu_s(pid) for pid in runners], time.perf_counter()
    time.sleep(_SECONDS)
    took = time.perf_counter() - began
    share = 100 * sum(map(_cpu_s, runners), -sum(before)) / took / count
    assert all(read_run(folder).state == "busy" for folder in folders)
    memory = median(map(_megabytes, runners)) - floor
    name = "its agent works" if count == 1 else f"{count} agents work at once"
    yield {"name": f"of a core a runner, while {name}", "value": share, "unit": "%", "goal": 2.0}
    yield {"name": "... memory over the SDK's import", "value": memory, "unit": "MB", "goal": 60.0}


def _has_begun(folder: Path) -> bool:
    return any(one["type"] == "heard" for one in read_events(folder))


@contextmanager
def _imported() -> Iterator[float]:
    """Give the memory of a process that has imported the SDK, in megabytes."""
    command = [sys.executable, "-c", _WAITS]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield _megabytes(process.pid)
        process.kill()


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _megabytes(pid: int) -> float:
    """The memory that a process has in use: shared pages count in each, as in the floor."""
    line = next(
        one for one in Path(f"/proc/{pid}/status").read_text().splitlines() if "VmRSS" in one
    )
    return int(line.split()[1]) / 1024
