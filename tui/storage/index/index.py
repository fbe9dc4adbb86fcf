"""The index of a root: a cache of its transcripts' facts and tables, in one SQLite file.

It is private, in the operator's cache folder. Nothing in it is trusted, no write relies on it, and
losing it only costs reading again. The entries of a listing are valid until something in that
listing is erased.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from tui.core.limits import KEPT_CHARACTERS
from tui.core.text.digest import sha256_hex
from tui.core.values import dataclass
from tui.safe_io.folders import may_be_there
from tui.safe_io.fork_safe import fork_safe_lock
from tui.storage.index.erasure_marks import NOBODY_KNOWS, erasure_of
from tui.storage.index.index_file import LONGEST_KEPT, create, is_busy, open_index, remove

_FEW = 4
_AT_ONCE = 64  # a hundred thousand sessions take fifty megabytes
_ERASING_MS = 2_000
_READ = (
    "SELECT listing, erasure, facts, stamp, rows FROM listings WHERE listing >= ?"
    " ORDER BY listing LIMIT ?"
)
_PUT = "INSERT OR IGNORE INTO listings (listing, erasure) VALUES (?, ?)"
_PUT_FACTS = "UPDATE listings SET facts = ? WHERE listing = ?"
_PUT_ROWS = "UPDATE listings SET stamp = ?, rows = ? WHERE listing = ?"
_FORGET = "DELETE FROM listings WHERE listing = ?"

Said = tuple[str, str]  # a stamp, and what was read then: JSON
_Stored = tuple[str, str, str, str]  # of the time of which erasure, facts, a stamp and rows
_NOTHING: _Stored = ("", "", "", "")


class IndexedListing(Protocol):
    """The known facts of a listing's transcripts."""

    def as_json(self) -> str:
        """Return all current facts as JSON."""


@dataclass(slots=True)
class _Fresh:
    """New entries of a listing that are not in the file yet."""

    folder: str | Path
    erasure: str
    facts: IndexedListing | None = None
    table: Said | None = None
    count: int = 0
    is_due: bool = False


class Index:
    """One file, shared by processes and threads; without a `path` nothing is stored.

    `find` returns it when it is first needed: a root that hangs must not keep a program from
    starting. New entries are written by `save`, once there are enough.
    """

    def __init__(
        self, path: Path | None = None, *, find: Callable[[], Path | None] | None = None
    ) -> None:
        self._place, self._find = path, find
        self._lock = fork_safe_lock()
        self._connection: sqlite3.Connection | None = None
        self._erasures: dict[bytes, str] = {}
        self._rows: dict[bytes, _Stored] = {}
        self._asked = 0
        self._fresh: dict[bytes, _Fresh] = {}
        self._outdated: set[bytes] = set()

    @property
    def _path(self) -> Path | None:
        if self._find is not None:
            self._place, self._find = self._find(), None
        return self._place

    @property
    def is_owed(self) -> bool:
        """Whether the file has an outdated entry that must be removed."""
        with self._lock:
            return bool(self._outdated) or any(one.is_due for one in self._fresh.values())

    def facts(self, folder: str | Path, erasure: str) -> str:
        """Return the facts of a listing's transcripts as JSON; empty if there are none."""
        return self._read(_name(folder), erasure, is_done=True)[1]

    def table(self, folder: str | Path, erasure: str) -> Said | None:
        """Return a listing's table with its stamp; call `facts` afterwards."""
        _, _, stamp, rows = self._read(_name(folder), erasure, is_done=False)
        return (stamp, rows) if stamp else None

    def put_facts(
        self, folder: str | Path, erasure: str, facts: IndexedListing, *, is_due: bool = False
    ) -> None:
        """Store the facts of a listing's transcripts after another one was read.

        `is_due` when the stored facts are outdated and must be replaced.
        """
        with self._noting(folder, erasure) as fresh:
            fresh.facts, fresh.is_due = facts, fresh.is_due or is_due
            fresh.count += 1

    def put_table(self, folder: str | Path, erasure: str, said: Said) -> None:
        """Store a database's table, unless it is very large."""
        if len(said[1]) < KEPT_CHARACTERS:
            with self._noting(folder, erasure) as fresh:
                fresh.table = said
                fresh.count += 1

    def save(self, there: Collection[Path] | None = None) -> None:
        """Write new entries if there are enough or some are due; then close the file.

        `there` are all existing folders, if known: entries of others are removed. Failures are
        ignored.
        """
        if self._path is None:
            return
        with self._lock:
            fresh, outdated = self._fresh, self._outdated
            lost = self._erasures.keys() - map(_name, there) if there is not None else set()
            count = sum(one.count for one in fresh.values())
            is_due = count > _FEW or outdated or lost or any(one.is_due for one in fresh.values())
            if is_due:
                self._fresh, self._outdated = {}, set()
        if is_due:
            self._write(fresh, outdated | lost)
        with self._lock:
            self._rows, self._asked = {}, 0
            self._close()

    def forget(self, folder: str | Path) -> None:
        """Remove a listing's entries and overwrite their bytes; raises `OSError`."""
        if self._path is None or not may_be_there(self._path):
            return
        name = _name(folder)
        with self._lock:
            self._fresh.pop(name, None)
            self._rows.pop(name, None)
            try:
                is_out = _remove_entries(self._opened(), name)
            except sqlite3.Error:
                is_out = False
            self._close()
            if not is_out:
                remove(self._path)

    def _read(self, name: bytes, erasure: str, *, is_done: bool) -> _Stored:
        """Return a listing's entry; an empty one if something was erased since it was stored.

        With `is_done` the entry is dropped from memory.
        """
        if self._path is None or erasure == NOBODY_KNOWS:
            return _NOTHING
        with self._lock:
            try:
                found = self._row(name)
            except sqlite3.Error as error:
                self._give_up(error)
                return _NOTHING
            if is_done:
                self._rows.pop(name, None)
            if found is not _NOTHING and found[0] != erasure:
                self._outdated.add(name)
                return _NOTHING
            return found

    def _row(self, name: bytes) -> _Stored:
        """Return a listing's entry; after a few single reads, the next ones are read with it."""
        if name not in self._rows:
            connection = self._opened()
            if connection is None or name not in self._erasures:
                return _NOTHING
            self._asked += 1
            most = 1 if self._asked <= _FEW else _AT_ONCE
            found = connection.execute(_READ, (name, most)).fetchall()
            if len(self._rows) > _AT_ONCE:  # of listings that nobody asked for
                self._rows = {}
            self._rows |= {row[0]: stored for row in found if (stored := _stored(row))}
        return self._rows.get(name, _NOTHING)

    @contextmanager
    def _noting(self, folder: str | Path, erasure: str) -> Iterator[_Fresh]:
        """Give the new entries of a listing, for one thread at a time."""
        if self._path is None or erasure == NOBODY_KNOWS:
            yield _Fresh(folder, erasure)
            return
        name = _name(folder)
        with self._lock:
            fresh = self._fresh.get(name)
            if fresh is None or fresh.erasure != erasure:
                fresh = self._fresh[name] = _Fresh(folder, erasure)
            yield fresh

    def _write(self, fresh: Mapping[bytes, _Fresh], outdated: Collection[bytes]) -> None:
        """Write the new entries of listings in which nothing was erased since.

        Checked again afterwards: entries that an erasure overtook meanwhile are removed.
        """
        sound = {name: one for name, one in fresh.items() if erasure_of(one.folder) == one.erasure}
        said = {name: one.facts.as_json() for name, one in sound.items() if one.facts is not None}
        with self._lock:
            try:
                if (connection := self._opened(creates=True)) is not None:
                    _put(connection, sound, said, {*outdated, *(fresh.keys() - sound.keys())})
                    self._erasures = _erasures(connection)
            except (sqlite3.Error, OSError) as error:
                self._give_up(error)
                return
        for one in sound.values():
            if erasure_of(one.folder) != one.erasure:
                with suppress(OSError):
                    self.forget(one.folder)

    def _opened(self, *, creates: bool = False) -> sqlite3.Connection | None:
        """Return the open file; with `creates` a missing or invalid one is replaced."""
        if self._connection is None and self._path is not None:
            self._connection = open_index(self._path)
            if self._connection is None and creates:
                create(self._path)
                self._connection = open_index(self._path)
            if self._connection is not None:
                self._erasures = _erasures(self._connection)
        return self._connection

    def _give_up(self, error: Exception) -> None:
        """Close the file; remove it if it is full or damaged."""
        self._close()
        if self._path is not None and isinstance(error, sqlite3.Error) and not is_busy(error):
            with suppress(OSError):
                remove(self._path)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def index_path(cache_dir: Path | None, root: Path) -> Path | None:
    """Return the path of a root's index, `None` when nothing is cached."""
    if cache_dir is None:
        return None
    name = sha256_hex(os.fsencode(os.path.realpath(root)))[:16]
    return cache_dir / f"index-{name}.db"


def _name(folder: str | Path) -> bytes:
    place = str(folder)
    return os.fsencode(place if place.startswith("/") else Path(place).absolute())


def _stored(row: tuple[object, ...]) -> _Stored | None:
    name, *said = row
    erasure, facts, stamp, rows = (one if isinstance(one, str) else "" for one in said)
    return (erasure, facts, stamp, rows) if type(name) is bytes else None


def _erasures(connection: sqlite3.Connection) -> dict[bytes, str]:
    found = connection.execute("SELECT listing, erasure FROM listings").fetchall()
    return {name: mark for name, mark in found if type(name) is bytes and type(mark) is str}


def _put(
    connection: sqlite3.Connection,
    fresh: Mapping[bytes, _Fresh],
    said: Mapping[bytes, str],
    outdated: Iterable[bytes],
) -> None:
    """Write the new entries; remove those from before the last erasure."""
    connection.execute("BEGIN IMMEDIATE")
    with _committed(connection):
        known = _erasures(connection)
        others = {name for name, one in fresh.items() if known.get(name) != one.erasure}
        connection.executemany(_FORGET, [(name,) for name in {*outdated, *others}])
        connection.executemany(_PUT, [(name, one.erasure) for name, one in fresh.items()])
        facts = [(one, name) for name, one in said.items() if len(one) < LONGEST_KEPT]
        connection.executemany(_PUT_FACTS, facts)
        rows = [(*one.table, name) for name, one in fresh.items() if one.table is not None]
        connection.executemany(_PUT_ROWS, rows)


@contextmanager
def _committed(connection: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _remove_entries(connection: sqlite3.Connection | None, name: bytes) -> bool:
    """Remove a listing's entries; false if the file is not a valid index."""
    if connection is None:
        return False
    connection.execute(f"PRAGMA busy_timeout = {_ERASING_MS}")
    connection.execute("BEGIN IMMEDIATE")
    with _committed(connection):
        connection.execute(_FORGET, (name,))
    connection.execute("VACUUM")
    return True
