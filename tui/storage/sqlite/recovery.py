"""Reads a database with an interrupted write, without changing it.

SQLite's own recovery writes to the database, and deletes any file that the journal names as its
super-journal. So SQLite never recovers for a read: the journal is checked and applied in memory.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tui.core.errors import DatabaseProblem, Reason
from tui.core.limits import JOURNAL_BYTES, RECOVERY_BYTES, RECOVERY_FILES
from tui.core.text.sizes import size_text
from tui.safe_io.folders import may_be_there, stamp_of
from tui.storage.sqlite.side_files import JOURNAL, beside

_MAGIC = bytes.fromhex("d9d505f920a163d7")
_HEADER = ">8sIIIII"  # magic, records, nonce, pages before, sector, page size
_UNKNOWN = 0xFFFFFFFF  # the count in a journal that was never synced: as many records as fit
_OPEN = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_LEAST = 512  # bytes of the smallest page and sector
_STEP = 200  # a record's checksum adds up every 200th byte
_PENDING_BYTE = 0x40000000  # the page that holds it is never written

_READ_VERSION, _WAL = 19, b"\2"

BUSY = "is locked by another program"

_descriptors: dict[tuple[int, int], int] = {}


def require_own_recovery(db_path: Path) -> None:
    """Raise `DatabaseProblem` unless SQLite may recover the database in place.

    Only the folder's owner may: between our check of the journal and its use, others who can write
    to the folder could replace it.
    """
    with _opened(db_path) as journal:
        journal.require_harmless()
    if db_path.parent.stat().st_uid != os.geteuid():
        raise DatabaseProblem(
            "was left in the middle of a write by a program that died: it can be changed again "
            "once its pipeline has opened it"
        )


def require_no_super_journal(db_path: Path) -> None:
    """Raise `DatabaseProblem` if there is a journal that names a file to delete."""
    if may_be_there(beside(db_path, JOURNAL)):
        with _opened(db_path) as journal:
            journal.require_no_super_journal()


def recovered(db_path: Path) -> sqlite3.Connection:
    """Return a connection to a copy in memory, with the interrupted write rolled back.

    Raises `DatabaseProblem` for a journal that no crashed pipeline leaves, or a database that is
    too large to copy.
    """
    with _opened(db_path) as journal:
        journal.require_harmless()
        content = _content(db_path)
        journal.undo(content)
        if not journal.is_unchanged():
            raise DatabaseProblem(BUSY, Reason.LOCKED)
    if content[_READ_VERSION : _READ_VERSION + 1] == _WAL:
        raise DatabaseProblem(f"is not opened: in WAL mode it cannot have a {JOURNAL}")
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.deserialize(bytes(content))
    return connection


@contextmanager
def _opened(db_path: Path) -> Iterator[_Journal]:
    path = beside(db_path, JOURNAL)
    try:
        fd = os.open(path, _OPEN)
    except FileNotFoundError:
        raise DatabaseProblem(BUSY, Reason.LOCKED) from None
    except OSError as error:
        raise DatabaseProblem(
            f"was left in the middle of a write, and its {JOURNAL} cannot be read: {error.strerror}"
        ) from error
    try:
        yield _Journal(path, fd)
    finally:
        os.close(fd)


def _content(db_path: Path) -> bytearray:
    """Return the bytes of a database."""
    fd = _descriptor(db_path)
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode) or status.st_size > RECOVERY_BYTES:
        raise DatabaseProblem(
            f"was left in the middle of a write, and has {size_text(status.st_size)}: it can be "
            "read again once its pipeline has opened it"
        )
    return bytearray(os.pread(fd, status.st_size, 0))


def _descriptor(db_path: Path) -> int:
    """Return a database's descriptor, which is never closed.

    Closing it would drop all locks of this process on the file, including those of a pipeline's
    own connections.
    """
    try:
        found = db_path.lstat()
        known = _descriptors.get((found.st_dev, found.st_ino))
        if known is not None:
            return known
        if len(_descriptors) >= RECOVERY_FILES:
            raise DatabaseProblem(
                "was left in the middle of a write, as many others were: it can be read again "
                "once its pipeline has opened it"
            )
        fd = os.open(db_path, _OPEN)
    except OSError as error:
        trouble = Reason.of(error)
        raise DatabaseProblem(
            f"cannot be opened by this login: {error.strerror}", trouble
        ) from error
    status = os.fstat(fd)
    _descriptors[status.st_dev, status.st_ino] = fd
    return fd


class _Journal:
    """An open rollback journal; every problem in it is a `DatabaseProblem`."""

    def __init__(self, path: Path, fd: int) -> None:
        self._path, self._fd = path, fd
        self._status = os.fstat(fd)

    def require_no_super_journal(self) -> None:
        """Raise for a journal that names a file: SQLite deletes that file after recovery."""
        if not stat.S_ISREG(self._status.st_mode):
            raise DatabaseProblem(f"is not opened: its {JOURNAL} is not a file")
        size = self._status.st_size
        if size > len(_MAGIC) and os.pread(self._fd, 8, size - 8) == _MAGIC:
            raise DatabaseProblem(
                f"is not opened: its {JOURNAL} names a file to be deleted (a super-journal), "
                "as no pipeline's does. See who put it there, then remove it"
            )

    def require_harmless(self) -> None:
        """Raise for a journal that is invalid, too large, or names a file to delete."""
        self.require_no_super_journal()
        size = self._status.st_size
        if size > JOURNAL_BYTES:
            raise DatabaseProblem(
                f"was left in the middle of a write, with a {JOURNAL} of {size_text(size)}: it "
                "can be read again once its pipeline has opened it"
            )
        if os.pread(self._fd, len(_MAGIC), 0) != _MAGIC:
            raise DatabaseProblem(f"is not opened: its {JOURNAL} is no journal of SQLite's")

    def is_unchanged(self) -> bool:
        """Whether the open journal is still the one at its path, and unchanged."""
        try:
            now = self._path.lstat()
        except OSError:
            return False
        return stamp_of(now) == stamp_of(self._status)

    def undo(self, content: bytearray) -> None:
        """Restore the pages in the journal, as SQLite does: up to the first bad record."""
        at, size, done = 0, self._status.st_size, set[int]()
        sector = page_size = 0
        while header := self._header(at):
            count, nonce, page_count, *first = header
            if at == 0:
                sector, page_size = first
                _resize(content, page_count * page_size)
            record, begin = page_size + 8, at + sector
            fitting = (size - begin) // record
            count = fitting if count == _UNKNOWN else count
            pages = min(count, max(fitting, 0))
            put_back = self._put_back(content, begin, pages, nonce=nonce, size=page_size, done=done)
            if put_back < count:
                return
            end = begin + count * record
            at = end + -end % sector

    def _header(self, at: int) -> tuple[int, ...] | None:
        """Return the header of a segment of the journal, `None` if there is none."""
        import struct  # journals are rare

        size = struct.calcsize(_HEADER)
        read = os.pread(self._fd, size, at)
        if len(read) < size:
            return None
        magic, *header = struct.unpack(_HEADER, read)
        is_sound = at > 0 or (_is_size(header[3], _LEAST) and _is_size(header[4], _LEAST))
        is_whole = at > 0 or header[3] <= self._status.st_size
        return tuple(header) if magic == _MAGIC and is_sound and is_whole else None

    def _put_back(
        self, content: bytearray, at: int, count: int, *, nonce: int, size: int, done: set[int]
    ) -> int:
        """Restore up to `count` pages and return how many records were good."""
        for good in range(count):
            record = os.pread(self._fd, size + 8, at)
            number, page = int.from_bytes(record[:4]), record[4:-4]
            checked = (nonce + sum(page[size - _STEP : 0 : -_STEP])) & 0xFFFFFFFF
            if number in (0, _PENDING_BYTE // size + 1) or checked != int.from_bytes(record[-4:]):
                return good
            if number not in done and number * size <= len(content):
                content[(number - 1) * size : number * size] = page
                done.add(number)
            at += size + 8
        return count


def _is_size(size: int, least: int) -> bool:
    return least <= size <= 65536 and not size & (size - 1)


def _resize(content: bytearray, size: int) -> None:
    if size > RECOVERY_BYTES:
        raise DatabaseProblem(f"is not opened: its {JOURNAL} is for {size_text(size)}")
    del content[size:]
    content.extend(bytes(size - len(content)))
