"""Tells whether a runner is alive by changes of its heartbeat, without comparing clocks."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tui.runs.folder.protocol import HEARTBEAT

BEATS_WITHIN_S = 5.0  # it beats every 2 s
_LOOK_S = 0.2


def is_moving(folder: Path, within_s: float = BEATS_WITHIN_S) -> bool:
    """Watch a run's heartbeat, and return whether it changes, or may: true if it is unreadable."""
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
    """Return the time of the last heartbeat by the file server's clock; 0 if there is none."""
    try:
        return os.lstat(folder / HEARTBEAT).st_mtime_ns
    except FileNotFoundError:
        return 0
