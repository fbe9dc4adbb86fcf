"""Reads a transcript from its start, whole lines only, in bounded memory."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tui.claude.transcript.hidden_words import HiddenWordFinder
from tui.claude.transcript.records import records_of
from tui.core.limits import (
    LEAST_HOLE,
    LONGEST_LINE,
    LONGEST_SHOWN,
    MOST_PASSED,
    MOST_READ_LINES,
)
from tui.core.text.late_pattern import late_pattern
from tui.core.text.sizes import size_text
from tui.core.values import dataclass
from tui.safe_io.opening import regular

_BLOCK = 120 * 1024  # under malloc's threshold for memory that is mapped anew each time
_NEWLINE = b"\n"
_EMPTY = _NEWLINE * _BLOCK
_IN_HOLE = (b"\0", b"")  # what is read first in a hole, or behind the end of a file that shrank
# Characters, plain or escaped, that make Python keep a text in four or two bytes each.
_FOUR_BYTES = late_pattern(rb"[\xf0-\xf4]|\\u[dD][89abAB]")
_TWO_BYTES = late_pattern(rb"[\xc4-\xef]|\\u")


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its newline, or in `problem` why it could not be read.

    `start` is its offset in the file.
    """

    raw: bytes
    problem: str = ""
    start: int = 0


def read_lines(
    path: Path,
    literals: Sequence[bytes] = (),
    *,
    size: int | None = None,
    start: int = 0,
    is_shown: bool = False,
    reached: Callable[[int], None] = lambda _: None,
) -> Iterator[Line]:
    """Return the lines in the first `size` bytes, by default of what the file has now.

    With `literals` (in lower case) only lines that contain one of them, ignoring case; with
    `is_shown` also lines that may contain one once they are shown. `start` must be the start of a
    line. `reached` gets the offset so far and may raise to stop. A last line without a newline is
    returned if it is complete. Raises `OSError`; links and pipes are not opened.
    """
    left = MOST_READ_LINES
    with _opened(path) as (fd, now):
        end = now if size is None else min(size, now)
        for at, block in _blocks(fd, start, end):
            reached(at)
            if isinstance(block, Line):
                yield block
                continue
            holding = _holding(block, literals, at, is_shown=is_shown)
            for line in holding if literals else _split(block, at):
                left -= 1
                if left < 0:
                    words = f"it has over {MOST_READ_LINES:,} lines: the rest is left out"
                    yield Line(b"", words, line.start)
                    return
                yield line


@contextmanager
def _opened(path: Path) -> Iterator[tuple[int, int]]:
    with regular(path) as (fd, status):
        yield fd, status.st_size


def _blocks(fd: int, start: int, end: int) -> Iterator[tuple[int, bytearray | Line]]:
    """Read from `start` to `end` in blocks of whole lines, each with where it begins."""
    while start < end:
        first = _read(fd, min(_BLOCK, end - start), start)
        if first[:1] in _IN_HOLE and (hole := _hole_at(fd, start, end)) >= LEAST_HOLE:
            yield start, Line(b"", f"{size_text(hole)} in it were never written", start)
            start += hole
            continue
        block = _whole_lines(fd, first, start, end)
        if block:
            yield start, block
            start += len(block)
            continue
        size, is_ended = _passed(fd, start, end)
        if not size:
            return
        if not is_ended and size == end - start <= LONGEST_SHOWN:
            last = _read(fd, size, start)
            is_line = is_whole(bytes(last))
            yield start, last + _NEWLINE if is_line else Line(b"", unfinished(size), start)
            return
        yield start, Line(b"", _lost(size, end - start, is_ended), start)
        start = start + size if is_ended else end


def _read(fd: int, size: int, start: int) -> bytearray:
    """Return up to `size` bytes: in a `bytearray`, which Python translates faster."""
    block = bytearray(size)
    del block[os.preadv(fd, [block], start) :]
    return block


def _whole_lines(fd: int, block: bytearray, start: int, end: int) -> bytearray:
    """Return whole lines of a block, empty when its first line is too long or has no end."""
    if whole := block.rfind(_NEWLINE) + 1:
        del block[whole:]
        return block
    at = start + len(block)
    while at < min(end, start + LONGEST_LINE) and block:
        part = os.pread(fd, min(_BLOCK, end - at), at)
        found = part.find(_NEWLINE) + 1
        block += part[:found] if found else part
        if found:
            return block
        if not part:
            break
        at += len(part)
    return bytearray()


def _hole_at(fd: int, start: int, end: int) -> int:
    """Return the size of the hole (bytes never written) at `start`."""
    try:
        return min(os.lseek(fd, start, os.SEEK_DATA), end) - start
    except OSError as error:
        return end - start if error.errno == errno.ENXIO else 0


def _passed(fd: int, start: int, end: int) -> tuple[int, bool]:
    """Skip a line; return its size, and whether it has an end."""
    at = start
    while at < min(end, start + MOST_PASSED):
        if at > start and _hole_at(fd, at, end) >= LEAST_HOLE:
            return at - start, True
        part = os.pread(fd, min(_BLOCK, end - at), at)
        found = part.find(_NEWLINE) + 1
        at += found or len(part)
        if found or not part:
            return at - start, bool(found)
    return at - start, False


def _lost(size: int, left: int, is_ended: bool) -> str:
    if is_ended:
        return f"a line of {size_text(size)} is too long to be read"
    if size < left:
        return (
            f"a line has no end within {size_text(size)}: it is left out, and all that follows, "
            f"{size_text(left)}"
        )
    if size > LONGEST_LINE:
        return f"a line of {size_text(size)} is too long to be read"
    return unfinished(size)


def is_whole(last: bytes) -> bool:
    """Whether a last line without a newline is complete."""
    found = records_of(last)
    return bool(found) and all(isinstance(one, dict) for one in found)


def unfinished(size: int) -> str:
    """Return the message for an incomplete last line of `size` bytes."""
    return f"the last line is not whole yet: its {size} bytes are left out"


def _split(block: bytearray, at: int) -> Iterator[Line]:
    if block == _EMPTY:
        return
    for raw in block.split(_NEWLINE):
        if raw:
            yield _line(bytes(raw), at)
        at += len(raw) + 1


def _line(raw: bytes, start: int) -> Line:
    """Return a line unless it takes too much memory: one letter can quadruple it."""
    if len(raw) > LONGEST_SHOWN and len(raw) * _cost(raw) > LONGEST_LINE:
        return Line(b"", f"a line of {size_text(len(raw))} is too long to be read", start)
    return Line(raw, start=start)


def _cost(raw: bytes) -> int:
    if _FOUR_BYTES.search(raw):
        return 4
    return 2 if _TWO_BYTES.search(raw) else 1


def _holding(
    block: bytearray, literals: Sequence[bytes], begin: int, *, is_shown: bool
) -> Iterator[Line]:
    hidden = HiddenWordFinder(block) if is_shown else None
    text = block.lower() if hidden is None else hidden.lowered
    # One byte is found, or not, thirty times as fast as a word.
    there = [one for one in literals if one[:1] in text]
    finders: list[Callable[[int], int]] = [partial(text.find, one) for one in there]
    finders += [hidden.find] if hidden is not None and hidden.is_there else []
    ahead, end = [(find, find(0)) for find in finders], 0
    while ahead := [(find, at) for find, at in _next(ahead, end) if at >= 0]:
        at = min(at for _, at in ahead)
        start, end = block.rfind(_NEWLINE, 0, at) + 1, block.find(_NEWLINE, at)
        yield _line(bytes(block[start:end]), begin + start)


def _next(
    ahead: Iterable[tuple[Callable[[int], int], int]], start: int
) -> Iterator[tuple[Callable[[int], int], int]]:
    """Return where each is found next from `start` on, -1 for nowhere."""
    for find, at in ahead:
        yield find, find(start) if 0 <= at < start else at
