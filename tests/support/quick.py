"""Which test files are in the quick set, and which start first in a full run."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_STARTS = re.compile(
    r"\b(subprocess|run_cli|os\.fork|multiprocessing|LoopbackApi|run_test|run_verb|Child)\b"
    r"|\b(processes\.(runs_site|terminal|tmux|sshd|image|growing_session)|console\.harness|fixed_console|full_disk|torture)\b"
)
# How long each took, in seconds, alone on two cores; the other files take less than 3 s.
_LONG = {
    "e2e/shared_root/test_harmless.py": 120,
    "e2e/permissions/test_restricted.py": 50,
    "e2e/pipeline/test_query.py": 30,
    "e2e/pipeline/test_query_steered.py": 25,
    "e2e/terminal/test_link.py": 45,
    "e2e/permissions/test_closed.py": 45,
    "e2e/pipeline/test_pipeline.py": 40,
    "e2e/terminal/test_console.py": 40,
    "e2e/runs/test_runs.py": 40,
    "e2e/permissions/test_asked.py": 40,
    "e2e/permissions/test_confined.py": 40,
    "e2e/terminal/test_ssh.py": 40,
    "e2e/runs/test_steer.py": 40,
    "cli/test_hostile.py": 40,
    "project/test_deploy.py": 35,
    "cli/verbs/test_odd_transcripts.py": 35,
    "storage/sqlite/test_races.py": 35,
    "demo/test_keeper.py": 25,
    "e2e/runs/test_sweep.py": 25,
    "e2e/shared_root/test_operators.py": 25,
    "e2e/terminal/test_terminals.py": 25,
    "e2e/terminal/test_demo.py": 20,
    "e2e/runs/test_example.py": 20,
    "cli/test_reworded.py": 20,
    "cli/verbs/test_report.py": 15,
    "operations/trash/faults/test_swapped.py": 10,
    "operations/trash/faults/test_hostile_places.py": 6,
    "operations/running/test_restricted_console.py": 6,
    "runs/test_hostile.py": 6,
    "project/test_screenshots.py": 6,
    "claude/transcript_files/test_transcript_lines.py": 5,
    "claude/transcript/test_search_prefilter.py": 3,
    "operations/trash/test_undo.py": 3,
    "operations/trash/test_cleanup.py": 3,
    "runs/folder/test_bounded_reads.py": 3,
}


TESTS = Path(__file__).parents[1]


@cache
def is_quick(path: Path) -> bool:
    """Whether a test file is short, and starts no process, no console and no agent."""
    is_long = path.relative_to(TESTS).as_posix() in _LONG
    return not is_long and not _STARTS.search(path.read_text("utf-8"))


def how_late(path: Path) -> tuple[int, bool]:
    """Return the sort key of test files: long ones first, so that none runs alone at the end."""
    return -_LONG.get(path.relative_to(TESTS).as_posix(), 0), is_quick(path)
