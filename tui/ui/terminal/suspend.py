"""Suspending the console, only where a shell can resume it."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

NO_SHELL = "cannot suspend: no shell started this console that could resume it"


def why_not() -> str:
    """Return why the console cannot be suspended here; empty when it can."""
    return "" if _has_shell() else NO_SHELL


def stop(terminal: int) -> None:
    """Stop, with any wrapper such as `uv run`, until the shell brings us to the foreground.

    The terminal has been given back before: if the wrapper stopped first, the shell would take the
    terminal while the console still draws. In the background it would draw over the shell.
    """
    _stop_job()
    wait_in_background(terminal)


def wait_in_background(terminal: int) -> None:
    """Stay stopped while another process has the terminal and a shell can resume us."""
    while not is_lost(terminal) and not _is_in_front(terminal):
        _stop_job()


def is_lost(terminal: int) -> bool:
    """Whether another process has the terminal, and no shell could ever give it back."""
    return not _is_in_front(terminal) and not _has_shell()


def _stop_job() -> None:
    """Stop the whole job, ourselves last, by a signal that the kernel ignores without a shell.

    A shell that was just killed resumes nothing, and SIGSTOP would stop the console for ever; so
    whoever was stopped before us is resumed.
    """
    others = _others_of_job()
    for pid in others:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGSTOP)
    handler = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
    try:
        os.kill(os.getpid(), signal.SIGTSTP)
    finally:
        signal.signal(signal.SIGTSTP, handler)
        for pid in others:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGCONT)


def _others_of_job() -> list[int]:
    job, found = os.getpgrp(), []
    for name in os.listdir("/proc"):  # noqa: PTH208 (names are wanted, and there are many)
        if name.isdigit() and int(name) != os.getpid():
            with suppress(OSError):
                if os.getpgid(int(name)) == job:
                    found.append(int(name))
    return found


def _is_in_front(terminal: int) -> bool:
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:  # no terminal of this session: nobody else can have it
        return True


def _has_shell() -> bool:
    """Whether some process of this session, outside our job, waits for one of the job.

    A job without one is orphaned: once stopped it would stay so for ever.
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
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return 0
    return int(stat.rpartition(")")[2].split()[1])
