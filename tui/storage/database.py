"""How a listing's SQLite database is opened, driven and closed, and what went wrong in words.

A transaction is a generator: it yields statements and is sent the rows of each. So it is written
once and driven here by `sqlite3`, or by the asynchronous driver. What it raises as a
`DatabaseProblem` says what the database is or has; the driver puts its name before it.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from tui.core.errors import DatabaseProblem, NothingTracked
from tui.core.text import one_line

READ_TIMEOUT_S = 0.25
WRITE_TIMEOUT_S = 5.0

BEGIN_READ = "BEGIN"
BEGIN, COMMIT, ROLLBACK = "BEGIN IMMEDIATE", "COMMIT", "ROLLBACK"
NO_TRUST, NO_WRITES = "PRAGMA trusted_schema = OFF", "PRAGMA query_only = ON"
STEPS = 1000

_WORK_S = 2.0
_IN_WAL_MODE = b"\2\2"

T = TypeVar("T")
Statement = tuple[str, Sequence[object]]
Rows = list[tuple[Any, ...]]
Steps = Generator[Statement, Rows, T]


def read(db_path: Path, steps: Steps[T], timeout_s: float = READ_TIMEOUT_S) -> T:
    """Run `steps` on a short-lived connection that may not write, all of them on one snapshot.

    Opened read-write with `query_only`, so that a hot journal is recovered and nothing else is
    written; gives up after `timeout_s`. Raises `DatabaseProblem` with the reason in words.
    """
    require_file(db_path)
    _require_harmless(db_path)
    with problems(db_path), closing(_open(db_path, timeout_s)) as connection:
        connection.execute(NO_WRITES)
        connection.execute(BEGIN_READ)
        return _drive(connection, steps)


def write(db_path: Path, steps: Steps[T], *, creates: bool = False) -> T:
    """Run `steps` in one transaction: all of it is written, or nothing.

    Without `creates` a missing database raises `NothingTracked`. Raises `DatabaseProblem`.
    """
    require_file(db_path, may_be_missing=creates)
    with (
        problems(db_path),
        closing(_open(db_path, WRITE_TIMEOUT_S, creates=creates)) as connection,
    ):
        connection.execute(BEGIN)
        try:
            result = _drive(connection, steps)
            connection.execute(COMMIT)
        except BaseException:  # an interrupt too must leave nothing half-made
            if connection.in_transaction:
                connection.execute(ROLLBACK)
            raise
        return result


def _drive(connection: sqlite3.Connection, steps: Steps[T]) -> T:
    with closing(steps):
        try:
            statement = next(steps)
            while True:
                statement = steps.send(_answer(connection, statement))
        except StopIteration as ended:
            result: T = ended.value
            return result


def _open(db_path: Path, timeout_s: float, *, creates: bool = False) -> sqlite3.Connection:
    uri = uri_of(db_path, creates=creates)
    connection = sqlite3.connect(uri, uri=True, timeout=timeout_s, isolation_level=None)
    connection.execute(NO_TRUST)
    connection.set_progress_handler(deadline(timeout_s), STEPS)
    return connection


def _answer(connection: sqlite3.Connection, statement: Statement) -> Rows:
    """Return what a statement finds; text that is no UTF-8 is decoded all the same."""
    try:
        return connection.execute(*statement).fetchall()
    except sqlite3.OperationalError as error:
        if "decode" not in str(error):
            raise
        connection.text_factory = decode
        return connection.execute(*statement).fetchall()


def uri_of(db_path: Path, *, creates: bool = False) -> str:
    """Return how SQLite is told to open the file, and to make none unless it `creates`."""
    path = db_path if db_path.is_absolute() else db_path.absolute()
    return f"file://{quote(os.fsencode(path))}?mode={'rwc' if creates else 'rw'}"


def deadline(timeout_s: float) -> Callable[[], int]:
    """Return a progress handler that ends what runs too long.

    A schema of others may make a statement endless.
    """
    ends = time.monotonic() + timeout_s + _WORK_S
    return lambda: int(time.monotonic() > ends)


def decode(stored: bytes) -> str:
    """Return stored text, whatever its bytes are."""
    return stored.decode("utf-8", "replace")


def require_file(db_path: Path, *, may_be_missing: bool = False) -> None:
    """Raise for what is no regular file: a pipe would hang, a link could lead out of the root."""
    try:
        mode = db_path.lstat().st_mode
    except FileNotFoundError:
        if may_be_missing:
            return
        raise NothingTracked(f"no {db_path.name} yet") from None
    except OSError as error:
        raise DatabaseProblem(f"{db_path.name}: {error.strerror or error}") from error
    if stat.S_ISLNK(mode):
        raise DatabaseProblem(f"{db_path.name} is a link, and links are not followed")
    if not stat.S_ISREG(mode):
        raise DatabaseProblem(f"{db_path.name} is not a file")


def _require_harmless(db_path: Path) -> None:
    """Raise where looking would leave a write-ahead log that its owner may not write.

    SQLite makes one to read a database in WAL mode, and can only remove it again from a database
    that it may write. Opening one that we may not write drops no lock that guards a write.
    """
    if os.access(db_path, os.W_OK, effective_ids=True):
        return
    has_log = all(db_path.with_name(f"{db_path.name}-{one}").exists() for one in ("wal", "shm"))
    if has_log or not os.access(db_path.parent, os.W_OK, effective_ids=True):
        return
    with suppress(OSError), db_path.open("rb") as file:
        if file.read(20)[18:] == _IN_WAL_MODE:
            raise DatabaseProblem(
                f"{db_path.name} is in WAL mode and not ours to write: to look at it now would "
                "keep the pipeline from writing"
            )


@contextmanager
def problems(db_path: Path) -> Iterator[None]:
    """Turn what SQLite raises into a `DatabaseProblem` that says what is wrong, and with what."""
    try:
        yield
    except DatabaseProblem as problem:
        raise type(problem)(f"{db_path.name} {problem}") from None
    except sqlite3.Error as error:
        raise DatabaseProblem(f"{db_path.name} {_reason(error)}") from error


_REASONS = {
    "locked": "is locked by another program",
    "readonly": "may not be written by us",
    "not a database": "is not a SQLite database",
    "malformed": "is damaged",
    "disk is full": "cannot be written: the disk is full",
    "unable to open": "may not be opened by us",
    "no such column": "has a table that lacks a column of the guide's",
    "no such table": "has no claude_sessions table",
    "busy": "is locked by another program",
    "interrupted": "takes too long to answer",
}


def _reason(error: sqlite3.Error) -> str:
    text = str(error)
    known = next((words for sign, words in _REASONS.items() if sign in text), None)
    return known or f"cannot be used: {one_line(text)}"
