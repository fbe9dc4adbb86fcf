"""Suspending: only where a shell can bring the console back."""

from __future__ import annotations

import os
import signal
from pathlib import Path

NO_SHELL = "no shell started this console that could bring it back: it goes on"


def why_not() -> str:
    """Return why the console cannot be suspended here; empty when it can."""
    return "" if _has_shell() else NO_SHELL


def stop(terminal: int) -> None:
    """Stop until the shell lets it go on in front, with whatever the shell started it through.

    All at once: were that (`uv run`, say) to stop before the terminal is given back, the shell
    would take it from under the console's hands. In the background it would draw over the shell.
    """
    os.killpg(os.getpgrp(), signal.SIGSTOP)
    wait_in_background(terminal)


def wait_in_background(terminal: int) -> None:
    """Stop for as long as the terminal is somebody else's."""
    while not _is_in_front(terminal):
        os.killpg(os.getpgrp(), signal.SIGSTOP)


def _is_in_front(terminal: int) -> bool:
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:  # no terminal of this session: nobody else can have it
        return True


def _has_shell() -> bool:
    """Whether some process of this session, outside our job, waits for one of the job.

    A job without one is an orphan to the kernel: stopped, it would stay so for ever.
    """
    job, session = os.getpgrp(), os.getsid(0)
    pid = os.getpid()
    while pid > 1:
        parent = _parent(pid)
        try:
            if not parent or os.getsid(parent) != session:
                return False
            if os.getpgid(parent) != job:
                return True
        except OSError:  # it ended just now, or is another user's that may not be asked
            return False
        pid = parent
    return False


def _parent(pid: int) -> int:
    if pid == os.getpid():
        return os.getppid()
    try:
        said = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return 0
    return int(said.rpartition(")")[2].split()[1])
