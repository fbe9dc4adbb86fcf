"""Runs the operator's notify command; processes that it leaves in the background go on."""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from tui.core.limits import COMPLAINT_BYTES
from tui.core.values import dataclass
from tui.operations.child_process import ended


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How a command ended: its exit code, `None` if it took too long; and its first errors."""

    code: int | None
    errors: str


def run_command(
    words: Sequence[str], given: str, environment: Mapping[str, str], patience_s: float
) -> CommandResult:
    """Run a command with `given` on its stdin, in a session of its own, until it ends.

    Its background processes may go on and write errors: once the room for them is used up, writes
    fail without a signal. After `patience_s` the whole process group is killed. Raises `OSError`
    and `ValueError` as `subprocess.Popen` does.
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
        code = ended(process, patience_s)
        written = min(os.lseek(errors, 0, os.SEEK_CUR), COMPLAINT_BYTES)
        return CommandResult(code, os.pread(errors, written, 0).decode("utf-8", "replace"))


@contextmanager
def _memory(name: str) -> Iterator[int]:
    """Open a file in memory: notifying must work on a full disk."""
    fd = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        yield fd
    finally:
        os.close(fd)
