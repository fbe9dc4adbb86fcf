"""The same transactions as `Tracking`'s, awaited: through aiosqlite, for an event loop."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, closing
from datetime import tzinfo
from functools import partial, wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import aiosqlite

from tui.core.models.row import Row
from tui.storage.sqlite.connection import BEGIN, WRITE_TIMEOUT_S, writing
from tui.storage.sqlite.side_files import require_plain
from tui.storage.sqlite.transactions import COMMIT, ReadBudget, Steps, decode, problems, read
from tui.storage.table.tracking import Transactions, active_rows, all_rows

P = ParamSpec("P")
T = TypeVar("T")

_ROWS_AT_ONCE = 64


def _written(
    make: Callable[Concatenate[Transactions, P], Steps[T]], *, creates: bool = False
) -> Callable[Concatenate[AsyncTracking, P], Awaitable[T]]:
    @wraps(make)
    async def method(self: AsyncTracking, /, *args: P.args, **kwargs: P.kwargs) -> T:
        steps = make(self.writes, *args, **kwargs)
        return await _whole(_run(self.db_path, steps, creates=creates))

    return method


class AsyncTracking:
    """Reads and writes one listing's database, one short connection an act.

    `Transactions` says what each does. A cancelled act ends whole, written or not at all, before
    the cancellation goes on.
    """

    def __init__(self, db_path: Path, zone: tzinfo, operator: str) -> None:
        self.db_path = db_path
        self.writes = Transactions(zone, operator)

    init_table = _written(Transactions.init_table, creates=True)
    track = _written(Transactions.track, creates=True)
    change = _written(Transactions.change)
    change_many = _written(Transactions.change_many)
    mark_extended = _written(Transactions.mark_extended)
    mark_resumed = _written(Transactions.mark_resumed)
    mark_failed = _written(Transactions.mark_failed)
    mark_succeeded = _written(Transactions.mark_succeeded)
    note = _written(Transactions.note)

    async def read_rows(self) -> tuple[Row, ...]:
        """Return every row; raises as `tracking.read_rows`."""
        return await _whole(asyncio.to_thread(read, self.db_path, all_rows(), WRITE_TIMEOUT_S))

    async def list_active(self) -> list[dict[str, Any]]:
        """Return the active rows as the guide's class does, the newest first; raises as above."""
        return await _whole(asyncio.to_thread(read, self.db_path, active_rows(), WRITE_TIMEOUT_S))


async def _whole(act: Coroutine[Any, Any, T]) -> T:
    """Await an act to its end even when cancelled: a cancelled statement is still written."""
    task = asyncio.ensure_future(act)
    cancelled = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is None:
        return task.result()
    if not task.cancelled():
        task.exception()  # told nobody otherwise, it would be reported as never retrieved
    raise cancelled


async def _run(db_path: Path, steps: Steps[T], *, creates: bool = False) -> T:
    """Run `steps` in one transaction; leaving a connection without COMMIT rolls back."""
    with closing(steps):
        await asyncio.to_thread(require_plain, db_path, creates=creates)
        with problems(db_path):
            connector = partial(writing, db_path, creates=creates)
            async with _connected(connector) as connection:
                connection.text_factory = decode
                await connection.execute_fetchall(BEGIN)
                result = await _drive(connection, steps)
                await connection.execute_fetchall(COMMIT)
                return result


class _Connection(aiosqlite.Connection):
    """One that knows when its thread has done its last work, also where nobody waited for that."""

    ended: asyncio.Future[Any] | None = None

    def stop(self) -> asyncio.Future[Any] | None:
        self.ended = super().stop()
        return self.ended and asyncio.shield(self.ended)


@asynccontextmanager
async def _connected(connector: Callable[[], sqlite3.Connection]) -> AsyncIterator[_Connection]:
    """Give a connection, and leave no thread behind: it would answer to a loop that is closed.

    Where the program ends, the act is cancelled too, perhaps while it is opening or closing.
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
            rows = await connection.execute_fetchall(*statement)
            statement = steps.send(budget.counted(rows))
    except StopIteration as ended:
        result: T = ended.value
        return result
