"""What every part of `SessionManager` works on."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from datetime import datetime
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from tui.claude.config_dir import CONFIG_DIR
from tui.core.errors import ConsoleError, NotTracked, Reason, UsageError
from tui.core.event_loop import require_asyncio
from tui.core.text.safe_text import one_line
from tui.core.time.expiry import length_of
from tui.operations.context import Context
from tui.operations.running.pipeline_query import pipeline_settings
from tui.operations.target import DATABASE, make_listing, require_usable
from tui.safe_io.folders import without_dots
from tui.safe_io.opening import guard_below
from tui.storage.sqlite import async_transactions
from tui.storage.sqlite.transactions import Steps

P = ParamSpec("P")
T = TypeVar("T")


class ListingPart:
    """One listing, its database and the clock: the base of all parts."""

    def __init__(
        self, output_dir: Path | str, max_age_days: float, clock: Callable[[], datetime]
    ) -> None:
        length_of(max_age_days, "max_age_days")
        self.output_dir = Path(output_dir)
        self.sessions_dir = self.output_dir / CONFIG_DIR
        self.db_path = self.output_dir / DATABASE
        self.max_age_days = max_age_days
        self._clock = _aware(clock)
        self._folder = _listing_folder(self.output_dir)
        guard_below(self._folder.parent)
        self._config_dir = self._folder / CONFIG_DIR
        self._database = self._folder / DATABASE

    def _context(self) -> Context:
        require_usable(self._folder)
        return Context(pipeline_settings(self._folder), self._clock)

    async def _read(self, steps: Steps[T]) -> T:
        """Read the table; raises `NotTracked` where there is none."""
        return await self._in_table(async_transactions.read, steps)

    async def _write(self, steps: Steps[T]) -> T:
        """Write to the table; raises `NotTracked` where there is none."""
        return await self._in_table(async_transactions.write, steps)

    async def _in_table(
        self, act: Callable[[Path, Steps[T]], Coroutine[Any, Any, T]], steps: Steps[T]
    ) -> T:
        await in_thread(require_usable, self._folder)
        try:
            return await act(self._database, steps)
        except NotTracked as error:
            words = f"{one_line(self._folder)}: {error}; `init_table` makes it"
            raise NotTracked(words) from error

    async def _write_first(self, steps: Steps[T]) -> T:
        """Write to the table, and make the folder and the database if there is none."""
        await in_thread(make_listing, self._folder)
        return await async_transactions.write(self._database, steps, creates=True)


def _listing_folder(given: Path) -> Path:
    """Return the listing's folder, absolute; raises `UsageError` for what cannot be one."""
    try:
        if b"\0" in os.fsencode(given):
            raise ValueError("it has a NUL")
        folder = without_dots(given.absolute())
    except ValueError as error:
        raise UsageError(f"output_dir cannot be a path: {one_line(error)[:80]}") from None
    except OSError as error:
        why = f"the folder that this process works in cannot be used: {error.strerror or error}"
        raise ConsoleError(f"output_dir must be absolute: {why}", Reason.of(error)) from error
    if not folder.name:
        raise UsageError(f"output_dir is a listing's folder below its root, and {folder} is none")
    return folder


def _aware(clock: Callable[[], datetime]) -> Callable[[], datetime]:
    """Return a clock whose naive times are local; raises `UsageError` for one that tells none."""

    def now() -> datetime:
        told: object = clock()
        if not isinstance(told, datetime):
            raise UsageError(f"clock must return a datetime, not {type(told).__name__}")
        return told if told.tzinfo is not None else told.astimezone()

    now()
    return now


async def in_thread(work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Do blocking work in a thread, for the event loop of asyncio alone."""
    require_asyncio()
    return await asyncio.to_thread(work, *args, **kwargs)
