"""How transactions are driven on a listing's SQLite database, and what went wrong in words.

A transaction is a generator: it yields statements and is sent the rows of each. So it is written
once and driven here by `sqlite3`, or by the asynchronous driver. What it raises as a
`DatabaseProblem` says what the database is or has; the driver puts its name before it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from tui.core.errors import ConsoleError, DatabaseProblem
from tui.core.limits import TABLE_CHARACTERS, TABLE_ROWS, VALUE_BYTES
from tui.core.text import one_line
from tui.storage.connection import BEGIN, READ_TIMEOUT_S, reading, require_readable, writing
from tui.storage.side_files import require_plain

COMMIT, ROLLBACK = "COMMIT", "ROLLBACK"

T = TypeVar("T")
Statement = tuple[str, Sequence[object]]
Rows = list[tuple[Any, ...]]
Steps = Generator[Statement, Rows, T]


def read(db_path: Path, steps: Steps[T], timeout_s: float = READ_TIMEOUT_S) -> T:
    """Run `steps` on a short-lived connection that may not write, all of them on one snapshot.

    Nothing is written, also where a program died in the middle of a write. Gives up after
    `timeout_s`. Raises `DatabaseProblem` with the reason in words.
    """
    require_readable(db_path)
    with problems(db_path), reading(db_path, timeout_s) as connection:
        return _drive(connection, steps)


def write(db_path: Path, steps: Steps[T], *, creates: bool = False) -> T:
    """Run `steps` in one transaction: all of it is written, or nothing.

    Without `creates` a missing database raises `NothingTracked`. Raises `DatabaseProblem`.
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
        budget = Budget()
        try:
            statement = next(steps)
            while True:
                statement = steps.send(_answer(connection, statement, budget))
        except StopIteration as ended:
            result: T = ended.value
            return result


class Budget:
    """How much one transaction may still read."""

    def __init__(self) -> None:
        self._rows, self._characters = TABLE_ROWS, TABLE_CHARACTERS

    def counted(self, rows: Iterable[Sequence[Any]]) -> Rows:
        """Return rows as they are read; raises `DatabaseProblem` once they are too many."""
        kept: Rows = []
        for row in rows:
            kept.append(tuple(row))
            self._rows -= 1
            self._characters -= sum(len(one) for one in row if isinstance(one, _SIZED))
            if self._rows < 0:
                raise DatabaseProblem(f"has more than {TABLE_ROWS:,} rows: they are not read")
            if self._characters < 0:
                most = TABLE_CHARACTERS >> 20
                raise DatabaseProblem(f"has more than {most} MB in its rows: they are not read")
        return kept


_SIZED = str, bytes


def _answer(connection: sqlite3.Connection, statement: Statement, budget: Budget) -> Rows:
    """Return what a statement finds; text that is no UTF-8 is decoded all the same."""
    try:
        return budget.counted(connection.execute(*statement))
    except sqlite3.OperationalError as error:
        if "decode" not in str(error):
            raise
        connection.text_factory = decode
        return budget.counted(connection.execute(*statement))


def decode(stored: bytes) -> str:
    """Return stored text, whatever its bytes are."""
    return stored.decode("utf-8", "replace")


@contextmanager
def problems(db_path: Path) -> Iterator[None]:
    """Turn what SQLite raises into a `DatabaseProblem` that says what is wrong, and with what."""
    try:
        yield
    except DatabaseProblem as problem:
        raise type(problem)(f"{db_path.name} {problem}") from None
    except ConsoleError:
        raise
    except Exception as error:  # a damaged file makes the driver raise more than its own errors
        raise DatabaseProblem(f"{db_path.name} {_reason(error)}") from error


_REASONS = {
    "locked": "is locked by another program",
    "readonly": "may not be written by us",
    "not a database": "is not a SQLite database",
    "malformed": "is damaged",
    "unsupported file format": "is damaged, or was written by a newer SQLite",
    "disk is full": "cannot be written: the disk is full",
    "unable to open": "may not be opened by us",
    "no such column": "has a table that lacks a column of the guide's",
    "no such table": "has no claude_sessions table",
    "busy": "is locked by another program",
    "interrupted": "takes too long to answer",
    "too big": f"has a value of over {VALUE_BYTES >> 20} MB",
    "not authorized": "has a trigger, view or function of its own where only a table may be",
    "prohibited": "has a trigger, view or function of its own where only a table may be",
}


def _reason(error: Exception) -> str:
    text = str(error) if not isinstance(error, UnicodeError) else "malformed"
    known = next((words for sign, words in _REASONS.items() if sign in text), None)
    return known or f"cannot be used: {one_line(text)}"
