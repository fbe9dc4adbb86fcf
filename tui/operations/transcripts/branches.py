"""The branches of a transcript on disk, read within bounds and further as it grows."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from tui.claude.transcript.branches import BranchTracker
from tui.claude.transcript.records import records_of
from tui.claude.transcript.usage.context_usage import ContextUsage
from tui.claude.transcript_files.subagent_calls import SubagentCalls
from tui.claude.transcript_files.transcript_lines import Line, read_lines
from tui.core.limits import BRANCHES_AT_ONCE, BRANCHES_BYTES, BRANCHES_S
from tui.core.models.entry import Entry, EntryKind
from tui.core.models.session import Session

NOT_KNOWN = "there may be branches that were not read: `export` marks them all"


class _Paused(Exception):
    """As much was read as was asked for."""


class _TooSlow(Exception):
    """Reading takes too long."""


class BranchReader:
    """Reads the lineage of one transcript, each time on from where it stopped.

    It also reads where its calls lead, and how full its context was. Of what is too large, or takes
    too long, it only knows the end; never with `is_whole`, however long it takes.
    """

    def __init__(self, path: Path, *, is_whole: bool = False) -> None:
        self._path = path
        self._is_whole = is_whole
        self._left_s = BRANCHES_S
        self._begin(0)

    def _begin(self, start: int) -> None:
        """Know nothing of what is before `start`."""
        self.lineage, self.leads, self.filled = BranchTracker(), SubagentCalls(), ContextUsage()
        self._start = self._size = start

    @property
    def is_cut(self) -> bool:
        """Whether there may be more branches than are known."""
        return self._start > 0 or self.lineage.is_cut

    @property
    def known_from(self) -> int:
        """The offset from which on each line is marked that does not continue the one before."""
        if self.lineage.is_cut or (self._start and not self.lineage.is_leaf_known):
            return self._size
        return max(self._start, self.lineage.doubtful_at) if self._start else 0

    @property
    def words(self) -> str:
        """Which of several branches the next resume follows, or that there may be more."""
        return self.lineage.words or (NOT_KNOWN if self.is_cut else "")

    def read(self, size: int) -> None:
        """Read the first `size` bytes, which end with a line; raises `OSError`."""
        while not self.read_part(size):
            pass

    def read_part(self, size: int) -> bool:
        """Read on by about a megabyte; return whether all of `size` is read now."""
        if size - self._size > BRANCHES_BYTES and not self._is_whole:
            from tui.claude.transcript_files import transcript_pages

            with transcript_pages.opened(self._path) as fd:
                self._begin(transcript_pages.line_start(fd, size - BRANCHES_BYTES))
        began, first = time.thread_time(), self._size

        def reached(at: int) -> None:
            self._size = at
            if time.thread_time() - began > self._left_s and not self._is_whole:
                raise _TooSlow
            if at - first >= BRANCHES_AT_ONCE:
                raise _Paused

        try:
            self._take(read_lines(self._path, size=size, start=first, reached=reached))
        except _Paused:
            self._left_s -= time.thread_time() - began
            return False
        except _TooSlow:
            self._begin(size)
        self._size, self._left_s = max(size, self._size), BRANCHES_S
        return True

    def _take(self, lines: Iterable[Line]) -> None:
        for line in lines:
            for number, record in enumerate(records_of(line.raw)):
                if isinstance(record, dict):
                    self.lineage.note(record, line.start, number)
                    self.leads.note(record)
                    self.filled.note(record)


def marked(marks: Mapping[int, str]) -> Iterator[Entry]:
    """Yield the notices for all lines that do not continue the line before."""
    return (Entry(EntryKind.NOTICE, words, place=place) for place, words in tuple(marks.items()))


def branch_mark(
    lineage: BranchTracker, place: int, said: Sequence[Entry] = ()
) -> tuple[Entry, ...]:
    """Return the notice for a line that does not continue the line before, else nothing."""
    if not (words := lineage.marks.get(place, "")):
        return ()
    at = next((one.at for one in said if one.at), None)
    return (Entry(EntryKind.NOTICE, words, at=at, place=place),)


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
    return found.words if found is not None else ""
