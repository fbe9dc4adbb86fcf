"""Which test files the quick set has: those that start nothing, by what they say they use."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_STARTS = re.compile(
    r"\b(subprocess|run_cli|os\.fork|multiprocessing|LoopbackApi|run_test)\b"
    r"|\btests\.(runs_site|terminal|tmux|sshd|piloted|fixed_console|image|writing|full_disk|torture)\b"
)


@cache
def is_quick(path: Path) -> bool:
    """Whether a test file starts no process, no console and no agent."""
    return not _STARTS.search(path.read_text("utf-8"))
