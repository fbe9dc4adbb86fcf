"""The index's file: readable by its owner only, and used only if it is exactly as we make it."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing, suppress
from pathlib import Path

from tui.core.limits import INDEX_BYTES, KEPT_CHARACTERS

LONGEST_KEPT = 4 * KEPT_CHARACTERS  # in bytes
_FORM = 1
_PATIENCE_S = 0.25
_SCHEMA = (
    "CREATE TABLE listings (listing BLOB PRIMARY KEY, erasure TEXT NOT NULL, facts TEXT, "
    "stamp TEXT, rows TEXT)",
)
_BESIDE = ("", "-journal", "-wal", "-shm")
_FORMER = ("transcripts-*.json", "tables-*.json")  # no purge would reach what these hold
_MOST_OBJECTS = 10


def open_index(path: Path) -> sqlite3.Connection | None:
    """Open an index with exactly the schema that `create` makes; `None` for any other file.

    Any thread may use it, one at a time. Raises `sqlite3.OperationalError` when another process
    keeps it locked.
    """
    if not _is_own_file(path):
        return None
    connection = _connect(path)
    try:
        if _is_sound(connection):
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_KEPT)
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("PRAGMA temp_store = MEMORY")
            size = connection.execute("PRAGMA page_size").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {INDEX_BYTES // size}")
            return connection
    except sqlite3.DatabaseError as error:
        if is_busy(error):
            connection.close()
            raise
    connection.close()
    return None


def _is_own_file(path: Path) -> bool:
    try:
        status = path.lstat()
    except OSError:
        return False
    is_file = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid()
    return is_file and not status.st_mode & 0o077 and 0 < status.st_size <= 2 * INDEX_BYTES


def _is_sound(connection: sqlite3.Connection) -> bool:
    form = connection.execute("PRAGMA user_version").fetchone()
    found = connection.execute(
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL LIMIT ?", (_MOST_OBJECTS,)
    ).fetchall()
    return form == (_FORM,) and sorted(found) == sorted((one,) for one in _SCHEMA)


def is_busy(error: Exception) -> bool:
    """Whether the file may be valid, but cannot be used now."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in (
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
    )


def create(path: Path) -> None:
    """Make an empty index atomically, unless another process was first.

    Replaces a file that is not a valid index. Raises `OSError`, `sqlite3.Error`.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if (sound := open_index(path)) is not None:
        sound.close()
        return
    remove(path)
    for kind in _FORMER:
        for old in path.parent.glob(kind):
            old.unlink(missing_ok=True)
    making = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    try:
        os.close(os.open(making, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600))
        with closing(_connect(making)) as connection:
            for one in _SCHEMA:
                connection.execute(one)
            connection.execute(f"PRAGMA user_version = {_FORM}")
        with suppress(FileExistsError):
            os.link(making, path)
    finally:
        making.unlink(missing_ok=True)


def remove(path: Path) -> None:
    """Remove an index and its side files; raises `OSError`."""
    for ending in _BESIDE:
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=_PATIENCE_S,
        isolation_level=None,
        check_same_thread=False,
    )
