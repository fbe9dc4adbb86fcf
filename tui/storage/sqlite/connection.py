"""Opens a database that others write: SQLite must not recover it, nor run code in its schema.

Reads use `mode=ro`, in which SQLite refuses to recover. A write needs a connection that could
recover: so a reader holds the shared lock until we have the write lock. Meanwhile SQLite cannot
start a recovery, and once the write lock is held, it treats no journal as hot.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from tui.core.errors import DatabaseProblem, Reason
from tui.core.limits import VALUE_BYTES
from tui.safe_io.folders import is_link, may_be_there
from tui.safe_io.fork_safe import fork_safe_lock
from tui.safe_io.opening import open_folder_of
from tui.storage.sqlite.authorizer import may_read, may_write
from tui.storage.sqlite.mounts_without_locks import has_no_locks
from tui.storage.sqlite.recovery import (
    BUSY,
    recovered,
    require_no_super_journal,
    require_own_recovery,
)
from tui.storage.sqlite.side_files import INDEX, JOURNAL, LOG, beside, require_plain
from tui.storage.sqlite.unblocking import unblocked
from tui.storage.sqlite.write_gate import WriteGate, gate_of

BEGIN = "BEGIN IMMEDIATE"
BEHIND_LINK = "is behind a link, and links are not followed"
READ_TIMEOUT_S = 0.25
WRITE_TIMEOUT_S = 5.0

_MODE = 0o644  # SQLite's own
_WORK_S = 2.0
_STEPS = 1000
_PAUSES_S = 0.001, 0.025
_TRIES = 20
_DEFENSIVE = 1010  # SQLITE_DBCONFIG_DEFENSIVE
_IN_WAL_MODE = b"\2\2"

# An untrusted schema may call functions, compute columns and ask for memory: nothing in it is
# trusted, and SQLite's temporary data goes into no file.
_DISTRUST = """
    PRAGMA trusted_schema = OFF;
    PRAGMA cell_size_check = ON;
    PRAGMA mmap_size = 0;
    PRAGMA temp_store = MEMORY;
    PRAGMA automatic_index = OFF;
"""
_ANY_READ = "SELECT 1 FROM sqlite_master LIMIT 1"
_OWN_CACHE = "PRAGMA cache_size = -2000"  # overrides the file's own, so after reading it
_LIMITS = (
    (sqlite3.SQLITE_LIMIT_LENGTH, VALUE_BYTES),
    (sqlite3.SQLITE_LIMIT_SQL_LENGTH, VALUE_BYTES),
    (sqlite3.SQLITE_LIMIT_ATTACHED, 0),
    (sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH, 1),
    (sqlite3.SQLITE_LIMIT_WORKER_THREADS, 0),
)

Inode = tuple[int, int]

_opening, _recovering = fork_safe_lock(), fork_safe_lock()

C = TypeVar("C", bound=sqlite3.Connection)


@contextmanager
def reading(db_path: Path, timeout_s: float) -> Iterator[sqlite3.Connection]:
    """Give a read-only connection with an open snapshot.

    Call `require_readable` first. Raises `DatabaseProblem`, whose message continues the database's
    name, and `sqlite3.Error`.
    """
    with unblocked(db_path):
        try:
            connection, logged = _snapshot(db_path, timeout_s)
        except sqlite3.OperationalError as error:
            if not has_no_locks(error, db_path):
                raise
            connection, logged = _unlocked(db_path, timeout_s), None
    try:
        connection.execute(_OWN_CACHE)
        connection.set_authorizer(may_read)
        yield connection
    finally:
        if logged is not None and os.access(db_path, os.W_OK, effective_ids=True):
            _remove_log(db_path, connection, logged)
        connection.close()


class WriteConnection(sqlite3.Connection):
    """A connection that may write, after `execute(BEGIN)`, which waits for the write lock.

    Until it is closed, other writers of this process wait. Raises as `reading`.
    """

    db_path: Path
    inode: Inode
    gate: WriteGate | None = None

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """Execute a statement as `sqlite3` does; BEGIN takes the lock without a recovery."""
        if sql == BEGIN:
            self._enter()
            with unblocked(self.db_path):
                _begin(
                    self.db_path, self.inode, lambda: super(WriteConnection, self).execute(BEGIN)
                )
            require_no_super_journal(self.db_path)
            super().execute(f"PRAGMA busy_timeout = {WRITE_TIMEOUT_S * 1000:.0f}")
            super().execute(_OWN_CACHE)
            self.set_authorizer(may_write)
        return super().execute(sql, parameters) if sql != BEGIN else self.cursor()

    def close(self) -> None:
        """Close it, and let the next writer of this process in."""
        super().close()
        gate, self.gate = self.gate, None
        if gate is not None:
            gate.leave()

    def _enter(self) -> None:
        gate = gate_of(self.db_path)
        gate.enter()
        self.gate = gate
        self.set_progress_handler(_deadline(WRITE_TIMEOUT_S), _STEPS)


def writing(db_path: Path, *, creates: bool = False) -> WriteConnection:
    """Return a connection that may write, with no transaction or lock yet.

    Call `require_plain` first. Raises as `reading`.
    """
    if creates:
        _make(db_path)
    ends = time.monotonic() + WRITE_TIMEOUT_S
    while True:
        try:
            connection, inode = _opened(db_path, "rw", 0.0, WriteConnection)
            break
        except _Unsure:
            if time.monotonic() > ends:
                raise
            time.sleep(_PAUSES_S[1])
    connection.db_path, connection.inode = db_path, inode
    return connection


def empty_log(db_path: Path) -> None:
    """Write back and truncate the log of a database in WAL mode; raises as `writing`."""
    with closing(writing(db_path)) as connection:
        connection.execute(BEGIN)
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _make(db_path: Path) -> None:
    """Make the database if there is none, as an empty file: SQLite would make it behind a link."""
    try:
        folder, name = open_folder_of(db_path.absolute())
        try:
            # Without opening it: closing it would drop the locks of our other connections.
            os.mknod(name, stat.S_IFREG | _MODE, dir_fd=folder)
        finally:
            os.close(folder)
    except FileExistsError:
        return
    except OSError as error:
        if is_link(db_path.parent):
            raise DatabaseProblem(BEHIND_LINK, Reason.LINKED) from error
        words = f"cannot be made: {error.strerror or error}"
        raise DatabaseProblem(words, Reason.of(error)) from error


def _snapshot(db_path: Path, timeout_s: float) -> tuple[sqlite3.Connection, Inode | None]:
    """Return a connection with a snapshot, and in WAL mode the inode of its file."""
    connection, inode = _connect(db_path, "ro", timeout_s), None
    try:
        is_whole = _begin_snapshot(connection)
        if is_whole and may_be_there(beside(db_path, LOG)):
            connection.close()
            connection, inode = _opened(db_path, "ro", timeout_s, sqlite3.Connection)
            is_whole = _begin_snapshot(connection)
        if is_whole:
            return connection, inode
        connection.close()
        connection = _recovered(db_path, timeout_s)
        _distrust(connection, timeout_s)
        connection.execute("PRAGMA query_only = ON")
        connection.execute("BEGIN")
    except BaseException:  # the connection must be closed in any case
        connection.close()
        raise
    return connection, None


def _unlocked(db_path: Path, timeout_s: float) -> sqlite3.Connection:
    """Return a connection without locks, for a mount that has none: nobody else has one, either."""
    words, trouble = "cannot be read whole: this mount has no locks", Reason.NO_LOCKS
    if any(may_be_there(beside(db_path, one)) for one in (LOG, JOURNAL)):
        raise DatabaseProblem(words, trouble)
    connection = _connect(db_path, "ro&nolock=1", timeout_s)
    try:
        if not _begin_snapshot(connection):
            raise DatabaseProblem(words, trouble)
    except BaseException:  # whatever happened, the connection is still ours to close
        connection.close()
        raise
    return connection


def _recovered(db_path: Path, timeout_s: float) -> sqlite3.Connection:
    """Return a copy in memory, one at a time: each takes several times its database's size."""
    if not _recovering.acquire(timeout=timeout_s + _WORK_S):
        raise DatabaseProblem(
            "waits to be read: others were left in the middle of a write, too", Reason.SLOW
        )
    try:
        return recovered(db_path)
    finally:
        _recovering.release()


def _begin_snapshot(connection: sqlite3.Connection) -> bool:
    """Take the shared lock; return whether the database needs no recovery."""
    connection.execute("BEGIN")
    try:
        connection.execute(_ANY_READ).fetchall()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_READONLY_ROLLBACK:
            raise
        return False
    return True


def _begin(db_path: Path, inode: Inode, begin: Callable[[], object]) -> None:
    """Wait for the write lock and take it."""
    ends, (pause, longest) = time.monotonic() + WRITE_TIMEOUT_S, _PAUSES_S
    while not _try_begin(db_path, inode, begin):
        if time.monotonic() > ends:
            raise DatabaseProblem(BUSY, Reason.LOCKED)
        time.sleep(pause)
        pause = min(2 * pause, longest)


def _try_begin(db_path: Path, inode: Inode, begin: Callable[[], object]) -> bool:
    """Try to take the write lock while a reader keeps SQLite from recovering."""
    try:
        reader, read = _opened(db_path, "ro", 0.0, sqlite3.Connection)
    except _Unsure:
        return False
    with closing(reader):
        if read != inode:
            raise DatabaseProblem("was replaced by another file meanwhile: nothing is written")
        try:
            if not _begin_snapshot(reader):
                require_own_recovery(db_path)
            require_no_super_journal(db_path)
            begin()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise
            return False
    return True


def _remove_log(db_path: Path, reader: sqlite3.Connection, read: Inode) -> None:
    """Close a reader of a database in WAL mode, and remove the log that reading had to make.

    Only the last connection can remove it, if it may write. If it opened another file than the
    reader, it must not read from it: it could start a recovery.
    """
    with suppress(sqlite3.Error, DatabaseProblem):
        last, inode = _opened(db_path, "rw", 0.0, sqlite3.Connection)
        with closing(last):
            if inode == read:
                last.execute(_ANY_READ).fetchall()
            reader.close()


class _Unsure(DatabaseProblem):
    """It is unknown which file SQLite opened, since other threads open files too."""


def _opened(db_path: Path, mode: str, timeout_s: float, kind: type[C]) -> tuple[C, Inode]:
    """Return a connection, and the inode that SQLite really opened: the name may be swapped.

    That is the one file that this process did not have open before; if there is none, SQLite
    reused a descriptor that it had kept of the named file. Raises `_Unsure` while other threads
    keep opening files.
    """
    for _ in range(_TRIES):
        with _opening:
            known = _descriptors()
            connection = sqlite3.connect(
                _uri(db_path, mode), uri=True, timeout=timeout_s, isolation_level=None, factory=kind
            )
            found = {inode for fd, inode in _descriptors().items() if known.get(fd) != inode}
        connection = _checked(connection, db_path, timeout_s)
        named = db_path.lstat()
        if not found or found == {(named.st_dev, named.st_ino)}:
            return connection, (named.st_dev, named.st_ino)
        connection.close()
        time.sleep(_PAUSES_S[0])
    raise _Unsure(BUSY, Reason.LOCKED)


def _descriptors() -> dict[int, Inode]:
    """Return the inodes of the regular files that this process has open, by descriptor."""
    files = {}
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 (names alone)
        with suppress(OSError):  # the descriptor of this listing, or one closed meanwhile
            status = os.fstat(int(name))
            if stat.S_ISREG(status.st_mode):
                files[int(name)] = (status.st_dev, status.st_ino)
    return files


def _connect(db_path: Path, mode: str, timeout_s: float) -> sqlite3.Connection:
    uri = _uri(db_path, mode)
    connection = sqlite3.connect(uri, uri=True, timeout=timeout_s, isolation_level=None)
    return _checked(connection, db_path, timeout_s)


def _uri(db_path: Path, mode: str) -> str:
    return f"file://{quote(os.fsencode(db_path.absolute()))}?mode={mode}"


def _checked(connection: C, db_path: Path, timeout_s: float) -> C:
    """Return the connection, hardened, if SQLite opened the intended path; closes it otherwise."""
    try:
        _require_in_place(connection, db_path.absolute())
        _distrust(connection, timeout_s)
    except BaseException:  # the connection must be closed in any case
        connection.close()
        raise
    return connection


def _require_in_place(connection: sqlite3.Connection, path: Path) -> None:
    """Raise when SQLite opened another path than intended: it follows links."""
    (found,) = connection.execute("PRAGMA database_list").fetchall()
    if found[2] == str(path):
        return
    root, folder = path.parents[1], path.parent.name
    if found[2] != f"{os.path.realpath(root)}/{folder}/{path.name}":
        raise DatabaseProblem(BEHIND_LINK, Reason.LINKED)


def _distrust(connection: sqlite3.Connection, timeout_s: float) -> None:
    for limit, most in _LIMITS:
        connection.setlimit(limit, most)
    if hasattr(connection, "setconfig"):  # from Python 3.12 on
        connection.setconfig(_DEFENSIVE, True)
    connection.set_progress_handler(_deadline(timeout_s), _STEPS)
    connection.executescript(_DISTRUST)


def _deadline(timeout_s: float) -> Callable[[], int]:
    """Return a progress handler that interrupts a statement that takes too long."""
    ends = time.monotonic() + timeout_s + _WORK_S
    return lambda: int(time.monotonic() > ends)


def require_readable(db_path: Path) -> None:
    """Raise `DatabaseProblem`, with a full message, for a database that must not be read.

    Does as `require_plain`, and also refuses when reading would leave a log that the database's
    owner may not write: SQLite makes one to read in WAL mode, and can only remove it with write
    access. Opening a file that we may not write drops no lock of a writer.
    """
    require_plain(db_path)
    if os.access(db_path, os.W_OK, effective_ids=True):
        return
    has_log = all(may_be_there(beside(db_path, one)) for one in (LOG, INDEX))
    if has_log or not os.access(db_path.parent, os.W_OK, effective_ids=True):
        return
    with suppress(OSError), db_path.open("rb") as file:
        if file.read(20)[18:] == _IN_WAL_MODE:
            raise DatabaseProblem(
                f"{db_path.name} is in WAL mode and cannot be written by this login: reading it "
                "now would keep the pipeline from writing",
                Reason.FORBIDDEN,
            )
