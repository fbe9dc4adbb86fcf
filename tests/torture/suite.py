"""The whole suite again and again, beside busy loops: none may be red, however busy the machine.

`python -m tests.torture suite --runs 10 --busy 2 --log FILE` adds a line a run to that file, which
lies outside the repository, so that runs of several days add up there.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_PLACE = Path(__file__).parents[2]
_COMMAND = re.compile(r"^(?:python3 -m )?uv run (pytest.*)$", re.M)
_LOOP = "import os\nparent = os.getppid()\nwhile os.getppid() == parent: pass"


def run(runs: int, busy: int, log: Path) -> Mapping[str, Any]:
    """Run the README's test command `runs` times beside `busy` loops; say how many were red."""
    if log.resolve().is_relative_to(_PLACE):
        raise AssertionError(f"{log} lies in the repository: name a file outside")
    red = 0
    for _ in range(runs):
        began = time.monotonic()
        with _beside(busy):
            done = subprocess.run(
                command(), cwd=_PLACE, capture_output=True, text=True, check=False
            )
        is_green = done.returncode == 0 and not re.search(r"\d+ skipped", done.stdout)
        red += not is_green
        _note(log, time.monotonic() - began, busy, done.stdout)
        if not is_green:
            kept = log.with_name(f"{log.name}.{datetime.now(UTC):%Y%m%dT%H%M%SZ}.red")
            kept.write_text(done.stdout + done.stderr)
    assert red == 0, f"{red} of {runs} runs were red: see {log}"
    return {"runs": runs, "busy loops": busy, "red": red}


def command() -> list[str]:
    """Return the words of the README's test command, for this Python."""
    found = _COMMAND.search((_PLACE / "README.md").read_text())
    assert found, "the README names no test command"
    return [sys.executable, "-m", *shlex.split(found[1])]


@contextmanager
def _beside(busy: int) -> Iterator[None]:
    loops = [subprocess.Popen([sys.executable, "-c", _LOOP]) for _ in range(busy)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def _note(log: Path, seconds: float, busy: int, said: str) -> None:
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M}Z"
    last = (said.strip() or "it said nothing").splitlines()[-1].strip("= ")
    with log.open("a") as file:
        file.write(f"{now}  {_commit()}  {seconds:.0f} s  {busy} busy loops  {last}\n")


def _commit() -> str:
    def said(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=_PLACE, capture_output=True, text=True)
        return done.stdout.strip()

    changed = "+" if said("status", "--porcelain") else ""
    return f"{said('rev-parse', '--short', 'HEAD') or 'no commit'}{changed}"
