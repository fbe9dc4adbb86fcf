"""Which test files are in the quick set, and in which order a full run takes them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from itertools import accumulate
from pathlib import Path

_STARTS = re.compile(
    r"\b(subprocess|run_cli|os\.fork|multiprocessing|LoopbackApi|run_test|run_verb|Child)\b"
    r"|\b(processes\.(runs_site|terminal|tmux|sshd|image|growing_session)|console\.harness|fixed_console|full_disk|torture)\b"
)
# How long each took, in seconds, alone on two cores; the other files take less than 3 s.
LONG = {
    "e2e/shared_root/test_harmless.py": 120,
    "cli/test_hostile.py": 40,
    "e2e/terminal/test_terminals.py": 40,
    "project/test_deploy.py": 35,
    "cli/verbs/test_odd_transcripts.py": 35,
    "storage/sqlite/test_races.py": 35,
    "e2e/pipeline/test_recovery.py": 35,
    "e2e/pipeline/test_query.py": 30,
    "fleet/test_residence.py": 30,
    "fleet/test_queue.py": 25,
    "e2e/pipeline/test_query_steered.py": 30,
    "e2e/terminal/test_link.py": 30,
    "e2e/runs/test_runs.py": 30,
    "e2e/terminal/test_ssh.py": 30,
    "e2e/terminal/test_input.py": 30,
    "e2e/permissions/test_restricted.py": 25,
    "e2e/pipeline/test_pipeline.py": 25,
    "e2e/runs/test_steer.py": 25,
    "demo/test_keeper.py": 25,
    "e2e/shared_root/test_operators.py": 25,
    "e2e/permissions/test_answers.py": 25,
    "e2e/pipeline/test_errors.py": 25,
    "e2e/pipeline/test_session.py": 25,
    "cli/test_reworded.py": 20,
    "e2e/permissions/test_shown.py": 20,
    "e2e/permissions/test_requests.py": 20,
    "e2e/terminal/test_suspend.py": 20,
    "e2e/permissions/test_closed.py": 15,
    "e2e/terminal/test_console.py": 15,
    "e2e/permissions/test_asked.py": 15,
    "e2e/permissions/test_confined.py": 15,
    "cli/verbs/test_report.py": 15,
    "e2e/pipeline/test_same_agent.py": 15,
    "fleet/test_shipping.py": 15,
    "e2e/pipeline/test_watched.py": 15,
    "e2e/terminal/test_faults.py": 15,
    "e2e/terminal/test_bytes.py": 15,
    "e2e/runs/test_audit.py": 15,
    "e2e/runs/test_cut_off.py": 12,
    "e2e/terminal/test_demo.py": 10,
    "fleet/test_commands.py": 5,
    "fleet/test_shown.py": 5,
    "operations/trash/faults/test_swapped.py": 10,
    "e2e/permissions/test_restricted_agent.py": 10,
    "e2e/permissions/test_plans.py": 10,
    "e2e/terminal/test_leaving.py": 10,
    "e2e/terminal/test_frame.py": 10,
    "e2e/terminal/test_hostile.py": 10,
    "e2e/runs/test_runs_trouble.py": 10,
    "e2e/shared_root/test_erased.py": 10,
    "e2e/runs/test_example.py": 8,
    "e2e/terminal/test_habits.py": 8,
    "e2e/runs/test_sweep.py": 7,
    "operations/trash/faults/test_hostile_places.py": 60,
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
    is_long = path.relative_to(TESTS).as_posix() in LONG
    return not is_long and not _STARTS.search(path.read_text("utf-8"))


def places(paths: Iterable[Path]) -> dict[Path, float]:
    """Return the sort keys of test files: the longest first, so that none runs alone at the end.

    The others are spread over the time that the long ones take: these mostly wait, and those
    compute, so that neither the processors nor the workers have nothing to do.
    """
    seconds = {path: LONG.get(path.relative_to(TESTS).as_posix(), 0) for path in paths}
    long = sorted((path for path in seconds if seconds[path]), key=lambda path: -seconds[path])
    others = sorted((path for path in seconds if not seconds[path]), key=is_quick)
    begins = accumulate((seconds[path] for path in long), initial=0)
    whole = sum(seconds.values())
    keys = {path: begin / whole for path, begin in zip(long, begins, strict=False)}
    return keys | {path: number / len(others) for number, path in enumerate(others)}
