"""Which test files the quick set has, and which are begun first when all are run."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_STARTS = re.compile(
    r"\b(subprocess|run_cli|os\.fork|multiprocessing|LoopbackApi|run_test)\b"
    r"|\btests\.(runs_site|terminal|tmux|sshd|piloted|fixed_console|image|writing|full_disk|torture)\b"
)
# By what they took, in seconds, alone on two cores; any other file is short.
_LONG = {
    "test_e2e_harmless.py": 120,
    "test_e2e_restricted.py": 50,
    "test_e2e_query.py": 45,
    "test_e2e_link.py": 45,
    "test_e2e_closed.py": 45,
    "test_e2e_pipeline.py": 40,
    "test_e2e_console.py": 40,
    "test_e2e_runs.py": 40,
    "test_e2e_asked.py": 40,
    "test_e2e_confined.py": 40,
    "test_e2e_ssh.py": 40,
    "test_e2e_steer.py": 40,
    "test_cli_hostile.py": 40,
    "test_deploy.py": 35,
    "test_cli_odd_transcripts.py": 35,
    "test_storage_races.py": 35,
    "test_demo_keeper.py": 25,
    "test_e2e_sweep.py": 25,
    "test_e2e_operators.py": 25,
    "test_e2e_terminals.py": 25,
    "test_e2e_demo.py": 20,
    "test_e2e_example.py": 20,
}


@cache
def is_quick(path: Path) -> bool:
    """Whether a test file starts no process, no console and no agent."""
    return not _STARTS.search(path.read_text("utf-8"))


def how_late(path: Path) -> tuple[int, bool]:
    """Return what sorts test files so that none is left to run alone at the end: the long first."""
    return -_LONG.get(path.name, 0), is_quick(path)
