"""Waits for a program of the operator's, and ends its whole group if that takes too long."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress


def ended(process: subprocess.Popen[bytes], patience_s: float) -> int | None:
    """Return the exit code of a process that leads its own group, `None` if it was ended."""
    try:
        return process.wait(patience_s)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if process.returncode is None:  # not reaped yet, so the group id is still its own
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
