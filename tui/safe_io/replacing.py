"""The one way to make and replace our files, and those of a config dir.

Everything uses descriptors: of the folder, opened through no link that others could have put there,
and of the file just made in it. So nothing can be swapped between a check and its use. Permissions
are only set on files that were just made here: a name that is found may be somebody's own file,
moved there.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from tui.safe_io.opening import open_base, open_folder_of
from tui.safe_io.renaming import rename_new

_STEP = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MADE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_FOLDER = (errno.ELOOP, errno.ENOTDIR)
_MOST_OPEN = 8


@contextmanager
def folder_of(path: Path) -> Iterator[tuple[int, str]]:
    """Open the parent folder of `path`; give it and the name in it. Raises `OSError`."""
    fd, name = open_folder_of(path)
    try:
        yield fd, name
    finally:
        os.close(fd)


def make_folders(base: Path, *names: str) -> None:
    """Make nested folders below `base`, each with its parent's permissions.

    Raises `NotADirectoryError` for a link in the way, or anything else that is not a folder.
    """
    fd = -1
    try:
        fd = open_base(base)
        for name in names:
            below = make_folder(fd, name)
            os.close(fd)
            fd = below
    except OSError as error:
        if error.errno in _NO_FOLDER:
            path = base.joinpath(*names)
            raise NotADirectoryError(
                errno.ENOTDIR, "a link or a file is there, which is not a folder of ours", str(path)
            ) from None
        raise
    finally:
        if fd >= 0:
            os.close(fd)


def make_folder(parent: int, name: str) -> int:
    """Open a subfolder of an open folder, or make it; raises `OSError`."""
    with suppress(FileNotFoundError):
        return os.open(name, _STEP, dir_fd=parent)
    with suppress(FileExistsError):
        make_new_folder(parent, name)
    return os.open(name, _STEP, dir_fd=parent)


def make_new_folder(parent: int, name: str) -> None:
    """Make a subfolder with its parent's permissions; raises `FileExistsError` when it exists.

    Where others may write it is made inside a private folder, where it cannot be swapped, and then
    moved: `mkdir` returns no descriptor, and by the time the name is opened it may be another
    folder.
    """
    private = f".{os.urandom(8).hex()}.new"
    os.mkdir(private, 0o700, dir_fd=parent)
    try:
        fd = os.open(private, _FOLDER, dir_fd=parent)
        try:
            if _is_ours_alone(parent):
                give_rights(fd, parent)
                rename_new(parent, private, parent, name)
            else:
                _make_in_private(fd, parent, name)
        finally:
            os.close(fd)
    finally:
        with suppress(OSError):
            os.rmdir(private, dir_fd=parent)


def _is_ours_alone(folder: int) -> bool:
    """Whether nobody else can rename what is in an open folder; an ACL shows in its group bits."""
    status = os.fstat(folder)
    return status.st_uid == os.geteuid() and not status.st_mode & 0o022


def _make_in_private(private: int, parent: int, name: str) -> None:
    os.mkdir("made", 0o700, dir_fd=private)
    try:
        status = os.fstat(private)
        if status.st_uid == os.geteuid() and not status.st_mode & 0o077:
            made = os.open("made", _FOLDER, dir_fd=private)
            try:
                give_rights(made, parent)
            finally:
                os.close(made)
        rename_new(private, "made", parent, name)
    except BaseException:  # an interrupt too must leave nothing half-made
        with suppress(OSError):
            os.rmdir("made", dir_fd=private)
        raise


def make_file(folder: int, name: str) -> int:
    """Make a file with its folder's permissions, and open it for reading and writing.

    Raises `FileExistsError` when anything has this name.
    """
    fd = os.open(name, _MADE, 0o600, dir_fd=folder)
    try:
        give_rights(fd, folder)
    except BaseException:  # the descriptor must be closed in any case
        os.close(fd)
        raise
    return fd


def give_rights(made: int, parent: int) -> None:
    """Give a file or folder that was just made its parent's group and permissions, if we may."""
    mine, wanted = os.fstat(made), os.fstat(parent)
    if mine.st_uid != os.geteuid():
        return
    with suppress(OSError):
        if mine.st_gid != wanted.st_gid:
            os.fchown(made, -1, wanted.st_gid)
        mode = stat.S_IMODE(wanted.st_mode) & 0o2777
        mode = mode | 0o700 if stat.S_ISDIR(mine.st_mode) else (mode & 0o666) | 0o600
        if stat.S_IMODE(mine.st_mode) != mode:
            os.fchmod(made, mode)


def write_atomically(path: Path, text: str, *, mode: int | None = None) -> None:
    """Replace `path` with a file that holds `text`, atomically.

    Keeps the replaced file's owner, group and permissions; a new file gets those of its folder, or
    `mode`. Raises `OSError`; the old file is then unchanged, also on a full disk.
    """
    with folder_of(path) as (folder, name):
        temporary, fd = written_beside(folder, name, text.encode(), mode)
        os.close(fd)
        try:
            os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:  # an interrupt too must leave nothing half-made
            unlink(folder, temporary)
            raise
        flush(folder)


def write_new(path: Path, text: str, *, mode: int) -> None:
    """Make a new file that holds `text`, atomically and with these permissions.

    Raises `FileExistsError` when anything has its name, else `OSError`; nothing is left then.
    """
    with folder_of(path) as (folder, name):
        temporary, fd = written_beside(folder, name, text.encode("utf-8", "replace"), mode)
        os.close(fd)
        try:
            rename_new(folder, temporary, folder, name)
        except BaseException:  # an interrupt too must leave nothing half-made
            unlink(folder, temporary)
            raise
        flush(folder)


def written_beside(folder: int, name: str, data: bytes, mode: int | None = None) -> tuple[str, int]:
    """Write and flush a temporary file beside `name`; return its name and its open descriptor."""
    temporary = f".{name}.{os.urandom(8).hex()}"
    fd = os.open(temporary, _MADE, 0o600, dir_fd=folder)
    try:
        _write_all(fd, data)
        if mode is not None:
            os.fchmod(fd, mode)
        else:
            _keep_rights(fd, folder, name)
        os.fsync(fd)
    except BaseException:  # an interrupt too must leave nothing half-made
        os.close(fd)
        unlink(folder, temporary)
        raise
    return temporary, fd


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _keep_rights(made: int, folder: int, name: str) -> None:
    """Copy the permissions of the file to be replaced; raises `OSError` if its group would lose
    access.
    """
    try:
        old = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        old = None
    if old is None or not stat.S_ISREG(old.st_mode):
        give_rights(made, folder)
        return
    if os.fstat(made).st_uid != old.st_uid:
        with suppress(PermissionError):
            os.fchown(made, old.st_uid, -1)
    if os.fstat(made).st_gid != old.st_gid:
        try:
            os.fchown(made, -1, old.st_gid)
        except PermissionError:
            if (old.st_mode >> 3) & ~old.st_mode & 0o7:
                words = f"its group {old.st_gid} is not ours, and would be locked out"
                raise PermissionError(errno.EPERM, words, name) from None
    os.fchmod(made, stat.S_IMODE(old.st_mode) & 0o777)


def rename_anew(source: Path, target: Path) -> None:
    """Rename `source` to `target` without replacing anything, and through no link of others.

    Raises `FileExistsError` when `target` exists, else `OSError`; both name the full paths.
    """
    with OpenFolders() as folders:
        folders.rename_anew(source, target)


class OpenFolders:
    """The folders of many files that are looked at or moved in a row, each opened only once.

    They are opened as `folder_of` does, and kept for a moment only: what is done in one goes on in
    the folder that was there then. All methods raise `OSError`.
    """

    def __init__(self) -> None:
        self._open: dict[str, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all of them."""
        while self._open:
            os.close(self._open.popitem()[1])

    def is_open(self, path: str | Path) -> bool:
        """Whether the folder of `path` was opened already, and so is behind no link."""
        return _parted(path)[0] in self._open

    def status(self, path: str | Path) -> os.stat_result:
        """Return the status of a file or folder, or of a link itself."""
        folder, name = self._of(path)
        return os.stat(name, dir_fd=folder, follow_symlinks=False)

    def rename_anew(self, source: str | Path, target: str | Path) -> None:
        """Do as the function `rename_anew`."""
        try:
            here, name = self._of(source)
            there, new = self._of(target, keeps=here)
            rename_new(here, name, there, new)
        except OSError as error:
            words, paths = error.strerror or str(error), (str(source), None, str(target))
            raise OSError(error.errno or errno.EIO, words, *paths) from error

    def unlink(self, path: str | Path) -> None:
        """Remove a file."""
        folder, name = self._of(path)
        os.unlink(name, dir_fd=folder)

    def _of(self, path: str | Path, keeps: int = -1) -> tuple[int, str]:
        """Return the open folder of `path` and the name in it; `keeps` is not closed for it."""
        folder, name = _parted(path)
        if folder not in self._open:
            opened, _ = open_folder_of(path)
            if len(self._open) >= _MOST_OPEN:
                spare = next(one for one, fd in self._open.items() if fd != keeps)
                os.close(self._open.pop(spare))
            self._open[folder] = opened
        return self._open[folder], name


def _parted(path: str | Path) -> tuple[str, str]:
    """Split a path behind the slash before its name; raises `OSError` if it ends with no name."""
    text = os.fspath(path)
    name = text[text.rfind("/") + 1 :]
    if name in ("", ".", ".."):
        raise OSError(errno.EINVAL, "it names nothing in a folder", text)
    return text[: len(text) - len(name)], name


def flush(folder: int) -> None:
    """Flush an open folder's names to the disk, where that is supported."""
    with suppress(OSError):
        fd = os.open(".", _FOLDER, dir_fd=folder)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def unlink_at(path: Path) -> None:
    """Remove a file if it exists, through no link of others; raises `OSError`."""
    with folder_of(path) as (folder, name), suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)


def unlink(folder: int, name: str) -> None:
    """Remove a file from an open folder, and ignore failures."""
    with suppress(OSError):
        os.unlink(name, dir_fd=folder)
