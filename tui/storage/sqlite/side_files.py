"""Checks the files beside a database that SQLite opens, truncates or removes by name.

Anyone who can write to a listing can plant them: a journal may name a file to delete, a hard link
makes SQLite truncate its target, and a pipe blocks it. So each is checked before SQLite opens it.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from tui.core.errors import DatabaseProblem, NotTracked, Reason
from tui.core.limits import LOG_BYTES
from tui.core.text.sizes import size_text

JOURNAL, LOG, INDEX = "-journal", "-wal", "-shm"

_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
_SPECIAL = stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX


def beside(db_path: Path, suffix: str) -> Path:
    """Return the path of a database's journal, log or index."""
    return db_path.with_name(db_path.name + suffix)


def require_plain(db_path: Path, *, creates: bool = False) -> None:
    """Raise `DatabaseProblem` unless SQLite may open a database and its side files.

    Without `creates` a missing database raises `NotTracked`.
    """
    database = _status(db_path, "")
    if database is None and not creates:
        raise NotTracked(f"no {db_path.name} yet")
    for suffix in (JOURNAL, LOG, INDEX):
        found = _status(db_path, suffix)
        if found is not None and database is not None and found.st_size:
            _require_plausible(beside(db_path, suffix), found, database)


def _status(db_path: Path, suffix: str) -> os.stat_result | None:
    """Return the status of a regular file without other hard links, `None` if it is missing."""
    try:
        found = os.lstat(f"{db_path}{suffix}")
    except FileNotFoundError:
        return None
    except OSError as error:
        words = f"{db_path.name}{suffix}: {error.strerror or error}"
        raise DatabaseProblem(words, Reason.of(error)) from error
    name = f"{db_path.name}{suffix}"
    if stat.S_ISLNK(found.st_mode):
        raise DatabaseProblem(f"{name} is a link, and links are not followed")
    if not stat.S_ISREG(found.st_mode):
        raise DatabaseProblem(f"{name} is not a file")
    if found.st_nlink > 1:
        raise DatabaseProblem(f"{name} has a second name (a hard link): it is not opened")
    return found


def _require_plausible(path: Path, found: os.stat_result, database: os.stat_result) -> None:
    """Raise for a file that SQLite would not have made for this database.

    SQLite gives its files the database's mode and, as root, its owner.
    """
    writers = {database.st_uid, os.geteuid(), 0}
    is_shared = bool(database.st_mode & stat.S_IWGRP) and found.st_gid == database.st_gid
    if found.st_uid not in writers and not is_shared:
        raise DatabaseProblem(f"{path.name} belongs to another login: it is not opened")
    wider = found.st_mode & ~database.st_mode & _WRITABLE_BY_OTHERS
    if wider or found.st_mode & _SPECIAL:
        raise DatabaseProblem(
            f"{path.name} can be written by more logins than its database: it is not opened"
        )
    if path.name.endswith(LOG) and found.st_size > LOG_BYTES:
        size, most = size_text(found.st_size), size_text(LOG_BYTES)
        raise DatabaseProblem(f"{path.name} has {size}: more than {most} are not read")
