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

_SMALL, _FEW = (500, 10), 30
_STARTS, _KEYS = 5, 60
_IDLE_S = 60.0  # some work is done once a minute
_ROWS_OF_CONTENT = 6
_WORD = re.compile(rb"line \d|\d live")  # what a screen of either shows, but no first picture
_READING = "reading..."
TRIVIAL = ("tests.support.trivial_app",)


def measure() -> list[Measured]:
    """Return every measurement of this file."""
    with sample_root(*_SMALL) as root:
        first = [*_first_paints(root), _gone(root)]
    with sample_root(LISTINGS, SESSIONS) as root:
        large = [_keys(root, LISTINGS * SESSIONS), *_at_rest(root, LISTINGS, 1.0)]
    with sample_root(_FEW, SESSIONS) as root:
        return [*first, *large, *_at_rest(root, _FEW, 0.5)]


def words(root: Path) -> tuple[str, ...]:
    """Return what starts a console on a root."""
    return ("tui", "--root", str(root), "--operator", "bench")


def _first_paints(root: Path) -> list[Measured]:
    """Measure the very first start, and then later ones, which begin with its picture."""
    total = f"{_SMALL[0]} listings, {_SMALL[0] * _SMALL[1]:,} sessions"
    home = root.parent
    trivial = [paints_s(TRIVIAL, home, is_trivial) for _ in range(2)][1:]
    cold = paints_s(words(root), home, is_full)
    warm, pictures = [], []
    for _ in range(_STARTS):
        picture, live = paints_s(words(root), home, _is_picture, is_full)
        warm.append(live)
        pictures.append(picture)
        trivial.append(paints_s(TRIVIAL, home, is_trivial))
    (floor,) = min(trivial)
    return [
        ratio(f"first picture, {total}", min(pictures), floor, 0.4),
        ratio(f"first paint, {total}, first start", cold[0], floor, 2.5),
        ratio(f"first paint, {total}", min(warm), floor, 1.3),
    ]


def paints_s(words: Sequence[str], home: Path, *are_there: Any) -> tuple[float, ...]:
    """Return how many seconds after its start the screen of a program was first like each."""
    with Program(words, home) as program:
        program.rest(_WORD, 0.5)
        program.ended_s(partial(program.press, "q"))
        return tuple(program.first_s(is_there) for is_there in are_there)


def _is_picture(screen: list[str]) -> bool:
    return _READING in screen[0] and _has_rows(screen)


def is_full(screen: list[str]) -> bool:
    """Whether a console shows its listings as they are now."""
    return _READING not in screen[0] and _has_rows(screen)


def _has_rows(screen: list[str]) -> bool:
    return sum("listing_" in line for line in screen) >= _ROWS_OF_CONTENT


def is_trivial(screen: list[str]) -> bool:
    """Whether the trivial app shows its lines."""
    return sum("line" in line for line in screen) >= _ROWS_OF_CONTENT


def _keys(root: Path, sessions: int) -> Measured:
    """Measure from a key to the cursor in its new place: the 95th percentile of both."""
    ours = late_s(words(root), root.parent)
    floor = late_s(TRIVIAL, root.parent)
    return ratio(f"key -> paint, {sessions:,} sessions, p95 of {_KEYS}", ours, floor, 1.2)


def late_s(words: Sequence[str], home: Path) -> float:
    """Return the 95th percentile from a key to the cursor in its new place, in seconds."""
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
        with Program(words(root), root.parent) as console:
            console.rest(_WORD, 1.5)  # its first picture is there long before the console
            ours.append(console.ended_s(partial(console.process.send_signal, signal.SIGHUP)))
        with Program(TRIVIAL, root.parent) as trivial:
            trivial.rest(_WORD, 0.5)
            floor.append(trivial.ended_s(partial(trivial.press, "q")))
    return ratio("gone after its line dropped", min(ours), min(floor), 1.0)


def _cursor(screen: list[str]) -> int:
    return next((number for number, line in enumerate(screen) if line.startswith(">")), -1)


def _moved_s(cursors: list[tuple[float, int]], pressed: float) -> float:
    was = [at for moment, at in cursors if moment <= pressed][-1]
    moved = (moment for moment, at in cursors if moment > pressed and at not in (was, -1))
    return next(moved) - pressed


def _at_rest(root: Path, listings: int, goal: float) -> Iterator[Measured]:
    total = f"{listings:,} listings, {listings * SESSIONS:,} sessions"
    with rested(TRIVIAL, root.parent) as trivial, rested(words(root), root.parent) as console:
        more = console.megabytes - trivial.megabytes
        used, began = console.cpu_s, time.perf_counter()
        time.sleep(_IDLE_S)
        share = 100 * (console.cpu_s - used) / (time.perf_counter() - began)
        console.first_s(is_full)
    name = f"memory over a trivial app, {total}"
    yield {"name": name, "value": more, "unit": "MB", "goal": 25.0}
    yield {"name": f"of a core at rest, {total}", "value": share, "unit": "%", "goal": goal}


@contextmanager
def rested(words: Sequence[str], home: Path) -> Iterator[Program]:
    """Give a program that has nothing left to do but to wait."""
    with Program(words, home) as program:
        program.rest(_WORD, 3.0)
        time.sleep(12)  # by then each listing is watched
        yield program
