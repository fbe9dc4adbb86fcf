"""Folders gone through within bounds: at any depth, by no link, with two descriptors at most."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from tui.core.limits import DEEPEST, MOST_ENTRIES, WALK_S
from tui.safe_io.opening import open_folder

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LOCKED = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_RIGHTS = 0o700
_EACH = 256


@dataclass(frozen=True, slots=True)
class FolderSize:
    """How much lies somewhere: bytes of files, how many, and when one was last written to.

    `cut` says why that is not all, in words that follow "not all of it was counted: ".
    """

    bytes: int = 0
    files: int = 0
    cut: str = ""
    newest_ns: int = 0

    def __add__(self, other: FolderSize) -> FolderSize:
        return FolderSize(
            self.bytes + other.bytes,
            self.files + other.files,
            self.cut or other.cut,
            max(self.newest_ns, other.newest_ns),
        )


@dataclass(slots=True)
class WalkEntry:
    """One thing below a folder: its place from there on, and its status, no link followed."""

    place: str
    status: os.stat_result

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.status.st_mode)


class Budget:
    """So many things, within so many seconds from now on; `is_over` once one of them is."""

    def __init__(self, most: int, seconds: float) -> None:
        self.is_over = False
        self._most = self._left = most
        self._seconds = seconds
        self._ends = time.monotonic() + seconds

    @property
    def words(self) -> str:
        """At which bound it is over."""
        if self._left < 0:
            return f"there are over {self._most:,}"
        return f"reading them took over {self._seconds:g} s"

    def spend(self) -> bool:
        """Take one more thing; false when there is none left to take."""
        if not self.is_over:
            self._left -= 1
            self.is_over = self._left < 0 or time.monotonic() > self._ends
        return not self.is_over


class Walk:
    """All that lies below a folder; once it is gone through, `cut` says why that is not all."""

    def __init__(self, folder: str | os.PathLike[str], *, most: int = MOST_ENTRIES) -> None:
        self.cut = ""
        self._folder = folder
        self._most = self._left = most
        self._ends = time.monotonic() + WALK_S

    def __iter__(self) -> Iterator[WalkEntry]:
        try:
            cursor = _Cursor(open_folder(self._folder))
        except OSError as error:
            self.cut = f"its folder cannot be opened: {error.strerror}"
            return
        try:
            yield from self._below(cursor)
        except OSError as error:
            self.cut = f"it changes meanwhile: {error.strerror}"
        finally:
            cursor.close()

    def _below(self, cursor: _Cursor) -> Iterator[WalkEntry]:
        to_do: list[list[str]] = [[]]
        yield from self._entries(cursor.fd, "", to_do[-1])
        places = [""]
        while to_do and self._left > 0:
            if not to_do[-1]:
                to_do.pop()
                places.pop()
                if to_do:
                    cursor.up()
            elif self._enters(cursor, to_do[-1][-1]):
                places.append(f"{places[-1]}{to_do[-1].pop()}/")
                to_do.append([])
                yield from self._entries(cursor.fd, places[-1], to_do[-1])
            else:
                to_do[-1].pop()

    def _enters(self, cursor: _Cursor, name: str) -> bool:
        if cursor.depth >= DEEPEST:
            self.cut = f"its folders are nested over {DEEPEST} deep"
            return False
        try:
            cursor.down(name)
        except OSError as error:
            self.cut = f"a folder in it cannot be opened: {error.strerror}"
            return False
        return True

    def _entries(self, fd: int, place: str, folders: list[str]) -> Iterator[WalkEntry]:
        """Yield what lies in the open folder; the names of folders are put into `folders`."""
        with os.scandir(fd) as entries:
            for entry in entries:
                if self._is_over():
                    return
                try:
                    found = WalkEntry(place + entry.name, entry.stat(follow_symlinks=False))
                except FileNotFoundError:  # it went while we looked
                    continue
                except OSError as error:
                    self.cut = f"something in it cannot be looked at: {error.strerror}"
                    continue
                if found.is_folder:
                    folders.append(entry.name)
                yield found

    def _is_over(self) -> bool:
        self._left -= 1
        if self._left < 0:
            self.cut = f"it holds over {self._most} files and folders"
        elif self._left % _EACH == 0 and time.monotonic() > self._ends:
            self.cut, self._left = f"that took over {WALK_S:g} s", 0
        return self._left <= 0 and bool(self.cut)


def measure(path: str | os.PathLike[str]) -> FolderSize:
    """Return the size of a file, or of all files below a folder, as far as the bounds allow."""
    try:
        status = os.lstat(path)
    except OSError as error:
        return FolderSize(cut="" if isinstance(error, FileNotFoundError) else str(error.strerror))
    if not stat.S_ISDIR(status.st_mode):
        return FolderSize(status.st_size, 1, "", status.st_mtime_ns)
    walk, total, files, newest = Walk(path), 0, 0, 0
    for found in walk:
        if not found.is_folder:
            total, files = total + found.status.st_size, files + 1
            newest = max(newest, found.status.st_mtime_ns)
    return FolderSize(total, files, walk.cut, newest)


def names_in(folder: str | os.PathLike[str], most: int = MOST_ENTRIES) -> tuple[list[str], bool]:
    """Return the names in a folder in order, at most so many, and whether these are all.

    Raises `OSError`.
    """
    fd = open_folder(folder)
    try:
        with os.scandir(fd) as entries:
            names = [entry.name for entry in islice(entries, most + 1)]
    finally:
        os.close(fd)
    return sorted(names[:most]), len(names) <= most


def erase_tree(folder: str | os.PathLike[str]) -> None:
    """Erase a folder with all that is in it, however deep; raises `OSError`, the rest being there.

    Folders of ours that some tool has locked are opened up.
    """
    parent, name = os.path.split(os.fspath(folder))
    cursor = _Cursor(open_folder(parent or "."))
    try:
        _erase_inside(cursor, name)
    finally:
        cursor.close()


def erase_inside(fd: int, name: str) -> None:
    """Do the same to a folder in an open one, which stays open."""
    cursor = _Cursor(os.dup(fd))
    try:
        _erase_inside(cursor, name)
    finally:
        cursor.close()


def _erase_inside(cursor: _Cursor, name: str) -> None:
    to_do = [[name]]
    while to_do:
        if to_do[-1]:
            _open_up(cursor.fd, to_do[-1][-1])
            cursor.down(to_do[-1][-1])
            to_do.append(_unlink_files(cursor.fd))
            continue
        to_do.pop()
        if to_do:
            cursor.up()
            os.rmdir(to_do[-1].pop(), dir_fd=cursor.fd)


def _unlink_files(fd: int) -> list[str]:
    """Unlink all in an open folder that is no folder, and return the names of those that are."""
    files: list[str] = []
    folders: list[str] = []
    with os.scandir(fd) as entries:
        for entry in entries:
            (folders if entry.is_dir(follow_symlinks=False) else files).append(entry.name)
    for name in files:
        try:
            os.unlink(name, dir_fd=fd)
        except FileNotFoundError:
            continue
    return folders


def _open_up(folder: int, name: str) -> None:
    """Give us all rights to a folder in an open one, if it is ours and we have not."""
    fd = os.open(name, _LOCKED, dir_fd=folder)
    try:
        status = os.fstat(fd)
        if status.st_mode & _RIGHTS != _RIGHTS and status.st_uid == os.geteuid():
            os.chmod(f"/proc/self/fd/{fd}", _RIGHTS)  # noqa: PTH101 (the folder that is open)
    finally:
        os.close(fd)


class _Cursor:
    """An open folder, `depth` below the first: down by a name, and up to where it came from."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._above: list[tuple[int, int]] = []

    @property
    def depth(self) -> int:
        return len(self._above)

    def down(self, name: str) -> None:
        fd = os.open(name, _FOLDER, dir_fd=self.fd)
        try:
            os.stat("..", dir_fd=fd)  # what cannot be left again is not entered
        except BaseException:  # whatever happened, the descriptor is still ours to close
            os.close(fd)
            raise
        self._above.append(_identity(self.fd))
        self.close()
        self.fd = fd

    def up(self) -> None:
        fd = os.open("..", _FOLDER, dir_fd=self.fd)
        self.close()
        self.fd = fd
        if _identity(fd) != self._above.pop():
            raise OSError(errno.ESTALE, "a folder was moved away")

    def close(self) -> None:
        os.close(self.fd)


def _identity(fd: int) -> tuple[int, int]:
    status = os.fstat(fd)
    return status.st_dev, status.st_ino
