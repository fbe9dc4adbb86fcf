"""The branches of a transcript on disk, read within bounds and further as it grows."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tui.claude.transcript.branches import LINKED_IN, BranchTracker
from tui.claude.transcript.records import records_of
from tui.claude.transcript.usage.context_usage import FILLED_IN, ContextUsage
from tui.claude.transcript_files import transcript_pages
from tui.claude.transcript_files.subagent_calls import LED_IN, SubagentCalls
from tui.claude.transcript_files.transcript_lines import read_lines
from tui.core.limits import BRANCHES_BYTES, BRANCHES_S
from tui.core.models.entry import Entry, EntryKind
from tui.core.models.session import Session

# Lower-case texts of the lines that have parents or anything else read here.
_TOLD_IN = (*LINKED_IN, *LED_IN, *FILLED_IN)


class BranchReader:
    """Reads the lineage of one transcript, each time on from where it stopped.

    It also reads where its calls lead, and how full its context was. `is_cut`: a part was too large
    to be read, so its branches are unknown; never with `is_whole`, however long it takes.
    """

    def __init__(self, path: Path, *, is_whole: bool = False) -> None:
        self.lineage, self.leads, self.filled = BranchTracker(), SubagentCalls(), ContextUsage()
        self._path = path
        self._size = 0
        self._is_whole = is_whole
        self._is_cut = False
        self.is_behind = False  # the newest lines may not be known yet

    @property
    def is_cut(self) -> bool:
        """Whether there may be more branches than are known."""
        return self._is_cut or self.lineage.is_cut

    def read(self, size: int) -> BranchTracker:
        """Read the first `size` bytes, which end with a line; raises `OSError`."""
        ends = time.monotonic() + BRANCHES_S
        if size - self._size > BRANCHES_BYTES and not self._is_whole:
            self._is_cut = True
            with transcript_pages.opened(self._path) as fd:
                self._size = transcript_pages.line_start(fd, size - BRANCHES_BYTES)
        for line in read_lines(self._path, _TOLD_IN, size=size, start=self._size):
            for number, record in enumerate(records_of(line.raw)):
                if isinstance(record, dict):
                    self.lineage.note(record, line.start, number)
                    self.leads.note(record)
                    self.filled.note(record)
            if time.monotonic() > ends and not self._is_whole:
                self._is_cut = self.is_behind = True
                break
        self._size = max(size, self._size)
        return self.lineage


def marked(marks: Mapping[int, str]) -> Iterator[Entry]:
    """Yield the notices for all lines that do not continue the line before."""
    return (Entry(EntryKind.NOTICE, words, place=place) for place, words in tuple(marks.items()))


def branch_mark(
    lineage: BranchTracker, place: int, said: Sequence[Entry] = ()
) -> tuple[Entry, ...]:
    """Return the notice for a line that does not continue the line before, else `None`."""
    words = lineage.marks.get(place, "")
    at = next((one.at for one in said if one.at), None)
    return (Entry(EntryKind.NOTICE, words, at=at, place=place),) if words else ()


def branches_of(session: Session) -> BranchReader | None:
    """Return the branches of a session as of now, `None` when its transcript cannot be read."""
    transcript = session.transcript
    if transcript is None or not transcript.resumable:
        return None
    found = BranchReader(transcript.path)
    try:
        found.read(transcript.path.lstat().st_size)
    except OSError:
        return None
    return found


def branch_words(session: Session) -> str:
    """Say which of several branches the next resume follows; empty when there is only one."""
    found = branches_of(session)
    return found.lineage.words if found is not None else ""
