"""The heartbeat of a run, which stops when its disk stays full."""

from __future__ import annotations

from tui.core.errors import Reason, RunFailed
from tui.runs.journal.run_journal import Journal

FULL_BEATS = 3


class Pulse:
    """Writes the heartbeat; raises `RunFailed` once the disk has been full for a while."""

    def __init__(self, journal: Journal) -> None:
        self._journal, self._full_beats = journal, 0

    def beat(self) -> None:
        """Show that the run lives."""
        self._journal.beat()
        self._full_beats = self._full_beats + 1 if self._journal.is_full else 0
        if self._full_beats == FULL_BEATS:
            words = "the disk is full: the run was stopped to lose no more of it"
            raise RunFailed(words, Reason.FULL)
