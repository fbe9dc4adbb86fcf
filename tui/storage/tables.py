"""What databases hold, remembered: by device, inode, size and times, between starts in one file.

A commit changes the file, or leaves a log or a journal beside it: `stat` of the three misses none.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from sys import intern
from typing import Any

from tui.core.limits import KEPT_CHARACTERS
from tui.core.models import Event, Row
from tui.storage.connection import READ_TIMEOUT_S
from tui.storage.kept_file import TABLES, Stored, read_kept, write_kept
from tui.storage.stored import event_from, row_as_json
from tui.storage.tracking import Table, read_table

_FEW = 4
_MOST = 10_000
_RACY_NS = 2_000_000_000
_BESIDE = ("-wal", "-journal")

Stamp = tuple[int, int, int, int, int]


class TableCache:
    """The tables of databases; one that surely did not change since is not opened.

    With a `path` they outlive the process: the file is read once more than a few databases would
    have to be opened, and `save` writes it when as many were. It is private, since rows are.
    `clock` tells the nanoseconds that file systems go by.
    """

    def __init__(self, path: Path | None = None, clock: Callable[[], int] = time.time_ns) -> None:
        self._path = path
        self._clock = clock
        self._known: dict[str, tuple[Stamp, Table]] = {}
        self._stored: dict[str, Stored] = {}
        self._is_loaded = False
        self._missed = 0
        self._lock = threading.Lock()

    def table_of(self, place: str, timeout_s: float = READ_TIMEOUT_S) -> Table:
        """Return what the database at `place` holds; raises as `read_table`."""
        stamp = _stamp(place, self._clock) if self._path is not None else None
        if stamp is None:
            return read_table(Path(place), timeout_s)
        if (table := self._recalled(place, stamp)) is not None:
            return table
        if self._missed >= _FEW and not self._is_loaded:
            self._load()
            return self.table_of(place, timeout_s)
        table = read_table(Path(place), timeout_s)
        self._missed += 1
        self._known[place] = stamp, table
        return table

    def save(self) -> None:
        """Write the file if many databases were opened since; those that changed are left out.

        What others wrote meanwhile is kept, up to a bound.
        """
        if self._path is None or self._missed <= _FEW:
            return
        self._missed = 0
        known = tuple(self._known.items())
        fresh = {
            _key(one[0]): _as_stored(*one)
            for place, one in known
            if _stamp(place, self._clock) == one[0] and _is_small(one[1])
        }
        merged = read_kept(self._path, TABLES) | fresh
        write_kept(self._path, TABLES, dict(list(merged.items())[-_MOST:]))

    def _recalled(self, place: str, stamp: Stamp) -> Table | None:
        known = self._known.get(place)
        if known is not None and known[0] == stamp:
            return known[1]
        stored = self._stored.pop(_key(stamp), None) if self._stored else None
        table = _from_stored(stored, stamp) if stored is not None else None
        if table is not None:
            self._known[place] = stamp, table
        return table

    def _load(self) -> None:
        with self._lock:
            if self._path is not None and not self._is_loaded:
                self._stored = read_kept(self._path, TABLES)
                known = tuple(self._known.values())
                self._missed = sum(_key(stamp) not in self._stored for stamp, _ in known)
                self._is_loaded = True


def _stamp(place: str, clock: Callable[[], int]) -> Stamp | None:
    """Return what tells this state of a database from every other one, `None` when nothing does.

    A second commit within the same tick of the file system's clock would leave the times as they
    are; and of what is in a log or a journal the file itself knows nothing.
    """
    try:
        status = os.lstat(place)
        if any(_is_filled(place + one) for one in _BESIDE):
            return None
    except OSError:
        return None
    if not clock() - max(status.st_mtime_ns, status.st_ctime_ns) > _RACY_NS:
        return None
    times = status.st_mtime_ns, status.st_ctime_ns
    return status.st_dev, status.st_ino, status.st_size, *times


def _is_small(table: Table) -> bool:
    """Whether a table is worth its room in a file of all tables."""
    kept = sum(len(row.metadata or "") for row in table.rows)
    return kept + 100 * (len(table.rows) + len(table.audited)) < KEPT_CHARACTERS


def _is_filled(place: str) -> bool:
    """Whether anything is in a file beside a database; raises `OSError` where nobody can say."""
    try:
        return os.lstat(place).st_size > 0
    except FileNotFoundError:
        return False


def _key(stamp: Stamp) -> str:
    return f"{stamp[0]}:{stamp[1]}"


def _as_stored(stamp: Stamp, table: Table) -> Stored:
    rows = [
        (
            one.session_id,
            one.listing_id,
            one.stage,
            one.created_at,
            one.expires_at,
            one.status,
            one.metadata,
        )
        for one in table.rows
    ]
    return [*stamp[2:], rows, [_event_as_stored(one) for one in table.audited.values()]]


def _event_as_stored(event: Event) -> Stored:
    words = event.operator, event.action, event.session_id
    return [event.at.isoformat(), *words, row_as_json(event.before), row_as_json(event.after)]


def _from_stored(stored: Any, stamp: Stamp) -> Table | None:
    """Return the table, `None` when it is of another moment or nothing that a database holds."""
    try:
        *at, rows, audited = stored
        if tuple(at) != stamp[2:]:
            return None
        events = [event_from(_texts(one, 4)) for one in audited]
        return Table(_rows(rows), {one.session_id: one for one in events if one is not None})
    except (TypeError, ValueError):
        return None


def _rows(stored: Iterable[Any]) -> tuple[Row, ...]:
    return tuple(
        Row(one, intern(two), intern(three), four, five, intern(six), seven)
        for one, two, three, four, five, six, seven in (_texts(values, 6) for values in stored)
    )


def _texts(values: Any, count: int) -> Any:
    """Return the values of a row: `count` texts, then texts or nothing; raises otherwise.

    No database holds a lone surrogate.
    """
    if not isinstance(values, list):
        raise TypeError("a row is a list")
    rest = [one for one in values[count:] if one is not None]
    "".join(values[:count] + rest).encode()
    return values
