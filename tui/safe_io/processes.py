"""Processes, identified by pid and start time, so that a reused pid is never hit."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from tui.core.errors import Refused
from tui.core.text.late_pattern import late_pattern

_DOMAIN = late_pattern(r"linux:(?P<machine>[0-9a-f]{32}):(?P<namespace>pid:\[[0-9]+\])")
_FIRST_NAMESPACE = "pid:[4026531836]"  # PROC_PID_INIT_INO, the same in every Linux
_HIDES = late_pattern(r"^\S+ \S+ \S+ \S+ /proc .*\bhidepid=(?!0|off)", re.MULTILINE)
_ONE_PID = late_pattern(r"^NSpid:\s+[0-9]+$", re.MULTILINE)
UNTOLD = "?"
_CLOCK_SLACK = timedelta(minutes=5)  # a clock set forward moves the time of the start with it


def is_running(pid: int, proc_start: str) -> bool:
    """Whether the process `pid` that started at `proc_start` (clock ticks since boot) runs."""
    return proc_start != "" and started(pid) == proc_start


def is_gone(pid: int, proc_start: str) -> bool:
    """Whether that process is proven dead; an empty `proc_start` matches any start time."""
    now = started(pid)
    return now is None or (proc_start != "" and now not in (proc_start, UNTOLD))


def started(pid: int) -> str | None:
    """Return when `pid` started, in clock ticks since boot; `None` when it is dead or a zombie.

    `UNTOLD` when it cannot be read: only a missing process is proven dead. It is field 22 of
    `/proc/<pid>/stat`; the name in field 2 may hold anything, even `)`.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    except OSError:
        return UNTOLD
    fields = stat.rpartition(")")[2].split()
    return None if len(fields) < 20 or fields[0] in ("Z", "X") else fields[19]


def started_with(pid: int, what: Literal["cmdline", "environ"]) -> tuple[bytes, ...]:
    """Return the arguments, or the environment, that `pid` was started with.

    Empty for a process that is gone, or that we may not read.
    """
    try:
        return tuple(Path(f"/proc/{pid}/{what}").read_bytes().split(b"\0"))
    except OSError:
        return ()


def own_domain() -> str:
    """Return this process's pid domain, in the format of the CLI's live registry."""
    machine = ""
    with suppress(OSError):
        machine = Path("/etc/machine-id").read_text("ascii").strip()
    return f"linux:{machine}:{_namespace()}"


def is_domain_gone(domain: str, last_sign: datetime | None = None) -> bool:
    """Whether all processes of a pid domain are proven dead.

    True when the domain is of this machine and its pid namespace has no process left, or when
    `last_sign` of the process is older than the last boot. Nothing can be proven from inside a
    container, whose machine id others may share, or without access to all processes.
    """
    match, ours = _DOMAIN.fullmatch(domain), _DOMAIN.fullmatch(own_domain())
    if not match or not ours or match["machine"] != ours["machine"]:
        return False
    if ours["namespace"] != _FIRST_NAMESPACE:
        return False
    if was_before_boot(last_sign):
        return True
    living = _living_namespaces()
    return living is not None and match["namespace"] not in living


def was_before_boot(last_sign: datetime | None) -> bool:
    """Whether a moment is before the last boot, so that processes of that time are gone."""
    return last_sign is not None and last_sign < _booted_at() - _CLOCK_SLACK


def _living_namespaces() -> frozenset[str] | None:
    """Return the pid namespaces that have a process, `None` when not all can be read.

    A process with a single pid is in the namespace of this `/proc`.
    """
    living = {_namespace()}
    try:
        if _HIDES.search(Path("/proc/self/mountinfo").read_text("utf-8", "replace")):
            return None
        for name in os.listdir("/proc"):  # noqa: PTH208 (names are wanted, and there are many)
            if name.isdigit():
                with suppress(FileNotFoundError, ProcessLookupError):
                    living.add(_namespace_of(name))
    except OSError:
        return None
    return frozenset(living)


def _namespace_of(pid: str) -> str:
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")  # noqa: PTH115 (a name of the kernel's, no path)
    except PermissionError:
        status = Path(f"/proc/{pid}/status").read_text("utf-8", "replace")
        if _ONE_PID.search(status):
            return _namespace()
        raise


def _booted_at() -> datetime:
    """Return the boot time by the current clock; the epoch if it cannot be read."""
    seconds = 0
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/stat").read_text("ascii", "replace").splitlines()
        seconds = int(next(line for line in lines if line.startswith("btime ")).split()[1])
    return datetime.fromtimestamp(seconds, UTC)


def end_process(pid: int, proc_start: str, *, patience_s: float = 3.0) -> None:
    """Terminate the process `pid` that started at `proc_start`, and kill it after `patience_s`.

    A pidfd pins the process, so a reused pid is never hit. Raises `Refused` when we may not end
    it; a process that is gone already is fine.
    """
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    except OSError as error:
        raise Refused(f"pid {pid} cannot be ended: {error.strerror}") from error
    try:
        if not is_gone(pid, proc_start):
            _require_proven(pid, proc_start)
            _end(descriptor, patience_s)
    except ProcessLookupError:
        return
    except OSError as error:
        raise Refused(f"pid {pid} cannot be ended: {error.strerror}") from error
    finally:
        os.close(descriptor)


def interrupt_process(pid: int, proc_start: str) -> None:
    """Send SIGINT to the process `pid` that started at `proc_start`, and to no other.

    Raises `Refused` when it is gone or we may not interrupt it.
    """
    try:
        descriptor = os.pidfd_open(pid)
    except OSError as error:
        raise Refused(f"pid {pid} cannot be interrupted: {error.strerror}") from error
    import signal

    try:
        if is_gone(pid, proc_start):
            raise Refused(f"pid {pid} is gone")
        _require_proven(pid, proc_start)
        signal.pidfd_send_signal(descriptor, signal.SIGINT)
    except OSError as error:
        raise Refused(f"pid {pid} cannot be interrupted: {error.strerror}") from error
    finally:
        os.close(descriptor)


def _require_proven(pid: int, proc_start: str) -> None:
    """Raise `Refused` when it cannot be proven to be that process."""
    if not is_running(pid, proc_start):
        raise Refused(f"pid {pid} was left alone: its start time cannot be verified")


def _end(descriptor: int, patience_s: float) -> None:
    import select
    import signal

    for kind in (signal.SIGTERM, signal.SIGKILL):
        signal.pidfd_send_signal(descriptor, kind)
        if select.select([descriptor], [], [], patience_s)[0]:
            return


def _namespace() -> str:
    with suppress(OSError):
        return os.readlink("/proc/self/ns/pid")  # noqa: PTH115 (a name of the kernel's, no path)
    return ""
