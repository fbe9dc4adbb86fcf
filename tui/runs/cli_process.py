"""The CLI of a run, among all children of this process: which one it is, and its end by force."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

from tui.storage.processes import started, started_with

# In the environment of the CLI alone, so that nothing else that a pipeline started is taken for it.
RUN_VARIABLE = "SESSION_CONSOLE_RUN"


def find_cli(run_id: str) -> tuple[int, str] | None:
    """Return the pid and start of our child that is the CLI of this run; `None` without one."""
    mark = os.fsencode(f"{RUN_VARIABLE}={run_id}")
    pids = (int(entry.name) for entry in Path("/proc").glob("[0-9]*") if _is_child(entry))
    found = next((pid for pid in pids if mark in started_with(pid, "environ")), 0)
    start = started(found) if found else None
    return (found, start) if start else None


def kill_cli(run_id: str) -> None:
    """End the CLI of this run at once, if it is still there."""
    cli = find_cli(run_id)
    if cli is not None:
        with suppress(OSError):
            os.kill(cli[0], signal.SIGKILL)


def _is_child(entry: Path) -> bool:
    try:
        fields = (entry / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return False
    return fields[1] == str(os.getpid()) and fields[0] not in ("Z", "X")
