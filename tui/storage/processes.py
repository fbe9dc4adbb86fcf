"""Processes: proven alive by pid and start time, and ended no other way."""

from __future__ import annotations

import os
import select
import signal
from contextlib import suppress
from pathlib import Path
from typing import Literal

from tui.core.errors import Refused


def is_running(pid: int, proc_start: str) -> bool:
    """Whether the process `pid` that started at `proc_start` (clock ticks since boot) lives."""
    return proc_start != "" and started(pid) == proc_start


def started(pid: int) -> str | None:
    """Return when `pid` started, in clock ticks since boot; `None` when it is dead or a zombie.

    Field 22 of `/proc/<pid>/stat`; the name in field 2 may hold anything, even `)`.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if len(fields) < 20 or fields[0] in ("Z", "X") else fields[19]


def started_with(pid: int, what: Literal["cmdline", "environ"]) -> tuple[bytes, ...]:
    """Return the arguments, or the environment, that `pid` was started with.

    None of a process that is gone, or of another user's when we are not root.
    """
    try:
        return tuple(Path(f"/proc/{pid}/{what}").read_bytes().split(b"\0"))
    except OSError:
        return ()


def own_domain() -> str:
    """Return the pid domain of this process, in the words of the CLI's live registry."""
    machine = ""
    with suppress(OSError):
        machine = Path("/etc/machine-id").read_text("ascii").strip()
    return f"linux:{machine}:{_namespace()}"


def end_process(pid: int, proc_start: str, *, patience_s: float = 3.0) -> None:
    """End the process `pid` that started at `proc_start`: asked first, killed after `patience_s`.

    The descriptor pins the process, so a reused pid is never hit. Raises `Refused` when it may
    not be ended by us; a process that is gone already is fine.
    """
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    except OSError as error:
        raise Refused(f"pid {pid} cannot be ended: {error.strerror}") from error
    try:
        if is_running(pid, proc_start):
            _end(descriptor, patience_s)
    except ProcessLookupError:
        return
    except OSError as error:
        raise Refused(f"pid {pid} cannot be ended: {error.strerror}") from error
    finally:
        os.close(descriptor)


def _end(descriptor: int, patience_s: float) -> None:
    for kind in (signal.SIGTERM, signal.SIGKILL):
        signal.pidfd_send_signal(descriptor, kind)
        if select.select([descriptor], [], [], patience_s)[0]:
            return


def _namespace() -> str:
    with suppress(OSError):
        return os.readlink("/proc/self/ns/pid")  # noqa: PTH115 (a name of the kernel's, no path)
    return ""
