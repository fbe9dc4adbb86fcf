"""Runs transactions on a listing's SQLite database, and explains SQLite's errors.

A transaction is a generator that yields statements and is sent their rows, or thrown SQLite's
error, after which it may go on with another statement. So it is written once,
and run here by `sqlite3`, or by `async_transactions`. The message of a `DatabaseProblem` that it
raises continues the database's name, which is put before it here.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from tui.core.errors import ConsoleError, DatabaseProblem, Reason
from tui.core.limits import TABLE_CHARACTERS, TABLE_ROWS, VALUE_BYTES
from tui.core.text.safe_text import one_line
from tui.core.text.sizes import size_text
from tui.storage.sqlite.connection import BEGIN, READ_TIMEOUT_S, reading, require_readable, writing
from tui.storage.sqlite.side_files import require_plain

COMMIT, ROLLBACK = "COMMIT", "ROLLBACK"

T = TypeVar("T")
Statement = tuple[str, Sequence[object]]
Rows = list[tuple[Any, ...]]
Steps = Generator[Statement, Rows, T]


def read(db_path: Path, steps: Steps[T], timeout_s: float = READ_TIMEOUT_S) -> T:
    """Run `steps` on one snapshot, on a short-lived read-only connection.

    Writes nothing, even if another program's write was interrupted. Gives up after `timeout_s`.
    Raises `DatabaseProblem`.
    """
    require_readable(db_path)
    with problems(db_path), reading(db_path, timeout_s) as connection:
        return _drive(connection, steps)


def write(db_path: Path, steps: Steps[T], *, creates: bool = False) -> T:
    """Run `steps` in one transaction.

    Raises `DatabaseProblem`; without `creates`, `NotTracked` for a missing database.
    """
    require_plain(db_path, creates=creates)
    with problems(db_path), closing(writing(db_path, creates=creates)) as connection:
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
        budget = ReadBudget()
        try:
            statement = next(steps)
            while True:
                try:
                    rows = _answer(connection, statement, budget)
                except sqlite3.Error as error:
                    statement = refused(steps, error, in_transaction=connection.in_transaction)
                else:
                    statement = steps.send(rows)
        except StopIteration as ended:
            result: T = ended.value
            return result


def refused(steps: Steps[T], error: sqlite3.Error, *, in_transaction: bool) -> Statement:
    """Return the statement after one that SQLite refused; raises `error` if there is none.

    Some errors roll the whole transaction back: what came after would be written for itself.
    """
    if not in_transaction:
        raise error
    return steps.throw(error)


class ReadBudget:
    """The rows and characters that one transaction may still read."""

    def __init__(self) -> None:
        self._rows, self._characters = TABLE_ROWS, TABLE_CHARACTERS

    def counted(self, rows: Iterable[Sequence[Any]]) -> Rows:
        """Return the rows; raises `DatabaseProblem` once there are too many."""
        kept: Rows = []
        for row in rows:
            kept.append(tuple(row))
            self._rows -= 1
            for one in row:
                if isinstance(one, _SIZED):
                    self._characters -= len(one)
            if self._rows < 0:
                raise DatabaseProblem(f"has more than {TABLE_ROWS:,} rows: they are not read")
            if self._characters < 0:
                most = size_text(TABLE_CHARACTERS)
                raise DatabaseProblem(f"has more than {most} in its rows: they are not read")
        return kept


_SIZED = str, bytes


def _answer(connection: sqlite3.Connection, statement: Statement, budget: ReadBudget) -> Rows:
    """Return a statement's rows; text that is not UTF-8 is decoded with replacements."""
    try:
        return budget.counted(connection.execute(*statement))
    except sqlite3.OperationalError as error:
        if hasattr(error, "sqlite_errorcode"):  # Python's own: "Could not decode to UTF-8"
            raise
        connection.text_factory = decode
        return budget.counted(connection.execute(*statement))


def decode(stored: bytes) -> str:
    """Return stored text; invalid bytes are replaced."""
    return stored.decode("utf-8", "replace")


@contextmanager
def problems(db_path: Path) -> Iterator[None]:
    """Turn all errors into a `DatabaseProblem` that names the database and the reason."""
    try:
        yield
    except DatabaseProblem as problem:
        words = f"{db_path.name} {problem.message}"
        raise type(problem)(words, problem.reason) from problem.__cause__
    except ConsoleError:
        raise
    except Exception as error:  # a damaged file makes the driver raise more than its own errors
        raise _problem(db_path, error) from error


_OF_ITS_OWN = "has a trigger, view or function of its own where only a table may be"
_NO_LOCKS = "cannot be read: this mount has no locks"
# By SQLite's codes, since its messages quote names that others choose.
_BY_CODE: dict[int, tuple[str, Reason]] = {
    sqlite3.SQLITE_BUSY: ("is locked by another program", Reason.LOCKED),
    sqlite3.SQLITE_LOCKED: ("is locked by another program", Reason.LOCKED),
    sqlite3.SQLITE_PROTOCOL: ("is locked by another program", Reason.LOCKED),
    sqlite3.SQLITE_READONLY: ("cannot be written by this login", Reason.FORBIDDEN),
    sqlite3.SQLITE_PERM: ("cannot be opened by this login", Reason.FORBIDDEN),
    sqlite3.SQLITE_NOTADB: ("is not a SQLite database", Reason.UNREADABLE),
    sqlite3.SQLITE_CORRUPT: ("is damaged", Reason.UNREADABLE),
    sqlite3.SQLITE_FULL: ("cannot be written: the disk is full", Reason.FULL),
    sqlite3.SQLITE_INTERRUPT: ("takes too long to answer", Reason.SLOW),
    sqlite3.SQLITE_TOOBIG: (
        f"has a value of over {VALUE_BYTES >> 20}M",
        Reason.UNREADABLE,
    ),
    sqlite3.SQLITE_AUTH: (_OF_ITS_OWN, Reason.UNREADABLE),
    sqlite3.SQLITE_IOERR: ("cannot be read: the disk answers with an error", Reason.UNREAD),
    sqlite3.SQLITE_IOERR_LOCK: (_NO_LOCKS, Reason.NO_LOCKS),
    sqlite3.SQLITE_IOERR_RDLOCK: (_NO_LOCKS, Reason.NO_LOCKS),
    sqlite3.SQLITE_IOERR_CHECKRESERVEDLOCK: (_NO_LOCKS, Reason.NO_LOCKS),
}
_MENDS = {
    sqlite3.SQLITE_CONSTRAINT_NOTNULL: " (it needs a default)",
    sqlite3.SQLITE_CONSTRAINT_CHECK: " (drop it, or let the guide's rows pass)",
}
# By the start of the message, for errors without a code of their own.
_BY_BEGINNING = {
    "no such column": "has a table that lacks a column of the guide's",
    "no such table": "has no claude_sessions table",
    "unsupported file format": "is damaged, or was written by a newer SQLite",
    "access to ": _OF_ITS_OWN,
    "unsafe use of ": _OF_ITS_OWN,
    "not authorized to use function": _OF_ITS_OWN,
}


def _problem(db_path: Path, error: Exception) -> DatabaseProblem:
    words, trouble = _reason(db_path, error)
    return DatabaseProblem(f"{db_path.name} {words}", trouble)


def _reason(db_path: Path, error: Exception) -> tuple[str, Reason]:
    code = getattr(error, "sqlite_errorcode", 0)
    if code & 0xFF == sqlite3.SQLITE_READONLY and _is_mounted_read_only(db_path):
        return "cannot be written: its file system is read-only", Reason.FORBIDDEN
    known = _BY_CODE.get(code) or _BY_CODE.get(code & 0xFF)
    if known is not None:
        return known
    if isinstance(error, UnicodeError):
        return "is damaged", Reason.UNREADABLE
    if code & 0xFF == sqlite3.SQLITE_CANTOPEN:
        return _unopened(db_path)
    text = str(error)
    if code & 0xFF == sqlite3.SQLITE_CONSTRAINT:
        return f"refuses the row: {one_line(text)[:150]}{_MENDS.get(code, '')}", Reason.REFUSED
    begun = next((words for sign, words in _BY_BEGINNING.items() if text.startswith(sign)), None)
    return begun or f"cannot be used: {one_line(text)}", Reason.UNREADABLE


def _is_mounted_read_only(db_path: Path) -> bool:
    try:
        return bool(os.statvfs(db_path.parent).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def _unopened(db_path: Path) -> tuple[str, Reason]:
    """Return why SQLite could not open the file, which SQLite does not say."""
    if not db_path.parent.is_dir():
        return "is missing, and so is its folder", Reason.VANISHED
    if not os.access(db_path, os.R_OK, effective_ids=True):
        return "cannot be opened by this login", Reason.FORBIDDEN
    try:
        os.close(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
    except OSError as error:
        return f"cannot be opened now: {error.strerror}", Reason.UNREAD
    return "cannot be opened by this login", Reason.FORBIDDEN
