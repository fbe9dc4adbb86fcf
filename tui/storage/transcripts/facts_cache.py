"""Caches the facts of transcripts, by path and file stamp."""

from __future__ import annotations

import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from sys import intern
from typing import Any

from tui.claude.transcript_files.transcript_facts import (
    LONGEST_TAG,
    NO_FACTS,
    TranscriptFacts,
    kept,
    read_facts,
    still_holds,
)
from tui.core.text.bounded_json import parse_json
from tui.core.text.safe_text import one_line
from tui.safe_io.folders import FileStamp, may_be_there
from tui.safe_io.fork_safe import fork_safe_lock
from tui.storage.index.erasure_marks import NOBODY_KNOWS, erasure_of
from tui.storage.index.index import Index

_MOST_TOKENS = 1 << 40
_SHARES = ""  # no path is called that


class FactsCache:
    """The facts of transcripts by listing; an `index` stores them for the next start.

    Thread-safe.
    """

    def __init__(self, index: Index | None = None) -> None:
        self._index = index or Index()
        self._listings: dict[Path, ListingFacts] = {}
        self._lock = fork_safe_lock()

    def of(self, folder: Path) -> ListingFacts:
        """Return the facts of a listing, none older than the last erasure in it."""
        erasure = erasure_of(folder)
        with self._lock:
            known = self._listings.get(folder)
            if known is None or known.erasure != erasure:
                known = self._listings[folder] = ListingFacts(folder, erasure, self._index)
            return known

    def keep_only(self, folders: AbstractSet[Path]) -> None:
        """Drop all other listings."""
        with self._lock:
            for folder in self._listings.keys() - folders:
                del self._listings[folder]


class ListingFacts:
    """The facts of one listing's transcripts since its last erasure, by path."""

    def __init__(self, folder: Path, erasure: str, index: Index) -> None:
        self.erasure = erasure
        self._folder = folder
        self._index = index
        self._lock = fork_safe_lock()
        self._known: dict[str, tuple[FileStamp, TranscriptFacts]] = {}
        self._stored = _loaded(index.facts(folder, erasure))
        self._shares = _shares(self._stored.pop(_SHARES, None))

    def of(self, place: str, stamp: FileStamp, folder: int | None = None) -> TranscriptFacts | None:
        """Return the facts of the file with this stamp; `None` when it cannot be read now.

        A file is read again when its stamp changes. `folder` is that of the file, if it is open.
        """
        known = self._recalled(place, stamp)
        if known is not None and known[0] == stamp:
            return known[1]
        try:
            facts = read_facts(place, folder)
        except OSError:
            return None
        is_more = known is not None and _has_grown(known, stamp, facts)
        if known is not None and is_more and still_holds(place, known[1].end):
            facts = kept(known[1], facts)
        with self._lock:
            self._known[place] = (stamp, facts)
        self._index.put_facts(self._folder, self.erasure, self)
        return facts

    def shares(self, family: str) -> Mapping[str, float]:
        """Return what the members of a family inherited from others, in USD by path."""
        with self._lock:
            return self._shares.get(family, {})

    def put_shares(self, shares: Mapping[str, Mapping[str, float]]) -> None:
        """Store what the members of all families inherited."""
        with self._lock:
            if shares == self._shares:
                return
            self._shares = dict(shares)
        self._index.put_facts(self._folder, self.erasure, self, is_due=True)

    def keep_only(self, places: AbstractSet[str]) -> None:
        """Drop the transcripts that are not among these and do not exist."""
        with self._lock:
            if not self._stored and self._known.keys() <= places:
                return
            others = (self._known.keys() | self._stored.keys()) - places
            gone = {one for one in others if not may_be_there(one)}
            for place in gone:
                self._known.pop(place, None)
                self._stored.pop(place, None)
        if gone:
            self._index.put_facts(self._folder, self.erasure, self, is_due=True)

    def as_json(self) -> str:
        """Return all facts, for the index."""
        with self._lock:
            fresh = {place: _as_stored(*one) for place, one in self._known.items()}
            shares = {_SHARES: self._shares} if self._shares else {}
            return json.dumps({**shares, **self._stored, **fresh})

    def _recalled(self, place: str, stamp: FileStamp) -> tuple[FileStamp, TranscriptFacts] | None:
        """Return what is known; of thousands of equal stamps one is kept, the caller's."""
        with self._lock:
            stored = self._stored.pop(place, None)
            known = _from_stored(stored) if stored is not None else None
            if known is not None:
                known = (stamp, known[1]) if known[0] == stamp else known
                self._known[place] = known
            if not self._stored:
                self._stored = {}  # one that was emptied keeps its size
            return self._known.get(place)


@cache
def no_facts() -> ListingFacts:
    """Return an empty cache that stores nothing."""
    return ListingFacts(Path("/"), NOBODY_KNOWS, Index())


def read_or_nothing(said: TranscriptFacts | None) -> TranscriptFacts:
    """Return the facts, empty ones where nobody could read them."""
    return NO_FACTS if said is None else said


def _has_grown(
    known: tuple[FileStamp, TranscriptFacts], stamp: FileStamp, facts: TranscriptFacts
) -> bool:
    """Whether it is the file that it was, with more at its end; another one, or one that was put
    back as it was before, says nothing of what was read then.
    """
    (device, inode, size, mtime, _), before = known
    is_same = (device, inode, before.first_at) == (*stamp[:2], facts.first_at)
    if size == stamp[2]:
        is_same = is_same and facts.cost_usd in (None, before.cost_usd)
    return is_same and size <= stamp[2] and mtime <= stamp[3]


def _loaded(text: str) -> dict[str, Any]:
    try:
        value = parse_json(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _shares(stored: object) -> dict[str, Mapping[str, float]]:
    found = stored if isinstance(stored, dict) else {}
    return {
        family: {place: share for place, share in shares.items() if _is_amount(share)}
        for family, shares in found.items()
        if isinstance(shares, dict)
    }


def _is_amount(value: object) -> bool:
    return isinstance(value, float) and 0 <= value < 1e9


def _as_stored(stamp: FileStamp, facts: TranscriptFacts) -> list[Any]:
    first_at = facts.first_at.timestamp() if facts.first_at else None
    last = (facts.tag, facts.context)
    said = (facts.title, facts.model, facts.cost_usd)
    return [*stamp, *said, first_at, facts.origin, facts.turn_error, facts.end, *last]


def _from_stored(stored: Any) -> tuple[FileStamp, TranscriptFacts] | None:
    try:
        device, inode, size, mtime, ctime, *said = stored
        title, model, cost, first_at, origin, error, end, tag, context = said
        facts = TranscriptFacts(
            title=one_line(title)[:200],
            model=intern(one_line(model)[:60]),
            cost_usd=cost,
            first_at=None if first_at is None else datetime.fromtimestamp(first_at, UTC),
            origin=one_line(origin)[:16],
            turn_error=one_line(error)[:400] if error else "",
            end=one_line(end)[:40],
            context=min(max(0, int(context)), _MOST_TOKENS),
            tag=None if tag is None else intern(one_line(tag)[:LONGEST_TAG]),
        )
    except (TypeError, ValueError, OverflowError, OSError):
        return None
    is_sound = cost is None or _is_amount(cost)
    return ((device, inode, size, mtime, ctime), facts) if is_sound else None
