"""A whole transcript from its start: whole lines only, as of now, in bounded memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tui.storage.opening import open_regular

_BLOCK = 256 * 1024
_LONGEST = 48 * 1024 * 1024
_NEWLINE = b"\n"


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its newline, or in `problem` the words for what could not be read.

    `start` is where it begins in the file.
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
    reached: Callable[[int], None] = lambda _: None,
) -> Iterator[Line]:
    """Return the lines in the first `size` bytes, or what the file has now: never what comes after.

    With `literals` in lower case only the lines that hold one of them in whatever case, so that
    nothing else need be parsed. Those before `start`, where a line begins, are left out; `reached`
    is told how far this is, and may raise to end it. Raises `OSError`; a link is not followed, and
    a pipe is no file.
    """
    with _opened(path) as (file, now):
        end = now if size is None else min(size, now)
        file.seek(start)
        for at, block in _blocks(file, start, end):
            reached(at)
            if isinstance(block, Line):
                yield block
            else:
                yield from _holding(block, literals, at) if literals else _split(block, at)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[BinaryIO, int]]:
    with os.fdopen(open_regular(path), "rb") as file:
        yield file, os.fstat(file.fileno()).st_size


def _blocks(file: BinaryIO, start: int, end: int) -> Iterator[tuple[int, bytes | Line]]:
    """Read from `start` to `end` in blocks of whole lines, each with where it begins."""
    while start < end:
        block = file.read(min(_BLOCK, end - start))
        if not block:
            return
        if not block.endswith(_NEWLINE):
            left = end - start - len(block)
            block += file.readline(min(left, _LONGEST)) if left else b""
        if block.endswith(_NEWLINE):
            yield start, block
            start += len(block)
            continue
        cut, at = block.rfind(_NEWLINE) + 1, start
        yield at, block[:cut]
        start += len(block)
        lost, is_ended = _skipped(file, end - start)
        start += lost
        size = len(block) - cut + lost
        yield at + cut, Line(b"", _lost(size, is_ended), at + cut)


def _skipped(file: BinaryIO, left: int) -> tuple[int, bool]:
    """Pass the rest of a line by; how much that was, and whether the line has an end."""
    lost = 0
    while lost < left:
        part = file.readline(min(_BLOCK, left - lost))
        lost += len(part)
        if not part or part.endswith(_NEWLINE):
            return lost, bool(part)
    return lost, False


def _lost(size: int, is_ended: bool) -> str:
    if is_ended or size > _LONGEST:
        return f"a line of {size / 1e6:.0f} MB is too long to be read"
    return f"the last line is not whole yet: its {size} bytes are left out"


def _split(block: bytes, at: int) -> Iterator[Line]:
    for raw in block.split(_NEWLINE):
        if raw:
            yield Line(raw, start=at)
        at += len(raw) + 1


def _holding(block: bytes, literals: Sequence[bytes], begin: int) -> Iterator[Line]:
    lowered, end = block.lower(), 0
    ahead = {literal: lowered.find(literal) for literal in literals}
    while ahead := {one: at for one, at in _next(lowered, ahead, end) if at >= 0}:
        at = min(ahead.values())
        start, end = block.rfind(_NEWLINE, 0, at) + 1, block.find(_NEWLINE, at)
        yield Line(block[start:end], start=begin + start)


def _next(lowered: bytes, ahead: Mapping[bytes, int], start: int) -> Iterator[tuple[bytes, int]]:
    """Return where each literal is next, at `start` or later; -1 for nowhere."""
    for literal, at in ahead.items():
        yield literal, lowered.find(literal, start) if 0 <= at < start else at
