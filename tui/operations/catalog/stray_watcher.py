"""Finds strays, the sessions of ours outside every listing, and their processes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tui.core.models.session import Process, Transcript
from tui.storage.transcripts.facts_cache import FactsCache
from tui.storage.transcripts.strays import Listings, StrayFinder

_Found = tuple[tuple[Transcript, ...], tuple[Process, ...]]
_NOTHING: _Found = ((), ())


class StrayWatcher:
    """The strays of all listings in the CLI's default config dir, and their registry entries.

    `found` is a new object when anything changed. `unread` says why there may be more; what was
    known then stays. Without a `claude_home` there are no strays.
    """

    def __init__(self, claude_home: Path | None, facts: FactsCache) -> None:
        self._finder = None if claude_home is None else StrayFinder(claude_home, facts)
        self._listings: Listings = ()
        self.found: Mapping[Path, _Found] = {}
        self.unread = ""

    @property
    def is_empty(self) -> bool:
        """Whether there is no place to look."""
        return self._finder is None

    def look(self, listings: Listings) -> None:
        """Find the strays of these listings, each a folder with the ids that it tracks."""
        if self._finder is None:
            return
        if listings != self._listings:
            self._listings = listings
        strays = self._finder.find(self._listings)
        processes = self._finder.processes()
        every = {
            folder: found
            for folder, ids in self._listings
            if (found := _found(strays.get(folder, ()), processes, ids)) != _NOTHING
        }
        self.unread = self._finder.unread
        if self.unread:
            every = dict(self.found) | every
        if every != self.found:
            self.found = every

    def of(self, folder: Path) -> _Found:
        """Return a listing's strays and their processes, as of the last look."""
        return self.found.get(folder, _NOTHING)


def _found(
    strays: tuple[Transcript, ...], processes: tuple[Process, ...], ids: tuple[str, ...]
) -> _Found:
    """Return what belongs to a listing; an unreadable registry entry may run any of its strays."""
    if not strays and not processes:
        return _NOTHING
    named = {one.session_id for one in strays}.union(ids)
    ours = (one for one in processes if one.session_id in named)
    nameless = (one for one in processes if strays and not one.session_id)
    return strays, (*ours, *nameless)
