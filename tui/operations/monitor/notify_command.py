"""Run a command of the operator's: what it leaves in the background is not waited for."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from tui.core.limits import COMPLAINT_BYTES


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How a command ended: its exit code, `None` once it took too long; and its first errors."""

    code: int | None
    errors: str


def run_command(
    words: Sequence[str], given: str, environment: Mapping[str, str], patience_s: float
) -> CommandResult:
    """Run a command that reads `given`, in a session of its own, until it ends by itself.

    What it started may go on, and may write its errors: where there is no more room for them, it
    is told so and gets no signal. After `patience_s` it is killed with all of its process group.
    Raises `OSError` and `ValueError` as `subprocess.Popen` does.
    """
    with _memory("given") as told, _memory("errors") as errors:
        os.write(told, given.encode("utf-8", "replace"))
        os.lseek(told, 0, os.SEEK_SET)
        os.ftruncate(errors, COMPLAINT_BYTES)
        fcntl.fcntl(errors, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK)
        process = subprocess.Popen(  # noqa: S603 (the operator's own command, without a shell)
            words,
            stdin=told,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=environment,
            start_new_session=True,
        )
        code = _ended(process, patience_s)
        written = min(os.lseek(errors, 0, os.SEEK_CUR), COMPLAINT_BYTES)
        return CommandResult(code, os.pread(errors, written, 0).decode("utf-8", "replace"))


def _ended(process: subprocess.Popen[bytes], patience_s: float) -> int | None:
    try:
        return process.wait(patience_s)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if process.returncode is None:  # it is not reaped: so its group is its own
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def _memory(name: str) -> Iterator[int]:
    """Open a file in memory: on a full disk, too, somebody is to be told."""
    fd = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        yield fd
    finally:
        os.close(fd)
