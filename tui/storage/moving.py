"""Move files from one folder tree into another, whole, on any disk: never lost, repeatable."""

from __future__ import annotations

import errno
import filecmp
import os
import shutil
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tui.core.limits import DEEPEST_MOVED
from tui.storage.folders import is_link, may_be_there
from tui.storage.opening import open_regular
from tui.storage.renaming import rename_new
from tui.storage.safe_io import flush, folder_of, make_new_folder, rename_anew, unlink, unlink_at
from tui.storage.walking import Walk

_MADE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

Rename = Callable[[Path, Path], object]


def move(source: Path, target: Path, *, rename: Rename = rename_anew) -> None:
    """Move `source`, a file or a folder, to `target`; what an interrupted move left is finished.

    On one disk that is a rename. From another, each file is copied, flushed, renamed into place,
    and only then removed, its mtime and mode kept; a link is moved as the link it is. Parts of
    `target` that are there already stay: `conflict` says beforehand whether they are the same.
    Raises `OSError`, with everything still in one place or the other.
    """
    if _is_folder(source) and _is_folder(target):
        _merge(source, target, rename)
    elif may_be_there(target):
        if os.path.samestat(source.lstat(), target.lstat()):
            raise OSError(errno.EEXIST, "that is the same file", str(target))
        unlink_at(source)
    else:
        try:
            rename(source, target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            _carry(source, target, rename)


def require_movable(source: Path) -> None:
    """Raise `OSError` for a folder that is too deep or too full to be moved step by step."""
    walk = Walk(source)
    for found in walk if _is_folder(source) else ():
        if found.place.count("/") > DEEPEST_MOVED:
            words = f"its folders are nested over {DEEPEST_MOVED} deep"
            raise OSError(errno.E2BIG, words, str(source))
    if walk.cut:
        raise OSError(errno.E2BIG, walk.cut, str(source))


def conflict(source: Path, target: Path) -> Path | None:
    """Return the first part of `target` that is there and is not what `source` holds.

    `source` is movable, see `require_movable`.
    """
    if not may_be_there(target):
        return None
    if not _is_folder(source) or not _is_folder(target):
        return None if _is_same(source, target) else target
    parts = (conflict(one, target / one.name) for one in sorted(source.iterdir()))
    return next((part for part in parts if part is not None), None)


def _merge(source: Path, target: Path, rename: Rename) -> None:
    """Move what `source` holds into `target`, which then has its mtime."""
    before = source.stat()
    for one in sorted(source.iterdir()):
        move(one, target / one.name, rename=rename)
    times = before.st_atime_ns, before.st_mtime_ns
    with suppress(OSError), folder_of(target) as (folder, name):
        os.utime(name, ns=times, dir_fd=folder, follow_symlinks=False)
    with folder_of(source) as (folder, name):
        os.rmdir(name, dir_fd=folder)


def _carry(source: Path, target: Path, rename: Rename) -> None:
    """Take `source` to another disk: each step leaves a state that doing it again finishes."""
    if _is_folder(source):
        with folder_of(target) as (parent, name):
            make_new_folder(parent, name)
        _merge(source, target, rename)
        return
    temporary = f".{target.name}.moving"  # so that doing it again takes it away
    with folder_of(target) as (folder, name):
        unlink(folder, temporary)
        try:
            _copy(source, folder, temporary)
            rename_new(folder, temporary, folder, name)
        except BaseException:  # an interrupt too must leave nothing half-made
            unlink(folder, temporary)
            raise
        flush(folder)
    unlink_at(source)


def _copy(source: Path, folder: int, name: str) -> None:
    """Copy a file or a link into an open folder, and wait until it is on the disk."""
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
    if is_link(source) or is_link(target):
        return is_link(source) and is_link(target) and source.readlink() == target.readlink()
    if not source.is_file() or not target.is_file():
        return False
    return filecmp.cmp(source, target, shallow=False)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not is_link(path)
