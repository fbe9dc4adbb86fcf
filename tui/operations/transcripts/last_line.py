"""The last line of a transcript without a newline: shown if it is complete, else reported."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from tui.claude.transcript.records import records_of
from tui.claude.transcript_files import transcript_pages
from tui.claude.transcript_files.transcript_lines import is_whole, unfinished
from tui.claude.transcript_files.transcript_pages import RawLine
from tui.claude.transcript_files.transcript_tail import Tail
from tui.core.limits import LONGEST_SHOWN
from tui.core.models.entry import Entry, EntryKind

_BLANK = b" \t\r\n\0"


class LastLine:
    """Checks what is behind the last newline; reports each line once.

    Once it was shown, `entries` are its entries, from `start` to `stop`: its newline may still
    come, with more behind it.
    """

    def __init__(self) -> None:
        self.start = self.stop = -1
        self.entries: tuple[Entry, ...] = ()
        self._records = 0
        self._seen = (-1, -1)
        self._named = -1

    def read(self, path: Path, start: int) -> tuple[RawLine | None, tuple[Entry, ...]]:
        """Return the line that begins at `start` if it is complete, else a notice about it."""
        try:
            with transcript_pages.opened(path) as fd:
                size = max(os.fstat(fd).st_size - start, 0)
                if (start, size) == self._seen:
                    return None, ()
                raw = transcript_pages.read(fd, min(size, LONGEST_SHOWN + 1), start)
        except OSError:
            return None, ()
        self._seen = (start, size)
        if size <= LONGEST_SHOWN and not raw.strip(_BLANK):
            return None, ()
        if size <= LONGEST_SHOWN and is_whole(raw):
            return RawLine(start, len(raw), raw), ()
        was_named, self._named = self._named == start, start
        return None, () if was_named else (named(size, start),)

    def note(self, line: RawLine, said: Iterable[Entry]) -> None:
        """Remember that a line was shown, and its new entries."""
        before = self.entries if line.start == self.start else ()
        self.start, self.stop = line.start, line.start + line.size
        self.entries, self._records = (*before, *said), len(records_of(line.raw))

    def has(self, place: int, number: int) -> bool:
        """Whether the record of a line was shown before its newline came."""
        return place == self.start and number < self._records


def end_of(path: Path, most: int) -> tuple[RawLine, ...]:
    """Return the lines in about the last bytes of a file that nobody writes any more.

    Raises `OSError`, or `UnknownId` if it is not a regular file.
    """
    tail = Tail(path, last_bytes=most)
    lines = tail.read(limit=2 * most).lines
    last = LastLine().read(path, tail.told_to)[0] if tail.identity is not None else None
    return lines if last is None else (*lines, last)


def unfinished_line(path: Path, start: int) -> tuple[Entry, ...]:
    """Return the notice for what is behind the last newline while somebody writes it."""
    line, notice = LastLine().read(path, start)
    return notice or ((named(line.size, start),) if line is not None else ())


def named(size: int, place: int) -> Entry:
    """Return the notice for a last line of this size that is not shown."""
    return Entry(EntryKind.NOTICE, unfinished(size), place=place)
