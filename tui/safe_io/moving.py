"""Moves files and folders to any disk, without loss; an interrupted move can be repeated."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from tui.core.limits import DEEPEST_MOVED
from tui.safe_io.folders import is_link, may_be_there
from tui.safe_io.opening import open_regular
from tui.safe_io.renaming import rename_new
from tui.safe_io.replacing import flush, folder_of, make_new_folder, rename_anew, unlink
from tui.safe_io.walking import Walk

_MADE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_BLOCK = 1 << 20

Place = tuple[int, str]  # an open folder, and a name in it
Rename = Callable[[Path, Path], object]


def move(source: Path, target: Path, *, rename: Rename = rename_anew) -> None:
    """Move `source`, a file or a folder, to `target`; also finishes an interrupted move.

    On one disk this is a rename. Between disks, each file is copied with its mtime and mode,
    flushed, renamed into place, and only then removed; a link is moved as a link. Parts of `target`
    that exist must have the same content, else `FileExistsError` is raised. After an `OSError`
    everything is still in one place or the other.
    """
    if _is_folder(source) and _is_folder(target):
        _merge(source, target, rename)
    elif may_be_there(target):
        _drop(source, target)
    else:
        try:
            rename(source, target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            _carry(source, target, rename)


def require_movable(source: Path) -> None:
    """Raise `OSError` for a folder that is too deep or too large to be moved file by file."""
    walk = Walk(source)
    for found in walk if _is_folder(source) else ():
        if found.place.count("/") > DEEPEST_MOVED:
            words = f"its folders are nested over {DEEPEST_MOVED} deep"
            raise OSError(errno.E2BIG, words, str(source))
    if walk.cut:
        raise OSError(errno.E2BIG, walk.cut, str(source))


def conflict(source: Path, target: Path) -> Path | None:
    """Return the first part of `target` that exists and differs from `source`, or `None`.

    `source` must be movable, see `require_movable`.
    """
    if not may_be_there(target):
        return None
    if not _is_folder(source) or not _is_folder(target):
        return None if _is_same(source, target) else target
    parts = (conflict(one, target / one.name) for one in sorted(source.iterdir()))
    return next((part for part in parts if part is not None), None)


def _merge(source: Path, target: Path, rename: Rename) -> None:
    """Move the content of `source` into `target`, and its mtime."""
    before = source.stat()
    for one in sorted(source.iterdir()):
        move(one, target / one.name, rename=rename)
    times = before.st_atime_ns, before.st_mtime_ns
    with suppress(OSError), folder_of(target) as (folder, name):
        os.utime(name, ns=times, dir_fd=folder, follow_symlinks=False)
    with folder_of(source) as (folder, name):
        os.rmdir(name, dir_fd=folder)


def _drop(source: Path, target: Path) -> None:
    """Remove a file that equals `target`; raises `FileExistsError` when it does not."""
    with folder_of(source) as (here, name), folder_of(target) as (there, called):
        mine, other = _status(here, name), _status(there, called)
        if os.path.samestat(mine, other):
            raise FileExistsError(errno.EEXIST, "that is the same file", str(target))
        if not _is_equal((here, name), (there, called)) or not _is_still(mine, _status(here, name)):
            words = "something else is there now, and nothing was moved over it"
            raise FileExistsError(errno.EEXIST, words, str(target))
        os.unlink(name, dir_fd=here)


def _carry(source: Path, target: Path, rename: Rename) -> None:
    """Move `source` to another disk; after any step, doing it again finishes the move."""
    if _is_folder(source):
        with folder_of(target) as (parent, name):
            make_new_folder(parent, name)
        _merge(source, target, rename)
        return
    temporary = f".{target.name}.moving"  # a fixed name, so that the next attempt removes it
    with folder_of(target) as (folder, name):
        unlink(folder, temporary)
        before = source.lstat()
        try:
            _copy(source, folder, temporary)
            if not _is_still(before, source.lstat()):
                raise OSError(errno.EAGAIN, "it was written to meanwhile", str(source))
            rename_new(folder, temporary, folder, name)
        except BaseException:  # an interrupt too must leave nothing half-made
            unlink(folder, temporary)
            raise
        flush(folder)
    _drop(source, target)


def _copy(source: Path, folder: int, name: str) -> None:
    """Copy a file or a link into an open folder, and flush it to the disk."""
    with folder_of(source) as (here, called):
        mode = os.stat(called, dir_fd=here, follow_symlinks=False).st_mode
        if stat.S_ISLNK(mode):
            os.symlink(os.readlink(called, dir_fd=here), name, dir_fd=folder)
            return
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "neither a file nor a folder", str(source))
    with (
        os.fdopen(open_regular(source), "rb") as read,
        os.fdopen(os.open(name, _MADE, 0o600, dir_fd=folder), "wb") as write,
    ):
        shutil.copyfileobj(read, write)
        write.flush()
        shutil.copystat(f"/proc/self/fd/{read.fileno()}", f"/proc/self/fd/{write.fileno()}")
        os.fsync(write.fileno())


def _is_same(source: Path, target: Path) -> bool:
    with folder_of(source) as one, folder_of(target) as other:
        return _is_equal(one, other)


def _is_equal(one: Place, other: Place) -> bool:
    """Whether two names, each in an open folder, are equal files or links to the same path."""
    modes = [_status(*place).st_mode for place in (one, other)]
    if any(map(stat.S_ISLNK, modes)):
        are_links = all(map(stat.S_ISLNK, modes))
        return are_links and _target(*one) == _target(*other)
    if not all(map(stat.S_ISREG, modes)):
        return False
    with _reading(one) as first, _reading(other) as second:
        while (block := first.read(_BLOCK)) == second.read(_BLOCK):
            if not block:
                return True
    return False


def _target(folder: int, name: str) -> str:
    return os.readlink(name, dir_fd=folder)


def _reading(place: Place) -> BinaryIO:
    folder, name = place
    return os.fdopen(os.open(name, _READ, dir_fd=folder), "rb")


def _status(folder: int, name: str) -> os.stat_result:
    return os.stat(name, dir_fd=folder, follow_symlinks=False)


def _is_still(before: os.stat_result, now: os.stat_result) -> bool:
    """Whether a file is the same as before, and was not written to since."""
    is_unwritten = (before.st_size, before.st_mtime_ns) == (now.st_size, now.st_mtime_ns)
    return os.path.samestat(before, now) and is_unwritten


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not is_link(path)
