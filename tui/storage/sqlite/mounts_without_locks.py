"""Tells a mount without locks from a lock that another process holds."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import stat
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

_REFUSED = (
    sqlite3.SQLITE_IOERR_LOCK,
    sqlite3.SQLITE_IOERR_RDLOCK,
    sqlite3.SQLITE_IOERR_CHECKRESERVEDLOCK,
)
_LOOKED_AT = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_MOST_NAMES = 100


def has_no_locks(error: sqlite3.Error, db_path: Path) -> bool:
    """Whether SQLite failed because the mount has no locks; it may report "locked" then."""
    code = error.sqlite_errorcode
    if code in _REFUSED:
        return True
    return code & 0xFF == sqlite3.SQLITE_BUSY and _refuses(db_path)


def _refuses(db_path: Path) -> bool:
    """Whether the system refuses locks in the database's folder, tried on some other file there.

    Opening and closing the database itself would drop this process's locks on it.
    """
    for path in _others(db_path):
        try:
            fd = os.open(path, _LOOKED_AT)
        except OSError:
            continue
        try:
            if stat.S_ISREG(os.fstat(fd).st_mode) or path == db_path.parent:
                return _is_refused(fd)
        finally:
            os.close(fd)
    return False


def _is_refused(fd: int) -> bool:
    try:
        fcntl.lockf(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        fcntl.lockf(fd, fcntl.LOCK_UN)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return False


def _others(db_path: Path) -> Iterator[Path]:
    """Yield some other files in a database's folder, and last the folder itself."""
    with os.scandir(db_path.parent) as entries:
        for entry in islice(entries, _MOST_NAMES):
            if not entry.name.startswith(db_path.name):
                yield Path(entry.path)
    yield db_path.parent
