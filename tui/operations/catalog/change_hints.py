"""Tells which listings need no check now, since nothing was written in any of their folders."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from tui.operations.catalog.change_stamps import Stamps
from tui.operations.catalog.listing_watcher import ListingWatcher
from tui.operations.catalog.root_state import RootState
from tui.safe_io.fork_safe import fork_safe_lock

if TYPE_CHECKING:  # no verb watches
    from tui.safe_io.folder_watch import FolderWatch


class Turns:
    """Gives each of many names its turn within a time, at least so many at once."""

    def __init__(self, within: timedelta, at_least: int) -> None:
        self._within = within
        self._at_least = at_least
        self._next = 0

    def take(self, names: Sequence[str], passed: timedelta) -> frozenset[str]:
        """Return whose turn it is, so long after the last call."""
        share = min(max(passed / self._within, 0.0), 1.0)
        count = min(max(self._at_least, math.ceil(len(names) * share)), len(names))
        begin = self._next % len(names) if names else 0
        self._next = begin + count
        return frozenset((*names, *names)[begin : begin + count])


class ChangeHints:
    """Watches the folders of calm listings; without a `watch` no listing is ever covered.

    A listing is `covered` once all of it was checked after its folders were watched, and until
    something happens in them; `quiet` are those where nothing else can change. Only a root on a
    file system of this machine is watched, and no listing with a mount in it. `look` is the number
    of the present look.
    """

    def __init__(self, watch: FolderWatch | None) -> None:
        self._watch = watch
        self._device: int | None = None
        self._disks: Mapping[str, str] = {}
        self._watched: dict[str, Stamps] = {}
        self.covered: set[str] = set()
        self.quiet: set[str] = set()
        self.look = 0
        self._lock = fork_safe_lock()

    @property
    def has_watch(self) -> bool:
        """Whether folders are watched at all, as only a console does."""
        return self._watch is not None

    def begin(self, root: RootState) -> frozenset[str]:
        """Begin a look; return the watched listings to check, where something happened or may."""
        if self._watch is None:
            return frozenset()
        with self._lock:
            self.look += 1
            touched = self._watch.changed()
            if touched is None or root.is_moved or root.device != self._device:
                touched = frozenset(self._watched)
            self._device, self._disks = root.device, root.disks
            self.covered -= touched
            self.quiet -= touched
            return touched | (self._watched.keys() - self.covered)

    def note(self, name: str, watcher: ListingWatcher, look: int, *, is_whole: bool) -> None:
        """Take in a listing that was checked since that look began; `is_whole` if all of it was.

        May be called from many threads, each for other listings, also late.
        """
        if self._watch is None:
            return
        can_watch = self._can_watch(name, watcher)
        is_watched = can_watch and self._watched.get(name) is watcher.folders
        with self._lock:
            if is_watched and is_whole and look == self.look:
                self.covered.add(name)
                (self.quiet.discard if watcher.has_more else self.quiet.add)(name)
            elif not is_watched:
                self._uncover(name)
        if can_watch and not is_watched:
            self._watched.pop(name, None)
            if self._watch.put(name, watcher.folders):
                self._watched[name] = watcher.folders

    def _can_watch(self, name: str, watcher: ListingWatcher) -> bool:
        devices = {device for device, *_ in watcher.folders.values()}
        is_calm = not watcher.is_restless and name not in self._disks
        return is_calm and self._device is not None and devices == {self._device}

    def _uncover(self, name: str) -> None:
        self.covered.discard(name)
        self.quiet.discard(name)

    def keep_only(self, names: Sequence[str]) -> None:
        """Watch no other listings any more."""
        for name in self._watched.keys() - set(names):
            del self._watched[name]
            self._uncover(name)
            if self._watch is not None:
                self._watch.drop(name)
