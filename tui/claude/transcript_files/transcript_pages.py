"""Pages of a transcript: the whole lines before or after an offset, in bounded memory.

Offsets are in bytes, always at the start of a line. Nothing that was read is kept.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tui.claude.transcript.cut_line import parse_head
from tui.claude.transcript.line_parser import MAX_TEXT, parse_line
from tui.claude.transcript.line_reader import LineReader
from tui.core.limits import FARTHEST, LONGEST_SHOWN, MOST_LINES, PAGE
from tui.core.models.entry import Entry
from tui.core.values import dataclass
from tui.safe_io.opening import open_regular

_HEAD = 64 * 1024
_END = 4 * 1024
_NEWLINE = b"\n"

Identity = tuple[int, int]


@dataclass(frozen=True, slots=True)
class RawLine:
    """A line of `size` bytes without its newline; only both ends if over `LONGEST_SHOWN`.

    `end` is empty when `raw` is the whole line.
    """

    start: int
    size: int
    raw: bytes
    end: bytes = b""

    @property
    def stop(self) -> int:
        """Where the next line begins."""
        return self.start + self.size + 1

    def entries(self, max_text: int = MAX_TEXT) -> tuple[Entry, ...]:
        """Return the entries of the line; never raises."""
        if self.end:
            return parse_head(self.raw, self.end, self.size, max_text, self.start)
        return parse_line(self.raw, max_text, self.start)

    def told_by(self, reader: LineReader, max_text: int = MAX_TEXT) -> tuple[Entry, ...]:
        """Return the same, given the lines before it; never raises."""
        if self.end:
            return reader.passed(self.entries(max_text))
        return reader.entries(self.raw, self.start)


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """Open a regular file without following links; raises `OSError`."""
    fd = open_regular(path)
    try:
        yield fd
    finally:
        os.close(fd)


def identity(fd: int) -> Identity:
    """Return the device and inode of an open file."""
    status = os.fstat(fd)
    return status.st_dev, status.st_ino


def read(fd: int, size: int, start: int) -> bytes:
    """Return `size` bytes from `start` on, fewer only at the end of the file."""
    parts, left = [], size
    while left > 0:
        part = os.pread(fd, left, start + size - left)
        if not part:
            break
        parts.append(part)
        left -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def before(fd: int, stop: int, most: int = PAGE) -> tuple[RawLine, ...]:
    """Return whole lines that end at `stop`, where a line begins: one, or about `most` bytes."""
    start = max(0, stop - most)
    data = read(fd, stop - start, start)
    cut = data.find(_NEWLINE) + 1 if start else 0
    if start == 0 or 0 < cut < len(data):
        data, start = data[cut:], start + cut
        if data.count(_NEWLINE) > MOST_LINES and data.strip(_NEWLINE):
            cut = len(data.rsplit(_NEWLINE, MOST_LINES + 1)[0]) + 1
            data, start = data[cut:], start + cut
        return split(data, start)
    start = line_start(fd, stop - 1)
    return (line_at(fd, start, stop - 1),)


def after(fd: int, start: int, stop: int, most: int = PAGE) -> tuple[RawLine, ...]:
    """Return whole lines from `start`, where a line begins, to `stop`: one, or about `most`."""
    data = read(fd, min(most, stop - start), start)
    cut = data.rfind(_NEWLINE) + 1
    if cut:
        return split(first_lines(data[:cut]), start)
    at = start + len(data)
    while at < min(stop, start + FARTHEST) and (block := read(fd, min(PAGE, stop - at), at)):
        found = block.find(_NEWLINE)
        if found >= 0:
            return (line_at(fd, start, at + found),)
        at += len(block)
    return (line_at(fd, start, at - 1),) if at < stop and at - start >= FARTHEST else ()


def first_lines(data: bytes) -> bytes:
    """Return as many whole lines of `data` as are shown at once; all if they are empty."""
    parts = data.split(_NEWLINE, MOST_LINES)
    if len(parts) <= MOST_LINES or not data.strip(_NEWLINE):
        return data
    return data[: len(data) - len(parts[-1])]


def split(data: bytes, start: int) -> tuple[RawLine, ...]:
    """Return the lines in `data`, which begins at `start`; an unfinished one is left out.

    Very many empty lines count as one.
    """
    if len(data) > MOST_LINES and not data.strip(_NEWLINE):
        return (RawLine(start, len(data) - 1, b""),)
    lines, at = [], start
    for raw in data.split(_NEWLINE)[:-1]:
        lines.append(_cut(raw, at))
        at += len(raw) + 1
    return tuple(lines)


def line_start(fd: int, at: int) -> int:
    """Return the start of the line that contains the byte before `at`.

    In a line that is too long to search, an offset inside it.
    """
    farthest, most = at - FARTHEST, _END
    while at > max(0, farthest):
        start = max(0, farthest, at - most)
        found = read(fd, at - start, start).rfind(_NEWLINE)
        if found >= 0:
            return start + found + 1
        at, most = start, PAGE
    return at


def line_at(fd: int, start: int, stop: int) -> RawLine:
    """Return the line from `start` to the newline at `stop`."""
    size = stop - start
    if size <= LONGEST_SHOWN:
        return RawLine(start, size, read(fd, size, start))
    return RawLine(start, size, read(fd, _HEAD, start), read(fd, _END, stop - _END))


def _cut(raw: bytes, at: int) -> RawLine:
    if len(raw) <= LONGEST_SHOWN:
        return RawLine(at, len(raw), raw)
    return RawLine(at, len(raw), raw[:_HEAD], raw[-_END:])
