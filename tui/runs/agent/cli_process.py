"""Finds and kills the CLI of a run among this process's children."""

from __future__ import annotations

import errno
import os
import signal
import time
from pathlib import Path

from tui.safe_io.processes import UNTOLD, started

# In the environment of the CLI alone, so that nothing else that a pipeline started is taken for it.
RUN_VARIABLE = "SESSION_CONSOLE_RUN"
_TRIES, _PAUSE_S = 20, 0.1


def find_cli_process(run_id: str) -> tuple[int, str] | None:
    """Return the pid and start time of this run's CLI; `None` if there is none.

    Raises `OSError` when not all children could be checked.
    """
    mark, own = os.fsencode(f"{RUN_VARIABLE}={run_id}"), b"%d" % os.getpid()
    pids = (int(name) for name in os.listdir("/proc") if name.isdigit())  # noqa: PTH208 (names)
    found = next((pid for pid in pids if _is_child(pid, own) and mark in _environment(pid)), 0)
    start = started(found) if found else None
    if start == UNTOLD:
        raise OSError(errno.EAGAIN, "cannot tell when the CLI started")
    return (found, start) if start else None


def kill_cli(run_id: str) -> bool:
    """Kill the CLI of this run if it is still there; whether it is certainly gone."""
    try:
        cli = find_cli_process(run_id)
        if cli is not None:
            os.kill(cli[0], signal.SIGKILL)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return True


def kill_cli_surely(run_id: str) -> str:
    """Do so, with retries; return a message if it is still uncertain."""
    for _ in range(_TRIES):
        if kill_cli(run_id):
            return ""
        time.sleep(_PAUSE_S)
    return (
        "could not tell whether its CLI is still running: `doctor` finds one that was left behind"
    )


def _is_child(pid: int, own: bytes) -> bool:
    """Whether a process is a living child of ours; there may be thousands to look at."""
    try:
        fd = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
        try:
            stat = os.read(fd, 4096)  # the kernel's few hundred bytes
        finally:
            os.close(fd)
    except (FileNotFoundError, ProcessLookupError):
        return False
    fields = stat.rpartition(b")")[2].split(None, 2)
    return fields[1] == own and fields[0] not in (b"Z", b"X")


def _environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return []
