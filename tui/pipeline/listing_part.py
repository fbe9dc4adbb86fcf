"""What every part of `SessionManager` works on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import ParamSpec, TypeVar

from tui.claude.config_dir import CONFIG_DIR
from tui.core.event_loop import require_asyncio
from tui.operations.context import Context
from tui.operations.running.pipeline_query import pipeline_settings
from tui.operations.target import DATABASE, require_no_link
from tui.safe_io.folders import without_dots
from tui.safe_io.opening import guard_below

P = ParamSpec("P")
T = TypeVar("T")


class ListingPart:
    """One listing, its database and the clock: the base of all parts."""

    def __init__(
        self, output_dir: Path | str, max_age_days: float, clock: Callable[[], datetime]
    ) -> None:
        self.output_dir = Path(output_dir)
        self.sessions_dir = self.output_dir / CONFIG_DIR
        self.db_path = self.output_dir / DATABASE
        self.max_age_days = max_age_days
        self._clock = clock
        self._folder = without_dots(self.output_dir.absolute())
        guard_below(self._folder.parent)
        self._config_dir = self._folder / CONFIG_DIR
        self._database = self._folder / DATABASE

    def _context(self) -> Context:
        require_no_link(self._folder)
        return Context(pipeline_settings(self._folder), self._clock)


async def in_thread(work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Do blocking work in a thread, for the event loop of asyncio alone."""
    require_asyncio()
    return await asyncio.to_thread(work, *args, **kwargs)
