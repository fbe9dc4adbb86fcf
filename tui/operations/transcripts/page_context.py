"""What a page of a transcript shows by itself, and what later lines say of its prompts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tui.claude.transcript.branches import BranchTracker
from tui.claude.transcript.line_reader import LineReader
from tui.claude.transcript_files import transcript_pages
from tui.claude.transcript_files.transcript_pages import RawLine
from tui.core.limits import LONGEST_LINE, MOST_AHEAD
from tui.core.models.entry import Entry
from tui.core.values import replace
from tui.operations.transcripts.branches import branch_mark

MAX_TEXT = 50_000


def page_entries(
    fd: int, lines: Iterable[RawLine], following: Iterable[RawLine], lineage: BranchTracker
) -> tuple[Entry, ...]:
    """Return the entries of a page by itself; later lines say what became of its prompts.

    If a prompt's outcome is too far away, it only says that it was queued.
    """
    reader = LineReader(MAX_TEXT, lineage.is_copy)
    entries: list[Entry] = []
    for line in unrepeated(fd, lines, lineage):
        said = line.told_by(reader, MAX_TEXT)
        entries += (*branch_mark(lineage, line.start, said), *said)
    left, ahead = MOST_AHEAD, iter(following)
    while reader.is_waiting and left > 0 and (later := next(ahead, None)) is not None:
        entries += reader.peek(later.raw)
        left -= later.size
    return (*entries, *reader.rest(is_over=left > 0))


def following(fd: int, start: int, stop: int) -> Iterator[RawLine]:
    """Yield the lines from `start` to `stop`, reading each page only when it is needed."""
    while start < stop and (lines := transcript_pages.after(fd, start, stop)):
        yield from lines
        start = lines[-1].stop


def unrepeated(fd: int, lines: Iterable[RawLine], lineage: BranchTracker) -> Iterator[RawLine]:
    """Yield lines, dropping long ones that repeat earlier ones; read spliced lines in full.

    Only the ends of a long line were read, and they do not show a record in its middle.
    """
    for line in lines:
        if not line.end:
            yield line
        elif line.start in lineage.spliced and line.size <= LONGEST_LINE:
            yield replace(line, raw=transcript_pages.read(fd, line.size, line.start), end=b"")
        elif (line.start, 0) not in lineage.copies:
            yield line
