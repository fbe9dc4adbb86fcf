"""The Live stream: opening and searching a large transcript, and words that are being written."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median

from tests.bench._figures import Measured, best, best_cpu, ratio
from tests.support.line_costs import console, listing_of, quiet, sent
from tests.support.listings.sample_listing import FIRST, text_line
from tests.support.processes.growing_session import WORDS, shown
from tests.support.processes.terminal import Terminal
from tui.operations.search.transcript_search import seek

_BYTES = 1_000_000_000
_TOKENS = 400
_SECONDS = 10.0
_PAINTS = 40
_NEEDLE = "industrial pumps"
_OPEN = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from tui.core.models.session import Liveness, Session, State, Transcript
from tui.operations.stream.follow import StreamFollower
def held():
    return next(int(l.split()[1]) for l in open("/proc/self/status") if l.startswith("VmHWM"))
path = Path(sys.argv[1])
one = Transcript("a", place=path, bytes=path.stat().st_size, modified_at=datetime.now(UTC))
session = Session(
    "a", "l", stage="s", status="active", liveness=Liveness.NONE, state=State.OK, transcript=one
)
follow, before, began = StreamFollower(session), held(), time.perf_counter()
update = follow.poll(session)
print(time.perf_counter() - began)
began = time.thread_time()
while update.has_more:
    update = follow.poll(session)
print(time.thread_time() - began, (held() - before) / 1024)
"""


def measure() -> list[Measured]:
    """Return what a large transcript takes, and what a stream takes on the wire and of a core."""
    folder = Path(tempfile.mkdtemp(prefix="bench-stream-"))
    try:
        large = _large(folder / f"{FIRST}.jsonl")
        return [
            *_opening(large),
            *_searching(large),
            *_writing(folder / "split", "the pane", ""),
            *_writing(folder / "full", "the full Live", "\r"),
            _painting(folder / "paint"),
            *_moving(folder / "keys"),
        ]
    finally:
        shutil.rmtree(folder)


def _large(path: Path) -> Path:
    chance, now = random.Random(1), datetime.now(UTC)  # noqa: S311 (sample data)
    lines = [
        json.dumps(text_line(" ".join(chance.choices(WORDS, k=chance.randint(20, 400))), now))
        for _ in range(4000)
    ]
    lines[7] = json.dumps(text_line(f"Here are the {_NEEDLE} of the region.", now))
    count = 0
    with path.open("w") as file:
        while file.tell() < _BYTES:
            for line in lines:
                ids = f'"uuid": "{_id(count + 1)}", "parentUuid": "{_id(count)}"'
                line = line.replace('"uuid": "a1"', ids, 1)
                file.write(line.replace('"msg_1"', f'"msg_{count:020x}"', 1) + "\n")
                count += 1
    return path


def _id(number: int) -> str:
    return f"{number:08x}-1111-4222-8333-444455556666"


def _opening(path: Path) -> list[Measured]:
    """Measure a program that has started: what the interpreter takes is not the question."""
    said = [_opened(path) for _ in range(5)]
    taken, branches, megabytes = (min(figures) for figures in zip(*said, strict=True))
    floor = best(lambda: subprocess.run(["tail", "-c", "200000", path], capture_output=True))
    return [
        ratio("open 1 GB at its end, against tail -c 200000", taken, floor, 2.0),
        {"name": "... CPU until its branches are known", "value": branches, "unit": "s"},
        {
            "name": "... memory, branches included",
            "value": megabytes,
            "unit": "MB",
            "goal": 10.0,
        },
    ]


def _opened(path: Path) -> tuple[float, ...]:
    words = [sys.executable, "-c", _OPEN, str(path)]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    return tuple(map(float, said))


def _searching(path: Path) -> list[Measured]:
    size = path.stat().st_size
    taken = best_cpu(lambda: seek(path, _NEEDLE, size))
    floor, ignoring_case = (
        best_cpu(partial(subprocess.run, ["grep", flag, _NEEDLE, path], capture_output=True))
        for flag in ("-c", "-ci")
    )
    return [
        ratio("search 1 GB, CPU, against grep -c", taken, floor, 1.5),
        ratio("... against grep -ci", taken, ignoring_case, None),
    ]


def _writing(root: Path, where: str, keys: str) -> list[Measured]:
    """Write so many tokens a second into what a console shows, and count bytes and time."""
    with shown(root) as (screen, _, agent):
        screen.send(keys)
        time.sleep(2)
        agent.write(_TOKENS, 2.0)
        received, spent, began = screen.received, _cpu(screen), time.monotonic()
        agent.write(_TOKENS, _SECONDS)
        passed = time.monotonic() - began
        share = (_cpu(screen) - spent) / passed
        sent = (screen.received - received) / passed / 1024
    name = f"{_TOKENS} tokens/s into {where}"
    return [
        {"name": f"{name}, 80x24", "value": sent, "unit": "KiB/s", "goal": 3.0},
        {"name": "... of a core", "value": 100 * share, "unit": "%", "goal": 4.0},
    ]


def _painting(root: Path) -> Measured:
    """Append line after line, and wait until each is on the screen."""
    taken = []
    with shown(root) as (screen, listing, _):
        path = listing.transcript_path(FIRST)
        for number in range(_PAINTS):
            word = f"word{number:04}"
            line = json.dumps(text_line(f"{word} was said", datetime.now(UTC)))
            time.sleep(0.05 + 0.01 * (number % 15))
            began = time.monotonic()
            with path.open("a") as file:
                file.write(line + "\n")
            while word not in screen.text:
                assert time.monotonic() < began + 5, screen.text
                time.sleep(0.005)
            taken.append(1000 * (time.monotonic() - began))
    late = sorted(taken)[int(0.95 * len(taken))]
    return {"name": "append -> paint, p95 of 40", "value": late, "unit": "ms", "goal": 350.0}


def _moving(root: Path) -> list[Measured]:
    """Count what a cursor key sends, with what Live then shows and without; bytes are exact."""
    week = timedelta(days=7)
    with console(listing_of(root, week, week - timedelta(hours=3))) as screen:
        screen.wait_for("Buyer 0", "Line 29")
        quiet(screen)
        shown_too = [sent(screen, "j", f"buyer {number} said on") for number in range(1, 6)]
        sent(screen, "3", "EXPIRES")
        alone = [sent(screen, "j", "") for _ in range(5)]
    name = "a cursor key in a list of full height, 80x24"
    return [
        {"name": name, "value": median(alone), "unit": "B", "goal": 150.0},
        {
            "name": "... and what Live then shows",
            "value": median(shown_too),
            "unit": "B",
            "goal": 700.0,
        },
    ]


def _cpu(screen: Terminal) -> float:
    """Return the seconds of a core that the console has used so far."""
    fields = Path(f"/proc/{screen.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
