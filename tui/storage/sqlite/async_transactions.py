"""Runs the same transactions as `transactions`, for an event loop: through aiosqlite.

A cancelled transaction ends first, committed or rolled back, and then the cancellation goes on.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakKeyDictionary, WeakValueDictionary

import aiosqlite

from tui.core.event_loop import require_asyncio
from tui.storage.sqlite import transactions
from tui.storage.sqlite.connection import BEGIN, WRITE_TIMEOUT_S, writing
from tui.storage.sqlite.side_files import require_plain
from tui.storage.sqlite.transactions import COMMIT, ReadBudget, Steps, decode, problems, refused

T = TypeVar("T")

_ROWS_AT_ONCE = 64
_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, WeakValueDictionary[Path, asyncio.Lock]]
_turns = WeakKeyDictionary()


async def read(db_path: Path, steps: Steps[T]) -> T:
    """Do as `transactions.read`, in a thread."""
    require_asyncio()
    return await _to_end(asyncio.to_thread(transactions.read, db_path, steps, WRITE_TIMEOUT_S))


async def write(db_path: Path, steps: Steps[T], *, creates: bool = False) -> T:
    """Do as `transactions.write`."""
    require_asyncio()
    return await _to_end(_run(db_path, steps, creates=creates))


async def _to_end(transaction: Coroutine[Any, Any, T]) -> T:
    """Await a transaction to its end even when cancelled: SQLite still runs the statement."""
    task = asyncio.ensure_future(transaction)
    cancelled = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is None:
        return task.result()
    if not task.cancelled():
        task.exception()  # else asyncio would log that it was never retrieved
    raise cancelled


def _turn(db_path: Path) -> asyncio.Lock:
    """Return the lock under which this event loop writes to a database.

    So that only one of them waits for those of other threads, and in a thread of its own.
    """
    turns = _turns.setdefault(asyncio.get_running_loop(), WeakValueDictionary())
    return turns.setdefault(db_path, asyncio.Lock())


async def _run(db_path: Path, steps: Steps[T], *, creates: bool) -> T:
    """Run `steps` in one transaction; closing the connection without COMMIT rolls back."""
    with closing(steps):
        await asyncio.to_thread(require_plain, db_path, creates=creates)
        with problems(db_path):
            connector = partial(writing, db_path, creates=creates)
            async with _turn(db_path), _connected(connector) as connection:
                connection.text_factory = decode
                await connection.execute_fetchall(BEGIN)
                result = await _drive(connection, steps)
                await connection.execute_fetchall(COMMIT)
                return result


class _Connection(aiosqlite.Connection):
    """A connection whose `ended` is done when its thread has stopped, even if nobody waited."""

    ended: asyncio.Future[Any] | None = None

    def stop(self) -> asyncio.Future[Any] | None:
        self.ended = super().stop()
        return self.ended and asyncio.shield(self.ended)


@asynccontextmanager
async def _connected(connector: Callable[[], sqlite3.Connection]) -> AsyncIterator[_Connection]:
    """Give a connection; on exit its thread has stopped, or it would call a closed event loop.

    This holds even if the program ends, and cancels the transaction, during opening or closing.
    """
    connection = _Connection(connector, _ROWS_AT_ONCE)
    try:
        async with connection:
            yield connection
    finally:
        if connection.ended is not None:
            await connection.ended


async def _drive(connection: aiosqlite.Connection, steps: Steps[T]) -> T:
    budget = ReadBudget()
    try:
        statement = next(steps)
        while True:
            try:
                rows = budget.counted(await connection.execute_fetchall(*statement))
            except sqlite3.Error as error:
                statement = refused(steps, error, in_transaction=connection.in_transaction)
            else:
                statement = steps.send(rows)
    except StopIteration as ended:
        result: T = ended.value
        return result
