"""The console over SSH at 80x24, beside a Textual app that does next to nothing.

Both are started the same way, take turns, and are measured from outside: when the screen was
full, when the cursor had moved, what the kernel says of memory and time.
"""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from tests.bench._figures import Measured, ratio
from tests.bench._program import Program
from tests.bench.catalog import LISTINGS, SESSIONS, sample_root

_SMALL = 500, 10
_STARTS, _KEYS = 5, 60
_IDLE_S = 15.0
_ROWS_OF_CONTENT = 6
_WORD = re.compile(rb"line \d|isting_\d")  # what a full screen of either shows
_TRIVIAL = ("tests.bench._trivial",)


def measure() -> list[Measured]:
    """Return every measurement of this file."""
    with sample_root(*_SMALL) as root:
        first = [*_first_paints(root), _keys(root), _gone(root)]
    with sample_root(LISTINGS, SESSIONS) as root:
        return [*first, *_at_rest(root)]


def _words(root: Path) -> tuple[str, ...]:
    return ("tui", "--root", str(root), "--operator", "bench")


def _first_paints(root: Path) -> list[Measured]:
    """Measure the very first start, and then later ones, whose titles are known."""
    total = f"{_SMALL[0]} listings, {_SMALL[0] * _SMALL[1]:,} sessions"
    home = root.parent
    trivial = [_paint_s(_TRIVIAL, home, _is_trivial) for _ in range(2)][1:]
    cold = _paint_s(_words(root), home, _is_full)
    warm = []
    for _ in range(_STARTS):
        warm.append(_paint_s(_words(root), home, _is_full))
        trivial.append(_paint_s(_TRIVIAL, home, _is_trivial))
    floor = min(trivial)
    return [
        ratio(f"first paint, {total}, first start", cold, floor, None),
        ratio(f"first paint, {total}", min(warm), floor, 1.5),
    ]


def _paint_s(words: Sequence[str], home: Path, is_full: Any) -> float:
    with Program(words, home) as program:
        program.rest(_WORD, 0.5)
        return program.first_s(is_full)


def _is_full(screen: list[str]) -> bool:
    return sum("listing_" in line for line in screen) >= _ROWS_OF_CONTENT


def _is_trivial(screen: list[str]) -> bool:
    return sum("line" in line for line in screen) >= _ROWS_OF_CONTENT


def _keys(root: Path) -> Measured:
    """Measure from a key to the cursor in its new place: the 95th percentile of both."""
    ours = _late_s(_words(root), root.parent)
    floor = _late_s(_TRIVIAL, root.parent)
    return ratio(f"key -> paint, p95 of {_KEYS}", ours, floor, 1.5)


def _late_s(words: Sequence[str], home: Path) -> float:
    with Program(words, home) as program:
        program.rest(_WORD, 1.5)
        pressed = []
        for number in range(_KEYS):
            pressed.append(program.press("j" if number % 10 < 5 else "k"))
            time.sleep(0.15 + 0.01 * (number % 13))
        cursors = [(moment, _cursor(screen)) for moment, screen in program.screens()]
    taken = sorted(_moved_s(cursors, moment) for moment in pressed)
    return taken[int(0.95 * len(taken))]


def _gone(root: Path) -> Measured:
    """Measure from a line that drops to the console's end, beside an app that is told to go."""
    ours, floor = [], []
    for _ in range(_STARTS):
        with Program(_words(root), root.parent) as console:
            console.rest(_WORD, 0.5)
            ours.append(console.ended_s(partial(console.process.send_signal, signal.SIGHUP)))
        with Program(_TRIVIAL, root.parent) as trivial:
            trivial.rest(_WORD, 0.5)
            floor.append(trivial.ended_s(partial(trivial.press, "q")))
    return ratio("gone after its line dropped", min(ours), min(floor), 1.0)


def _cursor(screen: list[str]) -> int:
    return next((number for number, line in enumerate(screen) if line.startswith(">")), -1)


def _moved_s(cursors: list[tuple[float, int]], pressed: float) -> float:
    was = [at for moment, at in cursors if moment <= pressed][-1]
    moved = (moment for moment, at in cursors if moment > pressed and at not in (was, -1))
    return next(moved) - pressed


def _at_rest(root: Path) -> Iterator[Measured]:
    total = f"{LISTINGS:,} listings, {LISTINGS * SESSIONS:,} sessions"
    with _rested(_TRIVIAL, root.parent) as trivial, _rested(_words(root), root.parent) as console:
        more = console.megabytes - trivial.megabytes
        used, began = console.cpu_s, time.perf_counter()
        time.sleep(_IDLE_S)
        share = 100 * (console.cpu_s - used) / (time.perf_counter() - began)
        console.first_s(_is_full)
    name = f"memory over a trivial app, {total}"
    yield {"name": name, "value": more, "unit": "MB", "goal": 30.0}
    yield {"name": f"of a core at rest, {total}", "value": share, "unit": "%", "goal": 2.0}


@contextmanager
def _rested(words: Sequence[str], home: Path) -> Iterator[Program]:
    with Program(words, home) as program:
        program.rest(_WORD, 3.0)
        time.sleep(3)
        yield program
