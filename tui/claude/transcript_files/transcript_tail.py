"""Follows a transcript as it grows: whole lines only, each once."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from tui.claude.transcript_files.transcript_pages import (
    Identity,
    RawLine,
    before,
    first_lines,
    line_at,
    line_start,
    read,
    split,
)
from tui.core.errors import UnknownId
from tui.core.limits import MOST_GROWTH, PAGE
from tui.core.text.sizes import size_text
from tui.core.values import dataclass
from tui.safe_io.opening import open_regular

_NEWLINE = b"\n"
_PRINT = 4096


@dataclass(frozen=True, slots=True)
class Growth:
    """What one read of a growing file found: whole lines, and whether the file was replaced.

    `has_more` means that the next read finds more at once.
    """

    lines: tuple[RawLine, ...] = ()
    was_reset: bool = False
    notice: str = ""
    has_more: bool = False


class Tail:
    """Follows one transcript from near its end: whole lines only, each once.

    An unfinished last line is left until its newline comes. A file that was truncated (even if it
    has grown again), replaced or deleted is announced and read anew.
    """

    def __init__(self, path: Path, *, last_bytes: int = PAGE) -> None:
        self.path = path
        self.identity: Identity | None = None
        self.told_to = 0
        self._last_bytes = last_bytes
        self._scanned = 0
        self._print = b""
        self._unread = ""

    @property
    def is_unread(self) -> bool:
        """Whether the last read failed although the file may be there."""
        return bool(self._unread)

    def read(self, *, limit: int = 8 * 1024 * 1024) -> Growth:
        """Return what was written since the last call, at most about `limit` bytes."""
        try:
            fd = open_regular(self.path)
        except OSError as error:
            if error.errno == errno.EINVAL:
                raise UnknownId(f"{self.path.name} is not a file") from error
            return self._lost(error)
        self._unread = ""
        try:
            status = os.fstat(fd)
            notice = self._notice(fd, status)
            first: tuple[RawLine, ...] = ()
            if self.identity is None or notice:
                first = self._start(fd, status)
            lines = first + self._take(fd, limit)
            return Growth(lines, bool(notice), notice, self._scanned < status.st_size)
        finally:
            os.close(fd)

    def _lost(self, error: OSError) -> Growth:
        """Return that the file is gone; an unreadable one keeps its place and is announced once."""
        if not isinstance(error, FileNotFoundError | NotADirectoryError):
            told, self._unread = self._unread, f"the transcript cannot be read: {error.strerror}"
            return Growth(notice=self._unread if self._unread != told else "")
        self._unread = ""
        if self.identity is None:
            return Growth()
        self.identity, self.told_to, self._scanned, self._print = None, 0, 0, b""
        return Growth(was_reset=True, notice=f"the transcript is gone: {error.strerror}")

    def _notice(self, fd: int, status: os.stat_result) -> str:
        """Return what happened to the file, empty if it only grew.

        One that was truncated and has grown again no longer has the bytes that were read last.
        """
        if self.identity is None:
            return ""
        if (status.st_dev, status.st_ino) != self.identity:
            return "the transcript was replaced"
        if status.st_size < self._scanned:
            return "the transcript was truncated"
        if (came := status.st_size - self._scanned) > MOST_GROWTH:
            return f"{size_text(came)} came at once: only their end is shown"
        near = read(fd, len(self._print), self._scanned - len(self._print))
        return "" if near == self._print else "the transcript was written anew"

    def _start(self, fd: int, status: os.stat_result) -> tuple[RawLine, ...]:
        """Begin with whole lines near the end, and return them."""
        self.identity = (status.st_dev, status.st_ino)
        self.told_to = self._scanned = line_start(fd, status.st_size)
        lines = before(fd, self.told_to, self._last_bytes) if self.told_to else ()
        size = min(_PRINT, self._scanned)
        self._print = read(fd, size, self._scanned - size)
        return lines

    def _take(self, fd: int, limit: int) -> tuple[RawLine, ...]:
        data = first_lines(read(fd, limit, self._scanned))
        first, last = data.find(_NEWLINE), data.rfind(_NEWLINE) + 1
        lines: tuple[RawLine, ...] = ()
        if last:
            rest = self._scanned + first + 1
            begun = line_at(fd, self.told_to, rest - 1)
            lines = (begun, *split(data[first + 1 : last], rest))
            self.told_to = self._scanned + last
        self._scanned += len(data)
        self._print = (self._print + data)[-_PRINT:]
        return lines
