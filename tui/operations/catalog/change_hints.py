"""Tells which listings need no check now, since nothing was written in any of their folders."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tui.operations.catalog.change_stamps import Stamps
from tui.operations.catalog.listing_watcher import ListingWatcher
from tui.operations.catalog.root_state import RootState
from tui.safe_io.fork_safe import fork_safe_lock

if TYPE_CHECKING:  # no verb watches
    from tui.safe_io.folder_watch import FolderWatch

_MOST_STALE = 4  # times as many entries in the heap as there are listings


class ChangeHints:
    """Watches the folders of calm listings; without a `watch` no listing is ever covered.

    A listing is `covered` once all of it was checked after its folders were watched, and until
    something happens in them; `quiet` are those where nothing else can change. Only a root on a
    file system of this machine is watched, and no listing with a mount in it. Where there are not
    enough watches for all, those that changed last have them. `look` is the number of the present
    look.
    """

    def __init__(self, watch: FolderWatch | None) -> None:
        self._watch = watch
        self._device: int | None = None
        self._disks: Mapping[str, str] = {}
        self._watched: dict[str, Stamps] = {}
        self._ages: dict[str, int] = {}  # when what is watched had changed last
        self._oldest: list[tuple[int, str]] = []  # a heap of them, and of some that are outdated
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
        with self._lock:
            is_watched = can_watch and self._watched.get(name) is watcher.folders
            if is_watched and is_whole and look == self.look:
                self.covered.add(name)
                (self.quiet.discard if watcher.has_more else self.quiet.add)(name)
            elif not is_watched:
                self._uncover(name)
            if is_watched or not can_watch:
                return
            self._watched.pop(name, None)
            has_room = self._make_room(self._watch, name, watcher)
        if has_room and self._watch.put(name, watcher.folders):
            with self._lock:
                self._watched[name] = watcher.folders
                self._note_age(name, watcher.changed_ns)

    def _make_room(self, watch: FolderWatch, name: str, watcher: ListingWatcher) -> bool:
        """Let go of listings that changed longer ago than this one; return whether it has room."""
        while watch.room_of(name) < len(watcher.folders):
            if not self._oldest or self._oldest[0][0] >= watcher.changed_ns:
                return False
            age, oldest = heapq.heappop(self._oldest)
            if self._ages.get(oldest) == age and oldest in self._watched:
                self._let_go(oldest)
        return True

    def _note_age(self, name: str, changed_ns: int) -> None:
        self._ages[name] = changed_ns
        heapq.heappush(self._oldest, (changed_ns, name))
        if len(self._oldest) > _MOST_STALE * len(self._ages):
            self._oldest = [(age, one) for one, age in self._ages.items()]
            heapq.heapify(self._oldest)

    def _let_go(self, name: str) -> None:
        self._watched.pop(name, None)
        self._ages.pop(name, None)
        self._uncover(name)
        if self._watch is not None:
            self._watch.drop(name)

    def _can_watch(self, name: str, watcher: ListingWatcher) -> bool:
        devices = {device for device, *_ in watcher.folders.values()}
        is_calm = not watcher.is_restless and name not in self._disks
        return is_calm and self._device is not None and devices == {self._device}

    def _uncover(self, name: str) -> None:
        self.covered.discard(name)
        self.quiet.discard(name)

    def keep_only(self, names: Sequence[str]) -> None:
        """Watch no other listings any more."""
        with self._lock:
            for name in self._watched.keys() - set(names):
                self._let_go(name)
