"""Keeps a pipe in a journal's place from blocking SQLite, which would wait for a writer.

Side files are checked before, but a pipe may replace one right after the check.
"""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tui.safe_io.fork_safe import fork_safe_lock
from tui.storage.sqlite.side_files import JOURNAL, beside

_AFTER_S, _EACH_S = 3.0, 0.1

_lock = fork_safe_lock()
_waiting: dict[int, tuple[float, Path]] = {}
_watching: list[threading.Thread] = []


@contextmanager
def unblocked(db_path: Path) -> Iterator[None]:
    """Open the other end of a pipe in the journal's place if the block takes over 3 s."""
    thread = threading.get_ident()
    with _lock:
        _waiting[thread] = time.monotonic(), db_path
        if not _watching:
            _watching.append(threading.Thread(target=_watch, name="pipes", daemon=True))
            _watching[0].start()
    try:
        yield
    finally:
        with _lock:
            _waiting.pop(thread, None)


def _watch() -> None:
    while True:
        time.sleep(_EACH_S)
        with _lock:
            if not _waiting:
                _watching.clear()
                return
            late = [path for since, path in _waiting.values() if _is_late(since)]
        for path in late:
            _open_other_end(beside(path, JOURNAL))


def _is_late(since: float) -> bool:
    return time.monotonic() - since > _AFTER_S


def _open_other_end(path: Path) -> None:
    """Unblock a process that waits for a pipe's writer; does nothing to other files."""
    with suppress(OSError):
        if not stat.S_ISFIFO(path.lstat().st_mode):
            return
        os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC))


def _forget() -> None:
    """Forget, in a forked child, the threads of its parent."""
    _waiting.clear()
    _watching.clear()


os.register_at_fork(after_in_child=_forget)
