"""Transcript files: find and measure them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from tui.core.models import Transcript
from tui.core.session_id import is_session_id
from tui.storage.cache import FactsCache
from tui.storage.folders import Version, version_of

_LATEST = datetime(9999, 1, 1, tzinfo=UTC).timestamp()
_ENDING = ".jsonl"


class TranscriptFinder:
    """Finds the transcripts of a config dir, reading the head and tail only of changed files.

    `projects` holds the version of every project folder before the last `find` listed it, `seen`
    that of every file and session's folder it saw, both by path.
    """

    def __init__(self, facts: FactsCache | None = None) -> None:
        self._facts = facts or FactsCache()
        self._known: dict[str, Transcript] = {}
        self.seen: dict[str, Version] = {}
        self.projects: dict[str, Version] = {}

    def find(self, config_dir: Path) -> tuple[Transcript, ...]:
        """Return every transcript below `config_dir`, by path; no link is followed."""
        known, seen = self._known, self.seen
        self._known, self.seen, self.projects = {}, {}, {}
        for project in _folders(f"{config_dir}/projects"):
            with suppress(OSError):
                self.projects[project] = version_of(os.lstat(project))
                self._find_in(project, known, seen)
        sketches = tuple(_sketches(str(config_dir)))
        for one in sketches:
            with suppress(OSError):
                self.seen[str(one.path)] = version_of(one.path.lstat())
        return (*self._known.values(), *sketches)

    def _find_in(
        self, project: str, known: dict[str, Transcript], seen: dict[str, Version]
    ) -> None:
        entries = _scan(project)
        folders = {one.name: one for one in entries if one.is_dir(follow_symlinks=False)}
        for name, entry in sorted((one.name, one) for one in entries if one.name[-6:] == _ENDING):
            session_id = name[:-6]
            try:
                status = entry.stat(follow_symlinks=False)
                more = self._bytes_in(folders[session_id]) if session_id in folders else 0
            except OSError:  # it went while we looked
                continue
            if not stat.S_ISREG(status.st_mode) or not is_session_id(session_id):
                continue
            path, version = entry.path, version_of(status)
            one = known.get(path)
            if one is None or seen[path] != version or one.bytes != status.st_size + more:
                one = transcript_of(session_id, path, status, self._facts, more)
            self._known[path], self.seen[path] = one, version

    def _bytes_in(self, folder: os.DirEntry[str]) -> int:
        """Return what lies in a session's own folder, and remember that folder's version."""
        self.seen[folder.path] = version_of(folder.stat(follow_symlinks=False))
        return extra_bytes(folder.path)


def transcript_of(
    session_id: str, path: str, status: os.stat_result, facts: FactsCache, more: int
) -> Transcript:
    """Return the transcript that a file with this status is, `more` bytes beside it counted in."""
    said = facts.facts_of(path, status)
    return Transcript(
        session_id,
        path,
        status.st_size + more,
        _modified_at(status),
        said.title,
        said.model,
        said.cost_usd,
        said.first_at,
    )


def _sketches(config_dir: str) -> Iterator[Transcript]:
    """The guide's sketch of a session, a folder by its id: shown, never resumable."""
    for folder in _folders(config_dir):
        if is_session_id(folder.rpartition("/")[2]) and (sketch := sketch_in(Path(folder))):
            yield sketch


def sketch_in(folder: Path) -> Transcript | None:
    """Return the guide's sketch of a session that this folder is, `None` when it is none."""
    conversation = folder / "conversation.json"
    try:
        status = conversation.lstat()
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    size, modified_at = extra_bytes(str(folder)), _modified_at(status)
    return Transcript(folder.name, conversation, size, modified_at, resumable=False)


def _modified_at(status: os.stat_result) -> datetime:
    """Return a file's mtime; some file systems keep any number, the calendar does not."""
    return datetime.fromtimestamp(min(max(status.st_mtime, 0), _LATEST), UTC)


def _folders(base: str) -> list[str]:
    try:
        if stat.S_ISLNK(os.lstat(base).st_mode):
            return []
    except OSError:
        return []
    return sorted(entry.path for entry in _scan(base) if entry.is_dir(follow_symlinks=False))


def _scan(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def extra_bytes(folder: str) -> int:
    """Return the bytes below a session's own folder (sub-agents, tool results); 0 without one."""
    total = 0
    for entry in _scan(folder):
        try:
            if entry.is_dir(follow_symlinks=False):
                total += extra_bytes(entry.path)
            else:
                total += entry.stat(follow_symlinks=False).st_size
        except OSError:
            continue
    return total
