"""Whether a runner moves, by its heartbeat alone: no two machines' clocks are compared."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tui.runs.folder.protocol import HEARTBEAT

BEATS_WITHIN_S = 5.0  # it beats every 2 s
_LOOK_S = 0.2


def is_moving(folder: Path, within_s: float = BEATS_WITHIN_S) -> bool:
    """Watch the heartbeat of a run, and return whether it changes; also where nobody can tell."""
    try:
        first, until = _stamp(folder), time.monotonic() + within_s
        while time.monotonic() < until:
            time.sleep(_LOOK_S)
            if _stamp(folder) != first:
                return True
    except OSError:
        return True
    return False


def _stamp(folder: Path) -> int:
    """Return when it beat last, by the clock of whoever keeps the file; 0 without a heartbeat."""
    try:
        return os.lstat(folder / HEARTBEAT).st_mtime_ns
    except FileNotFoundError:
        return 0
