"""Caches tables between starts, by the stamp of their database files.

Every commit changes the file, its log or its journal: `stat` of the three misses none.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from sys import intern
from typing import Any

from tui.core.models.audit import AuditEvent
from tui.core.models.row import Row
from tui.core.text.bounded_json import parse_json
from tui.safe_io.folders import stamp_of
from tui.storage.index.erasure_marks import erasure_of
from tui.storage.index.index import Index
from tui.storage.sqlite.connection import READ_TIMEOUT_S
from tui.storage.table.row_codec import event_from, row_as_json
from tui.storage.table.tracking import TrackedRows, read_table

_RACY_NS = 2_000_000_000
_BESIDE = ("-wal", "-journal")


class TableCache:
    """Reads tables; skips databases whose stamp is unchanged.

    The `index` stores them; without one every table is read again. `clock` returns the time in
    nanoseconds, as file systems record it.
    """

    def __init__(self, index: Index | None = None, clock: Callable[[], int] = time.time_ns) -> None:
        self._index = index
        self._clock = clock

    def table_of(self, place: str, timeout_s: float = READ_TIMEOUT_S) -> TrackedRows:
        """Return the tables of the database at `place`; raises as `read_table`."""
        stamp = _stamp(place, self._clock) if self._index is not None else None
        if stamp is None or self._index is None:
            return read_table(Path(place), timeout_s)
        folder = place.rpartition("/")[0]
        erasure = erasure_of(folder)
        kept = self._index.table(folder, erasure)
        table = _from_stored(kept[1]) if kept is not None and kept[0] == stamp else None
        if table is None:
            table = read_table(Path(place), timeout_s)
            self._index.put_table(folder, erasure, (stamp, _as_stored(table)))
        return table


def _stamp(place: str, clock: Callable[[], int]) -> str | None:
    """Return a database's stamp, `None` while it could miss a change.

    That is the case for some time after a change, since another within the same clock tick would
    leave the stamp as it is, and while a log or journal holds changes.
    """
    try:
        status = os.lstat(place)
        if any(_is_filled(place + one) for one in _BESIDE):
            return None
    except OSError:
        return None
    if not clock() - max(status.st_mtime_ns, status.st_ctime_ns) > _RACY_NS:
        return None
    return ":".join(map(str, stamp_of(status)))


def _is_filled(place: str) -> bool:
    """Whether a file beside a database has content; raises `OSError` if it cannot be checked."""
    try:
        return os.lstat(place).st_size > 0
    except FileNotFoundError:
        return False


def _as_stored(table: TrackedRows) -> str:
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
    return json.dumps([rows, [_event_as_stored(one) for one in table.audited.values()]])


def _event_as_stored(event: AuditEvent) -> list[Any]:
    words = event.operator, event.action, event.session_id
    return [event.at.isoformat(), *words, row_as_json(event.before), row_as_json(event.after)]


def _from_stored(stored: str) -> TrackedRows | None:
    """Return the stored table, `None` if it is invalid."""
    try:
        rows, audited = parse_json(stored)
        events = [event_from(_texts(one, 4)) for one in audited]
        return TrackedRows(_rows(rows), {one.session_id: one for one in events if one is not None})
    except (TypeError, ValueError, RecursionError):
        return None


def _rows(stored: Iterable[Any]) -> tuple[Row, ...]:
    return tuple(
        Row(one, intern(two), intern(three), four, five, intern(six), seven)
        for one, two, three, four, five, six, seven in (_texts(values, 6) for values in stored)
    )


def _texts(values: Any, count: int) -> Any:
    """Return a row's values: `count` texts, then texts or `None`; raises otherwise.

    Lone surrogates are rejected too: no database holds them.
    """
    if not isinstance(values, list):
        raise TypeError("a row is a list")
    rest = [one for one in values[count:] if one is not None]
    "".join(values[:count] + rest).encode()
    return values
