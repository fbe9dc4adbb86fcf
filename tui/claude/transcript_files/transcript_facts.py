"""Title, model, cost and first time of a transcript, read from its head and tail."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from tui.claude.transcript.line_parser import (
    SYNTHETIC,
    command_text,
    is_api_error,
    prompt_text,
    stamp,
)
from tui.claude.transcript.records import whole_records
from tui.claude.transcript.usage.context_usage import ContextUsage
from tui.claude.transcript.usage.cost_state import COST_IN, cost_of
from tui.claude.transcript_files.transcript_lines import read_lines
from tui.core.limits import MOST_BACK
from tui.core.text.digest import sha256_hex
from tui.core.text.safe_text import one_line
from tui.core.values import dataclass, field
from tui.safe_io.opening import open_regular, regular

_END = 64 * 1024
# Read so much of an end, then more, until it has what is wanted.
_STEPS = (_END, 1 << 20, 8 << 20)
_PRINT = 4096
_MOST_TITLES = 100
LONGEST_TAG = 60
_NEWLINE = b"\n"
_TAG = b'{"type":"tag"'  # as the CLI and the SDK look for it: many inputs of tools have tags
_COMPACTED = b'"compact_boundary"'
_API_ERRORS = (b'"isApiErrorMessage"', b'"<synthetic>"')


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptFacts:
    """What the head and the tail of a transcript say.

    `cost_usd` is what the CLI counted, with the parent's cost for a fork; `origin` identifies the
    first line, which a fork shares with its parent. `turn_error` is the API's error that ended the
    last turn, empty if none did. `tag` is the CLI's own: empty once it was cleared, `None` if no
    line tells. `context` is how many tokens the context held at the end, 0 if unknown. `end`
    identifies the size and the last bytes that were read.
    """

    title: str = ""
    model: str = ""
    cost_usd: float | None = None
    first_at: datetime | None = None
    origin: str = ""
    turn_error: str = ""
    tag: str | None = None
    context: int = 0
    end: str = field(default="", compare=False)


NO_FACTS = TranscriptFacts()


def read_facts(path: str | os.PathLike[str], folder: int | None = None) -> TranscriptFacts:
    """Return title, model, cost and first time from the head and the tail of a file.

    Reads 64 KiB of each, up to 8 MiB if a few long lines fill that. The last `cost-state` line has
    the cost of the whole session. Only lines with a wanted key are parsed: parsing all of them
    would take milliseconds a file. `folder` is as in `open_regular`. Raises `OSError`.
    """
    fd = open_regular(path, folder)
    try:
        size = os.fstat(fd).st_size
        head, origin, words = _head(fd, size)
        is_all = size <= len(head.data)
        end = _end_of(size, head.data[:size]) if is_all else _end(fd, size)
        tail, model, turn_error = _last_turn(head) if is_all else _tail(fd, size)
    finally:
        os.close(fd)
    ends = (head,) if is_all else (tail, head)
    costs = (cost_of(line) for piece in ends for line in piece.newest(COST_IN))
    stamps = (stamp(line) for line in head.oldest(b'"timestamp"'))
    return TranscriptFacts(
        title=_given_title(ends) or words,
        model=model,
        cost_usd=next((cost for cost in costs if cost is not None), None),
        first_at=next((moment for moment in stamps if moment), None),
        origin=origin,
        turn_error=turn_error or "",
        tag=_last_tag(ends),
        context=next(filter(None, map(_context, ends)), 0),
        end=end,
    )


def read_cwd(path: str | os.PathLike[str]) -> str:
    """Return the working directory of a session, from its head; `""` when it has none.

    Raises `OSError`.
    """
    with regular(path) as (fd, status):
        for most in _STEPS:
            lines = _Piece(os.pread(fd, most, 0)).oldest(b'"cwd"')
            said = (cwd for line in lines if isinstance(cwd := line.get("cwd"), str) and cwd)
            if (cwd := next(said, "")) or most >= status.st_size:
                return cwd
    return ""


def title_since(path: Path, size: int) -> str:
    """Return the last title given since a file had this size, `""` for none.

    A file that is smaller now is another one: then, and after much growth, only the end is read.
    Raises `OSError`.
    """
    with regular(path) as (_, status):
        now = status.st_size
    start = max(size, now - MOST_BACK) if now >= size else max(0, now - _END)
    records = (
        record
        for line in read_lines(path, (b'"customtitle"',), start=start)
        for record in whole_records(line.raw)
    )
    return _given(reversed(tuple(deque(records, maxlen=_MOST_TITLES))), "customTitle")


def kept(known: TranscriptFacts, fresh: TranscriptFacts) -> TranscriptFacts:
    """Return the fresh facts of a grown file, completed by those known before.

    A session's cost only grows.
    """
    costs = [cost for cost in (known.cost_usd, fresh.cost_usd) if cost is not None]
    return TranscriptFacts(
        title=fresh.title or known.title,
        model=fresh.model or known.model,
        cost_usd=max(costs, default=None),
        first_at=fresh.first_at or known.first_at,
        origin=fresh.origin or known.origin,
        turn_error=fresh.turn_error,
        tag=known.tag if fresh.tag is None else fresh.tag,
        context=fresh.context or known.context,
        end=fresh.end,
    )


def still_holds(path: str | os.PathLike[str], end: str) -> bool:
    """Whether a file still has its former end in the same place; it may have grown."""
    size = end.partition(":")[0]
    if not (size.isascii() and size.isdecimal() and len(size) < 18):
        return False
    try:
        with regular(path) as (fd, _):
            return _end(fd, int(size)) == end
    except OSError:
        return False


def _end(fd: int, size: int) -> str:
    most = min(_PRINT, size)
    return _end_of(size, os.pread(fd, most, size - most))


def _end_of(size: int, data: bytes) -> str:
    return f"{size}:{sha256_hex(data[-_PRINT:])[:16]}"


class _Piece:
    """A piece of a transcript; a line that is asked for by several keys is parsed once.

    What is parsed takes many times its size: lines are kept only while they are small.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._room = _END
        self._known: dict[int, tuple[dict[str, Any], ...]] = {}

    def oldest(self, key: bytes) -> Iterator[dict[str, Any]]:
        """Return the readable records with `key`, first to last."""
        at = self.data.find(key)
        while at >= 0:
            start, stop = self._line_around(at)
            yield from self._records(start, stop)
            at = self.data.find(key, stop)

    def newest(self, key: bytes, since: int = 0) -> Iterator[dict[str, Any]]:
        """Return the readable records with `key`, last to first."""
        at = self.data.rfind(key, since)
        while at >= 0:
            start, stop = self._line_around(at)
            yield from reversed(self._records(start, stop))
            at = self.data.rfind(key, since, start) if start > since else -1

    def _line_around(self, at: int) -> tuple[int, int]:
        stop = self.data.find(_NEWLINE, at)
        return self.data.rfind(_NEWLINE, 0, at) + 1, stop if stop >= 0 else len(self.data)

    def _records(self, start: int, stop: int) -> tuple[dict[str, Any], ...]:
        found = self._known.get(start)
        if found is None:
            found = whole_records(self.data[start:stop])
            if stop - start <= self._room:
                self._room -= stop - start
                self._known[start] = found
        return found


def _head(fd: int, size: int) -> tuple[_Piece, str, str]:
    """Return a file's head, the identity of its first line, and the first words in it."""
    head, origin, words = _Piece(b""), "", ""
    for most in _STEPS:
        head = _Piece(os.pread(fd, most, 0))
        named = (_named(line) for line in head.oldest(b'"uuid"'))
        origin, words = next(filter(None, named), ""), _first_words(head)
        if (origin and words) or most >= size:
            break
    return head, origin, words


def _tail(fd: int, size: int) -> tuple[_Piece, str, str | None]:
    """Return a file's tail, and the model and error of the last turn."""
    found: tuple[_Piece, str, str | None] = _Piece(b""), "", None
    for most in _STEPS:
        found = _last_turn(_Piece(os.pread(fd, most, max(0, size - most))))
        if (found[1] and found[2] is not None) or most >= size:
            break
    return found


def _last_turn(piece: _Piece) -> tuple[_Piece, str, str | None]:
    """Return the piece with the model and error of the last turn, `None` if unknown."""
    model = next(filter(None, map(_own_model, piece.newest(b'"model"'))), "")
    if model and not any(one in piece.data for one in _API_ERRORS):
        return piece, model, ""
    models = (model,) if model else map(_model, piece.newest(b'"model"'))
    return piece, next(filter(None, models), ""), _turn_error(piece)


def _context(piece: _Piece) -> int:
    """Return the tokens in the context at the end of these lines, 0 if none of them tells."""
    since = max(0, piece.data.rfind(_COMPACTED))
    for line in piece.newest(b'"usage"', since):
        usage = ContextUsage()
        usage.note(line)
        if usage.tokens:
            return usage.tokens
    left = ContextUsage()
    left.note(next(piece.newest(_COMPACTED), {}))
    return left.tokens


def _given_title(ends: tuple[_Piece, ...]) -> str:
    """Return the custom title, else the CLI's."""
    for name in ("customTitle", "aiTitle"):
        lines = (line for piece in ends for line in piece.newest(f'"{name}"'.encode()))
        if given := _given(lines, name):
            return given
    return ""


def _last_tag(ends: tuple[_Piece, ...]) -> str | None:
    """Return the CLI's tag, empty where it was cleared, `None` where no line tells."""
    lines = (line for piece in ends for line in piece.newest(_TAG))
    given = (line["tag"] for line in lines if isinstance(line.get("tag"), str))
    return next((one_line(tag[: 4 * LONGEST_TAG])[:LONGEST_TAG] for tag in given), None)


def _first_words(head: _Piece) -> str:
    """Return the first prompt or command."""
    for words_of in (prompt_text, command_text):
        said = (words_of(line) for line in head.oldest(b'"user"'))
        if title := next((one_line(text[:400])[:200] for text in said if text), ""):
            return title
    return ""


def _turn_error(piece: _Piece) -> str | None:
    """Return the API's error that ended the last turn; `None` when no line tells."""
    last = next(filter(_decides, piece.newest(b'"message"')), None)
    if last is None or not is_api_error(last):
        return None if last is None else ""
    texts = _said_texts(last)
    return next((one_line(text[:2000])[:400] for text in texts if text.strip()), "API error")


def _decides(line: Mapping[str, Any]) -> bool:
    """Whether a line tells how the last turn went: an answer, a result, or the next prompt.

    Commands, notifications, interruptions and the CLI's own lines do not.
    """
    if line.get("isSidechain") or line.get("isMeta"):
        return False
    if line.get("type") == "assistant":
        return is_api_error(line) or bool(_model(line))
    return bool(prompt_text(line)) or any(
        block.get("type") == "tool_result" for block in _blocks(line)
    )


def _said_texts(line: Mapping[str, Any]) -> Iterator[str]:
    yield from (text for one in _blocks(line) if isinstance(text := one.get("text"), str))


def _blocks(line: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    message = line.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    for block in content if isinstance(content, list) else [{"text": content}]:
        if isinstance(block, dict):
            yield block


def _given(lines: Iterable[dict[str, Any]], name: str) -> str:
    given = (line[name] for line in lines if isinstance(line.get(name), str) and line[name])
    return next((one_line(title[:400])[:200] for title in given), "")


def _model(line: Mapping[str, Any]) -> str:
    message = line.get("message")
    model = message.get("model") if isinstance(message, dict) else None
    return one_line(model)[:60] if isinstance(model, str) and model != SYNTHETIC else ""


def _own_model(line: Mapping[str, Any]) -> str:
    """Return the model of the session, never of a sub-agent in the same file."""
    return "" if line.get("isSidechain") else _model(line)


def _named(line: dict[str, Any]) -> str:
    uuid, at = line.get("uuid"), line.get("timestamp")
    if not isinstance(uuid, str) or not isinstance(at, str) or not uuid:
        return ""
    return sha256_hex(f"{uuid} {at}".encode("utf-8", "surrogatepass"))[:16]
