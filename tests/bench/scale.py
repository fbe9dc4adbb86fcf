"""How a console grows: 1,000, 10,000 and 100,000 sessions, ten in each listing.

Times on the wall are those of one start each; `--json` has them all. The largest root takes about
a gigabyte of memory or disk.
"""

from __future__ import annotations

import shutil
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.bench._figures import Measured, ratio
from tests.bench._program import Program
from tests.bench.catalog import SESSIONS, sample_root
from tests.bench.console import TRIVIAL, is_full, is_trivial, late_s, paints_s, rested, words
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.context import Context
from tui.settings import Settings

_SIZES = 100, 1_000, 10_000
_MOST_S = 300.0
_REST_S = 60.0
_KEY_S = 0.06


def measure() -> list[Measured]:
    """Return every measurement of this file; the screen's goal is 60 ms a key at any size."""
    told: list[Measured] = []
    for listings in _SIZES:
        with sample_root(listings, SESSIONS) as root:
            told += _console(root, f"{listings * SESSIONS:,} sessions")
            told += _looks(root, f"{listings * SESSIONS:,} sessions")
    return told


def _console(root: Path, size: str) -> list[Measured]:
    home = root.parent
    (floor,) = min(paints_s(TRIVIAL, home, is_trivial) for _ in range(2))
    paints = [_full_s(root) for _ in range(2)]
    with rested(TRIVIAL, home) as trivial, Program(words(root), home) as console:
        console.wait_for(is_full, _MOST_S)
        time.sleep(15)
        used, began = console.cpu_s, time.perf_counter()
        time.sleep(_REST_S)
        share = 100 * (console.cpu_s - used) / (time.perf_counter() - began)
        more = console.megabytes - trivial.megabytes
    return [
        ratio(f"first paint, {size}, first start", paints[0], floor, None),
        ratio(f"first paint, {size}", paints[1], floor, None),
        ratio(f"key -> paint, {size}, p95, against 60 ms", late_s(words(root), home), _KEY_S, 1.0),
        {"name": f"memory over a trivial app, {size}", "value": more, "unit": "MB", "goal": None},
        {"name": f"of a core at rest, {size}", "value": share, "unit": "%", "goal": None},
    ]


def _full_s(root: Path) -> float:
    with Program(words(root), root.parent) as console:
        console.wait_for(is_full, _MOST_S)
        time.sleep(2)  # what it keeps for the next start is written
        console.press("q")
        console.process.wait(60)
        return console.first_s(is_full)


def _looks(root: Path, size: str) -> list[Measured]:
    cache = root.parent / "looks"
    context = Context(
        Settings(root=root, operator="bench", cache_dir=cache), lambda: datetime.now(UTC)
    )
    seconds = {}
    for name in ("cold", "warm"):
        begun = time.process_time()
        CatalogScanner(context).look()
        seconds[name] = time.process_time() - begun
        while any(one.name == "look" for one in threading.enumerate()):  # it writes its index
            time.sleep(0.1)
    shutil.rmtree(cache, ignore_errors=True)
    return [
        {"name": f"first look, {size}, {name}, CPU", "value": took, "unit": "s", "goal": None}
        for name, took in seconds.items()
    ]
