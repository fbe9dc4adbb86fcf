"""Transcript files: find and measure them, and follow one as it grows."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from tui.core.errors import UnknownId
from tui.core.models import Transcript
from tui.core.session_id import is_session_id
from tui.core.text import one_line
from tui.core.transcript import load_line, prompt_text, stamp
from tui.storage.folders import is_link

_HEAD = 64 * 1024
_TAIL = 64 * 1024
_NEWLINE = b"\n"
_LATEST = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


@dataclass(frozen=True, slots=True)
class Facts:
    """What a transcript's head and tail say of it."""

    title: str = ""
    model: str = ""
    cost_usd: float | None = None
    first_at: datetime | None = None


class TranscriptFinder:
    """Finds the transcripts of a config dir, reading the head and tail only of changed files."""

    def __init__(self) -> None:
        self._facts: dict[tuple[int, int], tuple[tuple[int, int], Facts]] = {}

    def find(self, config_dir: Path) -> tuple[Transcript, ...]:
        """Return every transcript below `config_dir`, by path; no link is followed."""
        found = [
            transcript
            for project in _folders(config_dir / "projects")
            for transcript in self._in_project(project)
        ]
        return tuple(found) + tuple(_sketches(config_dir))

    def _in_project(self, project: Path) -> Iterator[Transcript]:
        for entry in _scan(project):
            session_id = entry.name.removesuffix(".jsonl")
            if session_id != entry.name and is_session_id(session_id):
                try:
                    status = entry.stat(follow_symlinks=False)
                except OSError:
                    continue
                if stat.S_ISREG(status.st_mode):
                    yield self._transcript(session_id, Path(entry.path), status)

    def _transcript(self, session_id: str, path: Path, status: os.stat_result) -> Transcript:
        facts = self._facts_of(path, status)
        return Transcript(
            session_id,
            path,
            status.st_size + _extra_bytes(path.with_suffix("")),
            _modified_at(status),
            facts.title,
            facts.model,
            facts.cost_usd,
            facts.first_at,
        )

    def _facts_of(self, path: Path, status: os.stat_result) -> Facts:
        key, version = (
            (status.st_dev, status.st_ino),
            (status.st_size, status.st_mtime_ns),
        )
        known = self._facts.get(key)
        if known and known[0] == version:
            return known[1]
        try:
            facts = read_facts(path)
        except OSError:
            facts = Facts()
        if known and known[0][0] <= status.st_size:
            facts = _kept(known[1], facts)
        self._facts[key] = (version, facts)
        return facts


def read_facts(path: Path) -> Facts:
    """Return title, model, cost and first stamp from the first and last 64 KiB of a file.

    The last `cost-state` line holds the whole session's cost. Raises `OSError`.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _TAIL))
        tail = file.read(_TAIL)
    first = list(_objects(head.split(_NEWLINE)))
    last = list(_objects(reversed(tail.split(_NEWLINE))))
    return Facts(
        _title(first, last),
        next((model for line in last if (model := _model(line))), ""),
        next(
            (cost for line in (*last, *reversed(first)) if (cost := _cost(line)) is not None), None
        ),
        next((moment for line in first if (moment := stamp(line))), None),
    )


def _kept(known: Facts, fresh: Facts) -> Facts:
    """Return what a grown file says now, and what it said before where its new end is silent.

    A session's cost only grows.
    """
    costs = [cost for cost in (known.cost_usd, fresh.cost_usd) if cost is not None]
    return Facts(
        fresh.title or known.title,
        fresh.model or known.model,
        max(costs, default=None),
        fresh.first_at or known.first_at,
    )


def _objects(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    for raw in lines:
        line = load_line(raw) if raw.strip() else None
        if line is not None:
            yield line


def _title(first: list[dict[str, Any]], last: list[dict[str, Any]]) -> str:
    """Return the custom title, else the CLI's, else the first prompt, on one line."""
    for name in ("customTitle", "aiTitle"):
        for line in (*last, *reversed(first)):
            if isinstance(line.get(name), str) and line[name]:
                return one_line(line[name][:400])[:200]
    return next(
        (one_line(text[:400])[:200] for line in first if (text := prompt_text(line))),
        "",
    )


def _model(line: dict[str, Any]) -> str:
    message = line.get("message")
    model = message.get("model") if isinstance(message, dict) else None
    return one_line(model)[:60] if isinstance(model, str) and model != "<synthetic>" else ""


def _cost(line: dict[str, Any]) -> float | None:
    cost = line.get("totalCostUSD")
    if line.get("type") != "cost-state" or isinstance(cost, bool):
        return None
    return float(cost) if isinstance(cost, int | float) and 0 <= cost < 1e9 else None


def _sketches(config_dir: Path) -> Iterator[Transcript]:
    """The guide's sketch of a session, a folder by its id: shown, never resumable."""
    for folder in _folders(config_dir):
        conversation = folder / "conversation.json"
        try:
            status = conversation.lstat()
        except OSError:
            continue
        if is_session_id(folder.name) and stat.S_ISREG(status.st_mode):
            size, modified_at = _extra_bytes(folder), _modified_at(status)
            yield Transcript(folder.name, conversation, size, modified_at, resumable=False)


def _modified_at(status: os.stat_result) -> datetime:
    """Return a file's mtime; some file systems keep any number, the calendar does not."""
    return datetime.fromtimestamp(min(max(status.st_mtime, 0), _LATEST), UTC)


def _folders(base: Path) -> list[Path]:
    if is_link(base):
        return []
    entries = _scan(base)
    return sorted(Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False))


def _scan(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _extra_bytes(folder: Path) -> int:
    """Return the bytes below a session's own folder (sub-agents, tool results); 0 without one."""
    total = 0
    for entry in _scan(folder):
        try:
            if entry.is_dir(follow_symlinks=False):
                total += _extra_bytes(Path(entry.path))
            else:
                total += entry.stat(follow_symlinks=False).st_size
        except OSError:
            continue
    return total


@dataclass(frozen=True, slots=True)
class Growth:
    """What a look at a growing file found: whole lines, and whether the file is another one now.

    `has_more` means that the next look finds more at once.
    """

    lines: tuple[bytes, ...] = ()
    was_reset: bool = False
    notice: str = ""
    has_more: bool = False


class Tail:
    """Follows one transcript from near its end: whole lines only, each once.

    The unfinished last line is kept as bytes until its newline comes. A file that was truncated,
    replaced or deleted is announced and read anew.
    """

    def __init__(self, path: Path, *, last_bytes: int = 256 * 1024) -> None:
        self.path = path
        self._last_bytes = last_bytes
        self._offset = -1
        self._inode: tuple[int, int] | None = None
        self._rest = b""

    def read(self, *, limit: int = 8 * 1024 * 1024) -> Growth:
        """Return what came since the last call, at most about `limit` bytes of it."""
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            return self._lost(error)
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            os.close(fd)
            raise UnknownId(f"{self.path.name} is not a file")
        with os.fdopen(fd, "rb") as file:
            notice = self._notice(status)
            if self._offset < 0 or notice:
                self._start(file, status)
            lines = self._take(file, limit)
            return Growth(lines, bool(notice), notice, self._offset < status.st_size)

    def _lost(self, error: OSError) -> Growth:
        if self._inode is None:
            return Growth()
        self._inode, self._offset, self._rest = None, -1, b""
        return Growth(was_reset=True, notice=f"the transcript is gone: {error.strerror}")

    def _notice(self, status: os.stat_result) -> str:
        if self._inode is None:
            return ""
        if (status.st_dev, status.st_ino) != self._inode:
            return "the transcript was replaced"
        return "the transcript was truncated" if status.st_size < self._offset else ""

    def _start(self, file: BinaryIO, status: os.stat_result) -> None:
        """Begin at a whole line near the end, further back when the last line alone is larger."""
        self._inode = (status.st_dev, status.st_ino)
        self._rest = b""
        window = self._last_bytes
        while True:
            self._offset = _line_start(file, max(0, status.st_size - window))
            if self._offset < status.st_size or window >= status.st_size:
                return
            window *= 8

    def _take(self, file: BinaryIO, limit: int) -> tuple[bytes, ...]:
        file.seek(self._offset)
        data = file.read(limit)
        self._offset += len(data)
        *lines, self._rest = (self._rest + data).split(_NEWLINE)
        return tuple(lines)


def _line_start(file: BinaryIO, offset: int) -> int:
    """Return where the first whole line at or after `offset` starts; the file's end if none."""
    if offset == 0:
        return 0
    file.seek(offset - 1)
    while chunk := file.read(1024 * 1024):
        at = chunk.find(_NEWLINE)
        if at >= 0:
            return file.tell() - len(chunk) + at + 1
    return file.tell()
