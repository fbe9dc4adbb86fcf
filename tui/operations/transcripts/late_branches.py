"""The branches of a transcript that is followed: a long one is shown before they are read."""

from __future__ import annotations

from pathlib import Path

from tui.claude.transcript.branches import NO_LINEAGE, BranchTracker
from tui.claude.transcript.usage.context_usage import ContextUsage
from tui.claude.transcript_files.subagent_calls import SubagentCalls
from tui.core.limits import BRANCHES_AT_ONCE
from tui.operations.transcripts.branches import BranchReader


class LateBranches:
    """Reads the branches of a short transcript at once, of a long one part by part.

    One that `waits` always reads them at once. Until they `are_known`, no line is told apart from
    others; `is_reading` as long as `read_on` has more to read.
    """

    def __init__(self, path: Path, *, waits: bool = False) -> None:
        self._reader, self._waits = BranchReader(path), waits
        self.are_known = self.is_reading = False
        self._is_left = False
        self._size = 0

    @property
    def are_late(self) -> bool:
        """Whether lines are shown whose branches are not known yet."""
        return self._is_left and not self.are_known

    @property
    def lineage(self) -> BranchTracker:
        """Which line continues which, as far as is known."""
        return self._reader.lineage if self.are_known else NO_LINEAGE

    @property
    def leads(self) -> SubagentCalls | None:
        """Where the calls lead; `None` if not all are known."""
        is_whole = self.are_known and not (self._reader.is_cut or self._reader.leads.is_cut)
        return self._reader.leads if is_whole else None

    @property
    def filled(self) -> ContextUsage:
        """How full the context was."""
        return self._reader.filled if self.are_known else ContextUsage()

    @property
    def known_from(self) -> int | None:
        """The offset from which on all branches are marked; `None` while they are read."""
        if self.is_reading:
            return None
        return self._reader.known_from if self.are_known else self._size

    def read(self, size: int) -> BranchTracker:
        """Read on to `size`, but leave much to `read_on`; raises `OSError`."""
        self._size = size
        if self.are_known or self._waits or size <= BRANCHES_AT_ONCE:
            self._reader.read(size)
            self.are_known = True
        elif not self._is_left:
            self._is_left = self.is_reading = True
        return self.lineage

    def read_on(self, size: int) -> bool:
        """Read the next part of what was left, up to `size`; raises `OSError`.

        Returns whether all is known now, and tells lines apart.
        """
        if not self.are_late:
            return False
        self.is_reading = False  # an error does not make the next poll come at once
        self.are_known = self._reader.read_part(size)
        self.is_reading = not self.are_known
        return self.are_known and self.lineage.tells_lines_apart
