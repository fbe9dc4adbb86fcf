"""What transcripts say, remembered: by inode, size and mtime, between starts in one file a root."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from sys import intern

from tui.core.text import one_line
from tui.storage.facts import NO_FACTS, Facts, kept, read_facts
from tui.storage.kept_file import FACTS, Stored, read_kept, write_kept

_FEW = 4
_MOST = 50_000


class FactsCache:
    """The facts of transcripts; a file is read again only when its size or mtime changed.

    With a `path` they outlive the process: the file is read once more than a few transcripts
    would have to be opened, and `save` writes it when as many were. What it holds is not trusted,
    and it is private, since titles are.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._facts: dict[tuple[int, int], tuple[int, int, Facts]] = {}
        self._stored: dict[str, Stored] = {}
        self._is_loaded = path is None
        self._missed = 0
        self._lock = threading.Lock()

    def facts_of(self, path: str | Path, status: os.stat_result) -> Facts:
        """Return what the file says that has this status, an empty word when it cannot be read."""
        key = (status.st_dev, status.st_ino)
        known = self._facts.get(key) or self._recalled(key)
        if known and known[0] == status.st_size and known[1] == status.st_mtime_ns:
            return known[2]
        self._missed += 1
        if self._missed > _FEW and not self._is_loaded:
            self._load()
            return self.facts_of(path, status)
        try:
            facts = read_facts(path)
        except OSError:
            facts = NO_FACTS
        if known and known[0] <= status.st_size:
            facts = kept(known[2], facts)
        self._facts[key] = (status.st_size, status.st_mtime_ns, facts)
        return facts

    def save(self) -> None:
        """Write the file if many transcripts were read since; what cannot be written is no loss.

        What others wrote meanwhile is kept, up to a bound.
        """
        if self._path is None or self._missed <= _FEW:
            return
        self._missed = 0
        facts = tuple(self._facts.items())
        fresh = {f"{key[0]}:{key[1]}": _as_stored(one) for key, one in facts}
        merged = read_kept(self._path, FACTS) | fresh
        write_kept(self._path, FACTS, dict(list(merged.items())[-_MOST:]))

    def _recalled(self, key: tuple[int, int]) -> tuple[int, int, Facts] | None:
        stored = self._stored.pop(f"{key[0]}:{key[1]}", None) if self._stored else None
        known = _from_stored(stored) if stored is not None else None
        if known is not None:
            self._facts[key] = known
        return known

    def _load(self) -> None:
        with self._lock:
            if self._path is not None and not self._is_loaded:
                self._stored = read_kept(self._path, FACTS)
                self._missed = sum(not self._is_stored(*one) for one in self._facts.items())
                self._is_loaded = True

    def _is_stored(self, key: tuple[int, int], known: tuple[int, int, Facts]) -> bool:
        stored = self._stored.get(f"{key[0]}:{key[1]}")
        return isinstance(stored, list) and tuple(stored[:2]) == known[:2]


def _as_stored(known: tuple[int, int, Facts]) -> Stored:
    size, mtime, facts = known
    first_at = facts.first_at.timestamp() if facts.first_at else None
    return [size, mtime, facts.title, facts.model, facts.cost_usd, first_at]


def _from_stored(stored: Stored) -> tuple[int, int, Facts] | None:
    try:
        size, mtime, title, model, cost, first_at = stored
        first = None if first_at is None else datetime.fromtimestamp(first_at, UTC)
        said = Facts(one_line(title)[:200], intern(one_line(model)[:60]), cost, first)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
    return (size, mtime, said) if cost is None or isinstance(cost, float) else None
