"""Tells whether the CLI has written a turn to its transcript: where it cannot, it says nothing."""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import dropwhile
from pathlib import Path
from typing import Any

from tui.claude.config_dir import footprint
from tui.claude.layout import is_transcript, transcript_path
from tui.core.errors import Kind, Refused, RunFailed, kind_of_system
from tui.core.text.bounded_json import has_room
from tui.core.text.safe_text import one_line
from tui.core.values import dataclass
from tui.safe_io.opening import regular

_MOST_HEARD = 1000
_MOST_READ = 8 * 1024 * 1024
_PROBED = 64 * 1024
_PATIENCE_S, _PAUSE_S = 5.0, 0.1
_WRITES_NONE = "no-session-persistence", "CLAUDE_CODE_SKIP_PROMPT_HISTORY"


def writes_none(flags: Mapping[str, Any], environment: Mapping[str, str]) -> bool:
    """Whether a CLI is told to write no transcript."""
    flag, variable = _WRITES_NONE
    return any(name.strip().lstrip("-") == flag for name in flags) or bool(
        environment.get(variable)
    )


@dataclass(frozen=True, slots=True)
class _Lost:
    kind: Kind
    why: str
    is_certain: bool = False
    is_unknown: bool = False


class WrittenTurns:
    """Checks turn after turn whether their messages are in the transcript of a session.

    The CLI writes a message before it tells of it, and each turn before its result. On a full disk
    it loses lines without a word, whole ones or half a line that the next one follows: a resume
    would not know the turn.
    """

    def __init__(self, config_dir: Path, cwd: Path, session_id: str) -> None:
        self._config_dir, self._session_id = config_dir, session_id
        self._usual_path = transcript_path(config_dir, cwd, session_id)
        self._last = ""
        self._heard: deque[str] = deque(maxlen=_MOST_HEARD)
        self._known: tuple[Path, int] | None = None

    async def begin(self) -> None:
        """Note what there is already."""
        await asyncio.to_thread(self._begin)

    def may_have(self, message_id: str) -> bool:
        """Whether the transcript has a message of that id, or may have where it was not read."""
        try:
            path = self._found()
            if path is None or not message_id.isascii():
                return True
            with regular(path) as (fd, status):
                raw = os.pread(fd, _MOST_READ, 0)
                return status.st_size > len(raw) or _named(raw, b"uuid", message_id) is not None
        except (OSError, Refused):
            return True

    def hear(self, message_id: str, *, is_answer: bool) -> None:
        """Note a message, if it has an id; the last answer of a turn must have a line."""
        if message_id:
            self._heard.append(message_id)
            self._last = message_id if is_answer else self._last

    async def check(self) -> tuple[RunFailed | None, str]:
        """Return what is missing of the turn that has ended, and why; `None` if nothing is.

        And why nobody can tell, empty where that is known: such a turn is not called failed.
        """
        until, unknown = time.monotonic() + _PATIENCE_S, ""
        while (lost := await asyncio.to_thread(self._lost)) is not None:
            if lost.is_certain or time.monotonic() >= until:
                if lost.is_unknown:
                    unknown = f"nobody can tell whether the turn is in its transcript: {lost.why}"
                    break
                words = f"{lost.why}: the turn was answered, but its transcript lacks some of it, "
                return RunFailed(f"{words}so no resume would know it", kind=lost.kind), ""
            await asyncio.sleep(_PAUSE_S)
        self._last = ""
        self._heard.clear()
        return None, unknown

    def _begin(self) -> None:
        found = self._found()
        self._known = (found, found.stat().st_size) if found is not None else None

    def _found(self) -> Path | None:
        if self._known is not None and self._known[0].is_file():
            return self._known[0]
        found = filter(is_transcript, footprint(self._config_dir, self._session_id))
        return next(found, None)

    def _lost(self) -> _Lost | None:
        try:
            path = self._found()
            if path is None:
                if self._last and self._usual_path.is_file():
                    return _unknown("it is behind a link, which is not followed", is_certain=True)
                return self._why(is_torn=False) if self._last else None
            raw, begins, is_in_a_line = self._read(path)
        except (OSError, Refused) as error:  # what cannot be read is not known to be lost
            return _unknown(one_line(error), is_certain=isinstance(error, Refused))
        lines = raw.split(b"\n")[is_in_a_line:]
        is_whole = all(_is_whole(one) for one in lines if one.strip())
        end = _end_of(raw, self._last) if self._last else 0
        heard = _since_first(raw, self._heard) if is_in_a_line else self._heard
        if is_whole and end is not None and not any(_is_skipped(raw, one) for one in heard):
            # No further: the lines of the next turn may follow already.
            self._known = (path, begins + end) if end else self._known
            return None
        return self._why(is_torn=not is_whole)

    def _read(self, path: Path) -> tuple[bytes, int, bool]:
        """Return what was written since the last turn, of much its end.

        And where that begins, and whether in the midst of a line.
        """
        known_path, known = self._known or (path, 0)
        with regular(path) as (fd, status):
            size = status.st_size
            start = known if known_path == path and known <= size else 0
            first = max(start, size - _MOST_READ)
            return os.pread(fd, size - first, first), first, first > start

    def _why(self, *, is_torn: bool) -> _Lost:
        """Return why lines are missing, by writing as much as the CLI would."""
        import tempfile

        try:
            with tempfile.TemporaryFile(dir=self._config_dir, buffering=0) as probe:
                probe.write(bytes(_PROBED))
                os.fsync(probe.fileno())
        except OSError as error:
            kind = kind_of_system(error) or Kind.OTHER
            why = "the disk is full" if kind is Kind.DISK_FULL else error.strerror or str(error)
            return _Lost(kind, why, is_certain=True)
        if is_torn:
            return _Lost(Kind.DISK_FULL, "the disk was full for a while")
        return _Lost(Kind.OTHER, "the CLI could not write it")


def _unknown(why: str, *, is_certain: bool) -> _Lost:
    return _Lost(Kind.OTHER, why, is_certain, is_unknown=True)


def _is_whole(line: bytes) -> bool:
    """Whether a line is JSON, or more of it than we parse."""
    text = line.decode("utf-8", "replace")
    try:
        return not has_room(text) or isinstance(json.loads(text), dict)
    except RecursionError:
        return True
    except ValueError:
        return False


def _end_of(raw: bytes, message_id: str) -> int | None:
    """Return where the line of a message ends, `None` if it is not there; others name it, too."""
    if (found := _named(raw, b"uuid", message_id)) is None:
        return None
    end = raw.find(b"\n", found.end())
    return len(raw) if end < 0 else end + 1


def _since_first(raw: bytes, message_ids: Iterable[str]) -> Iterator[str]:
    """Return the messages from the first one on that is there: those before it were not read."""
    return dropwhile(lambda one: _named(raw, b"uuid", one) is None, message_ids)


def _is_skipped(raw: bytes, message_id: str) -> bool:
    """Whether a message is not there, and a line follows it: the CLI may take back others."""
    is_there = _named(raw, b"uuid", message_id) is not None
    return not is_there and _named(raw, b"parentUuid", message_id) is not None


def _named(raw: bytes, name: bytes, message_id: str) -> re.Match[bytes] | None:
    value = re.escape(json.dumps(message_id).encode())
    return re.search(b'"' + name + rb'"\s*:\s*' + value, raw)
