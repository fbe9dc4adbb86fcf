"""Tells in which folders something changed, by inotify: a hint that saves looking, never a proof.

It sees nothing that another host writes, so it serves file systems of this machine only. A watch
that is missing, stale or on the wrong folder costs time, never truth: whoever relies on a hint
still looks at everything from time to time.
"""

from __future__ import annotations

import os
import struct
import weakref
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from tui.core.limits import MOST_WATCHES
from tui.safe_io.folders import mount_table
from tui.safe_io.fork_safe import fork_safe_lock

_LOCAL = frozenset(("ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "bcachefs", "zfs", "tmpfs"))
_SHARE = 4  # one in so many of the watches that the kernel grants to this login
_LIMIT = Path("/proc/sys/fs/inotify/max_user_watches")
_CONTENT = 0x2 | 0x4 | 0x40 | 0x80 | 0x100 | 0x200  # written, touched, moved out or in, made, gone
_ITSELF = 0x400 | 0x800  # the folder is deleted or moved
_SAFELY = 0x01000000 | 0x02000000  # only a folder, and no link
_LOST, _ENDED = 0x4000, 0x8000  # too many events; a watch that the kernel took away
_EVENT = struct.Struct("iIII")
_PIECE, _MOST_PIECES = 1 << 16, 64


class FolderWatch:
    """Watches folders for owners, such as the listings that they belong to; thread-safe.

    No thread and no timer: the kernel collects events until `changed` is called. Where inotify is
    missing, nothing can be watched.
    """

    def __init__(self, most: int = MOST_WATCHES) -> None:
        self._most = min(most, granted_watches())
        self._lock = fork_safe_lock()
        self._inotify: _Inotify | None = None
        self._owners: dict[int, str] = {}
        self._watched: dict[str, dict[str, int]] = {}

    def room_of(self, owner: str) -> int:
        """Return how many folders may be watched for an owner, as far as is known."""
        with self._lock:
            return self._most - len(self._owners) + len(self._watched.get(owner, ()))

    def put(self, owner: str, folders: Iterable[str]) -> bool:
        """Watch exactly these folders for an owner, each after those that it is in.

        Returns whether all of them are; if not, none is. A folder belongs to one owner. What was
        put must be looked at once more afterwards.
        """
        with self._lock:
            known, found = self._watched.pop(owner, {}), self._watched.setdefault(owner, {})
            is_whole = True
            for folder in folders:
                if not (number := self._add(folder, owner)):
                    is_whole = False  # and nothing below it: it may be a link
                    break
                found[folder] = number
            self._remove(set(known.values()) - set(found.values()))
            if not is_whole:
                self._drop(owner)
            return is_whole

    def drop(self, owner: str) -> None:
        """Watch nothing for an owner any more."""
        with self._lock:
            self._drop(owner)

    def changed(self) -> frozenset[str] | None:
        """Return the owners in whose folders something changed since the last call.

        `None` when events were lost: any may have changed.
        """
        with self._lock:
            found: set[str] = set()
            for _ in range(_MOST_PIECES):
                data = self._inotify.read() if self._inotify is not None else b""
                if not data:
                    return frozenset(found)
                for number, mask in _events(data):
                    if mask & _LOST:
                        return None
                    if (owner := self._owners.get(number)) is not None:
                        found.add(owner)
                    if mask & _ENDED:
                        self._forget(number)
            return None

    def _add(self, folder: str, owner: str) -> int:
        """Watch a folder; return the number of its watch, 0 if that cannot be."""
        if len(self._owners) >= self._most:
            return 0
        if self._inotify is None:
            self._inotify = _Inotify()
        number = self._inotify.add(folder)
        if number <= 0 or self._owners.setdefault(number, owner) != owner:
            return 0
        return number

    def _drop(self, owner: str) -> None:
        self._remove(self._watched.pop(owner, {}).values())

    def _remove(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            if self._owners.pop(number, None) is not None and self._inotify is not None:
                self._inotify.remove(number)

    def _forget(self, number: int) -> None:
        """Forget a watch that the kernel ended: its number is never used again."""
        owner = self._owners.pop(number, None)
        kept = self._watched.get(owner, {}) if owner is not None else {}
        for folder in [one for one, other in kept.items() if other == number]:
            del kept[folder]


class _Inotify:
    """The kernel's calls; without them, or another instance for this login, nothing is added."""

    def __init__(self) -> None:
        import ctypes  # no verb watches, and each would wait for this

        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd = -1
        with suppress(AttributeError):
            self._fd = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd >= 0:
            weakref.finalize(self, os.close, self._fd)

    def add(self, folder: str) -> int:
        """Watch a folder that is no link; return the number of the watch, below 1 for none."""
        if self._fd < 0:
            return 0
        number: int = self._libc.inotify_add_watch(
            self._fd, os.fsencode(folder), _CONTENT | _ITSELF | _SAFELY
        )
        return number

    def remove(self, number: int) -> None:
        """End a watch."""
        self._libc.inotify_rm_watch(self._fd, number)

    def read(self) -> bytes:
        """Return some of the events that came; nothing when none did."""
        try:
            return os.read(self._fd, _PIECE) if self._fd >= 0 else b""
        except BlockingIOError:
            return b""


def local_device(folder: Path) -> int | None:
    """Return the device of a folder on a file system of this machine; `None` for any other."""
    try:
        place, device = os.path.realpath(folder), folder.stat().st_dev
    except OSError:
        return None
    above = [place, *map(str, Path(place).parents)]
    kinds = {mount.place: mount.kind for mount in mount_table()}
    kind = next((kinds[one] for one in above if one in kinds), "")
    return device if kind in _LOCAL else None


def granted_watches() -> int:
    """Return how many watches a console may take of those that the kernel grants to this login."""
    with suppress(OSError, ValueError):
        return int(_LIMIT.read_text("ascii")) // _SHARE
    return 0


def _events(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the watch and the kind of each event."""
    at = 0
    while at + _EVENT.size <= len(data):
        number, mask, _, length = _EVENT.unpack_from(data, at)
        yield number, mask
        at += _EVENT.size + length
