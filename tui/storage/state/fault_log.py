"""The log of unexpected errors in an operator's consoles, with tracebacks."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from tui.core.limits import FAULT_BYTES, FAULT_LOG_BYTES
from tui.core.text.safe_text import safe_text
from tui.safe_io.replacing import folder_of

_NAME, _OLDER = "faults.log", "faults.log.1"
_OPEN = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def fault_log_path(state_dir: Path) -> Path:
    """Return the path of an operator's fault log."""
    return state_dir / _NAME


def write_fault(state_dir: Path, at: datetime, where: str, trace: str) -> None:
    """Append a fault to the private log, which is rotated when full; raises `OSError`."""
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    kept = trace if len(trace) <= FAULT_BYTES else f"{trace[:500]}\n...\n{trace[-FAULT_BYTES:]}"
    text = safe_text(f"{at.isoformat(timespec='seconds')} {where}\n{kept.rstrip()}\n\n")
    with folder_of(fault_log_path(state_dir)) as (folder, name):
        fd = os.open(name, _OPEN, 0o600, dir_fd=folder)
        try:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise OSError(f"{name} is not a file")
            os.fchmod(fd, 0o600)
            os.write(fd, text.encode("utf-8", "replace"))
            is_full = os.fstat(fd).st_size > FAULT_LOG_BYTES
        finally:
            os.close(fd)
        if is_full:
            with suppress(FileNotFoundError):  # another console rotated it
                os.rename(name, _OLDER, src_dir_fd=folder, dst_dir_fd=folder)
