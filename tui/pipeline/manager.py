"""The pipeline's own way in: the guide's `SessionManager`, safe beside consoles and other runs."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Self

from tui.claude.config_dir import refresh_children
from tui.core.errors import ConsoleError, Reason
from tui.operations.target import make_listing
from tui.pipeline.care import SessionCare
from tui.pipeline.cleaning import SessionCleanup
from tui.pipeline.environment import Entered, set_to
from tui.pipeline.listing_part import in_thread
from tui.pipeline.running import SessionRuns
from tui.pipeline.tracking import SessionTracking
from tui.safe_io.folders import is_link

logger = logging.getLogger(__name__)


class SessionManager(SessionRuns, SessionTracking, SessionCleanup, SessionCare):
    """Tracks, extends, cleans up and runs the sessions of one listing, as the guide's class does.

    `async with SessionManager(...) as manager` does `setup` and `init_table`, and leaving it ends
    the agents that still run, and puts the environment back.

    `output_dir` is the listing's folder, its parent the root; one process can use several listings.
    In it are `db_path`, the database, and `sessions_dir`, where the CLI keeps what it writes.
    `on_event`, a function or coroutine function, is told what happens to each run, as a
    `tui.RunEvent`; the same is logged by `tui.runs`, with prompts only if `log_prompts`.
    A tool that nobody has allowed waits `permission_timeout` for an operator, `timedelta(0)` not at
    all; `None` means as the setting says. Naive times are local. No async method blocks the event
    loop. Unless stated otherwise, methods raise `DatabaseProblem` when the table cannot be read or
    written, `UnknownId` for an invalid session id, and `UsageError` for any other argument that is
    not as declared, before they do anything.
    """

    async def __aenter__(self) -> Self:
        """Do `setup` and `init_table`."""
        entered = Entered(self._config_dir)
        try:
            await in_thread(self.setup)
            await self.init_table()
        except BaseException:  # a cancellation too: nobody leaves what was not entered
            entered.leave()
            raise
        self._entered.append(entered)
        return self

    async def __aexit__(self, *_: object) -> None:
        """End the agents that it still runs in this event loop, and put the environment back."""
        try:
            await super().__aexit__(*_)
        finally:
            self._entered.pop().leave()

    def setup(self) -> Path:
        """Make the sessions' folder, set this process's environment to it, and return it.

        The CLI itself reads only `CLAUDE_CONFIG_DIR`. Not needed for `query`.
        """
        make_listing(self._folder)
        try:
            self.sessions_dir.mkdir(exist_ok=True)
        except OSError as error:
            why = "it is a file" if isinstance(error, FileExistsError) else error.strerror or error
            words = f"{self.sessions_dir} cannot be made: {why}"
            raise ConsoleError(words, Reason.of(error)) from error
        set_to(self._config_dir)
        if is_link(self._config_dir):
            logger.warning("%s is a link, and links are not followed", self.sessions_dir)
        else:
            refresh_children(self._config_dir, self._clock())
        logger.info("Claude sessions: %s", self.sessions_dir)
        return self.sessions_dir
