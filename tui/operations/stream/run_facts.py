"""The run of a session as it is now, read more often than the catalog is."""

from __future__ import annotations

import time

from tui.core.models.run import Run, SentCommand
from tui.core.values import replace
from tui.runs.folder.protocol import read_run, stamp
from tui.safe_io.folders import is_link

# The CLI may write a prompt to the transcript a moment after the first words of the answer.
_LINGERS_S = 2.0


class RunFacts:
    """Reads a run again when a file of its folder has changed.

    A prompt that was just answered stays `asked` for a moment, so that it is never out of sight
    before the transcript has it.
    """

    def __init__(self) -> None:
        self._known: tuple[object, Run] | None = None
        self._asked: tuple[str, SentCommand, float] | None = None

    def poll(self, run: Run | None) -> Run | None:
        """Return the run as it is now; as it was when it is over or cannot be read."""
        if run is None or run.is_over or is_link(run.folder):
            return run
        now = (run.folder, stamp(run.folder))
        if self._known is None or self._known[0] != now:
            found = read_run(run.folder)
            self._known = (now, found if found.session_id == run.session_id else run)
        return self._lingering(self._known[1])

    def _lingering(self, run: Run) -> Run:
        now = time.monotonic()
        if run.asked is not None:
            self._asked = (run.run_id, run.asked, now + _LINGERS_S) if run.asked.is_taken else None
        elif self._asked is not None and self._asked[0] == run.run_id and now < self._asked[2]:
            return replace(run, asked=self._asked[1])
        return run
