"""The records of one line: usually one, several after a writer was killed.

A killed writer leaves half a record without a newline, and the next one appends to it. Every whole
record is found, and the skipped bytes are counted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tui.core.text.bounded_json import has_room, parse_json
from tui.core.text.late_pattern import late_pattern
from tui.core.values import dataclass

_BETWEEN = " \t\r\n\0\ufeff"
_BETWEEN_BYTES = b" \t\r\n\0\xef\xbb\xbf"
_BEGINS = '{"'
_NAMES_ITS_KIND = late_pattern(r'\{"(?:parentUuid|type)"')
_INSIDE = (":", ",", "[")
_INSIDE_AFTER = (":", ",", "]", "}")
_DECODER = json.JSONDecoder(strict=False)
# How much may be parsed in vain, in lengths of the line, so that the time stays linear.
_TRIES, _EACH_TRY, _LEAST = 4, 64, 64 * 1024


@dataclass(frozen=True, slots=True)
class SkippedPiece:
    """A piece of a line that is no whole record; its size in bytes."""

    size: int


def records_of(raw: bytes) -> tuple[dict[str, Any] | SkippedPiece, ...]:
    """Return the JSON objects of one line in order, with the pieces skipped between them."""
    raw = raw.strip(_BETWEEN_BYTES)
    if not raw:
        return ()
    if not raw.startswith(b"{") and b'{"' not in raw:
        return (SkippedPiece(len(raw)),)  # of garbage there may be millions of lines
    text = raw.decode("utf-8", "replace")
    try:
        value = parse_json(text, strict=False)
    except (ValueError, RecursionError):
        return tuple(_recovered(text)) if has_room(text) else (SkippedPiece(len(raw)),)
    return (value,) if isinstance(value, dict) else (SkippedPiece(len(raw)),)


def whole_records(raw: bytes) -> tuple[dict[str, Any], ...]:
    """Return the JSON objects of one line in order."""
    return tuple(one for one in records_of(raw) if isinstance(one, dict))


def _recovered(text: str) -> Iterator[dict[str, Any] | SkippedPiece]:
    at, begun = 0, 0
    search = _Search(text)
    while at < len(text):
        found = search.record_at(at)
        if found is None and (start := search.next_start(at)) < len(text):
            at = start
            continue
        if found is None:
            break
        if text[begun:at].strip(_BETWEEN):
            yield _skipped(text[begun:at])
        value, at = found
        yield value
        begun = at
        while at < len(text) and text[at] in _BETWEEN:
            at += 1
    if text[begun:].strip(_BETWEEN):
        yield _skipped(text[begun:])


class _Search:
    """Looks for records in a damaged text, with a bounded number of tries."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._left = _TRIES * len(text) + _LEAST
        self._failed_at = -9

    def record_at(self, at: int) -> tuple[dict[str, Any], int] | None:
        """Return the record that begins at `at`, and where it ends."""
        if not self._text.startswith("{", at) or self._left < 0:
            return None
        is_sure = self._is_between_records(at)
        try:
            value, stop = _DECODER.raw_decode(self._text, at)
        except (ValueError, RecursionError) as error:
            failed_at = getattr(error, "pos", len(self._text))
            self._failed_at = failed_at
            # The error counts the lines before it, from the text's beginning on.
            self._left -= failed_at - at + failed_at // 16 + _EACH_TRY
            return None
        is_part = not is_sure or self._text[stop : stop + 1] in _INSIDE_AFTER
        if not is_part or "sessionId" in value or "parentUuid" in value:
            return value, stop
        self._left -= stop - at + _EACH_TRY  # it is a part of the record that was cut
        return None

    def next_start(self, at: int) -> int:
        """Return where the next record after `at` may begin, the text's length for none."""
        start = self._text.find(_BEGINS, at + 1)
        while start >= 0 and self._left >= 0:
            if self._is_between_records(start) or _NAMES_ITS_KIND.match(self._text, start):
                return start
            self._left -= 1
            start = self._text.find(_BEGINS, start + 1)
        return len(self._text)

    def _is_between_records(self, at: int) -> bool:
        """Whether an object that begins here cannot be part of another one."""
        before = self._text[max(0, at - 8) : at].rstrip()[-1:]
        return before not in _INSIDE or abs(self._failed_at - at) <= 2


def _skipped(piece: str) -> SkippedPiece:
    return SkippedPiece(len(piece.strip(_BETWEEN).encode("utf-8", "replace")))
