"""Walks folders within bounds: at any depth, following no link, with two descriptors at most."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterator
from itertools import islice

from tui.core.limits import DEEPEST, MOST_ENTRIES, WALK_S
from tui.core.values import dataclass
from tui.safe_io.opening import open_folder

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LOCKED = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_RIGHTS = 0o700
_EACH = 256


@dataclass(frozen=True, slots=True)
class FolderSize:
    """The size of a file or folder: bytes, number of files, and the newest mtime.

    `cut` says why not all of it was counted.
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
    """An entry below a folder: its relative path and its `lstat` status."""

    place: str
    status: os.stat_result

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.status.st_mode)


class Budget:
    """A bound on items and on seconds from now; `is_over` once either is reached."""

    def __init__(self, most: int, seconds: float) -> None:
        self.is_over = False
        self._most = self._left = most
        self._seconds = seconds
        self._ends = time.monotonic() + seconds

    @property
    def words(self) -> str:
        """Which bound was reached."""
        if self._left < 0:
            return f"there are over {self._most:,}"
        return f"reading them took over {self._seconds:g} s"

    def spend(self) -> bool:
        """Count one more item; false when the budget is used up."""
        if not self.is_over:
            self._left -= 1
            self.is_over = self._left < 0 or time.monotonic() > self._ends
        return not self.is_over


class Walk:
    """Iterates over all entries below a folder; afterwards `cut` says why some are missing."""

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
            self.cut = f"it changed meanwhile: {error.strerror}"
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
        """Yield the open folder's entries, and add the names of subfolders to `folders`."""
        with os.scandir(fd) as entries:
            for entry in entries:
                if self._is_over():
                    return
                try:
                    found = WalkEntry(place + entry.name, entry.stat(follow_symlinks=False))
                except FileNotFoundError:  # removed meanwhile
                    continue
                except OSError as error:
                    self.cut = f"an entry in it cannot be read: {error.strerror}"
                    continue
                if found.is_folder:
                    folders.append(entry.name)
                yield found

    def _is_over(self) -> bool:
        self._left -= 1
        if self._left < 0:
            self.cut = f"it has more than {self._most} files and folders"
        elif self._left % _EACH == 0 and time.monotonic() > self._ends:
            self.cut, self._left = f"reading it took over {WALK_S:g} s", 0
        return self._left <= 0 and bool(self.cut)


def measure(path: str | os.PathLike[str]) -> FolderSize:
    """Return the size of a file, or of all files below a folder, within the bounds."""
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
    """Return at most that many names in a folder, sorted, and whether these are all.

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
    """Erase a folder with all its content, however deep; raises `OSError`, and leaves the rest.

    Our own folders that lack permissions are made writable.
    """
    parent, name = os.path.split(os.fspath(folder))
    cursor = _Cursor(open_folder(parent or "."))
    try:
        _erase_inside(cursor, name)
    finally:
        cursor.close()


def erase_inside(fd: int, name: str) -> None:
    """Erase a subfolder of an open folder in the same way."""
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
    """Unlink all files in an open folder, and return the names of its subfolders."""
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
    """Make a subfolder of ours readable and writable for us."""
    fd = os.open(name, _LOCKED, dir_fd=folder)
    try:
        status = os.fstat(fd)
        if status.st_mode & _RIGHTS != _RIGHTS and status.st_uid == os.geteuid():
            os.chmod(f"/proc/self/fd/{fd}", _RIGHTS)  # noqa: PTH101 (the folder that is open)
    finally:
        os.close(fd)


class _Cursor:
    """An open folder, `depth` levels below the first, that moves down by a name and back up."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._above: list[tuple[int, int]] = []

    @property
    def depth(self) -> int:
        return len(self._above)

    def down(self, name: str) -> None:
        fd = os.open(name, _FOLDER, dir_fd=self.fd)
        try:
            os.stat("..", dir_fd=fd)  # never enter a folder that we could not leave
        except BaseException:  # the descriptor must be closed in any case
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
