"""Figures of a measurement: the shortest of a few times, and its ratio to a floor."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from typing import Any

Measured = dict[str, Any]


def best(act: Callable[[], object], times: int = 5) -> float:
    """Return the shortest of a few times in seconds: whatever else runs only ever adds."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        act()
        taken.append(time.perf_counter() - began)
    return min(taken)


def best_cpu(act: Callable[[], object], times: int = 5) -> float:
    """Return the least seconds of a core, of this process and those it starts and ends."""
    taken = []
    for _ in range(times):
        began = _cpu()
        act()
        taken.append(_cpu() - began)
    return min(taken)


def _cpu() -> float:
    used = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def ratio(name: str, seconds: float, floor: float, goal: float | None) -> Measured:
    """Return a time beside its floor, both in seconds; `goal` is the largest ratio allowed."""
    return {
        "name": name,
        "seconds": seconds,
        "floor_seconds": floor,
        "ratio": seconds / floor,
        "goal": goal,
    }
