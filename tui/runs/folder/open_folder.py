"""Opens a run's folder, so that work in it follows no link, not even one planted in a race."""

from __future__ import annotations

import errno
import os
import stat
import weakref
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tui.safe_io.opening import open_base
from tui.safe_io.replacing import make_file, make_new_folder

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_OURS = 3  # `.session_console`, `runs` and the run's own


class RunFolder:
    """A run's folder, opened once, at its first use.

    A folder or link that replaces it later is never written to.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd = -1

    @property
    def fd(self) -> int:
        """Its descriptor, closed with this object; raises `OSError`."""
        if self._fd < 0:
            self._fd = open_folder(self.path)
            weakref.finalize(self, os.close, self._fd)
        return self._fd


def open_folder(path: Path, ours: int = _OURS) -> int:
    """Open a folder, following no link in its last `ours` names; raises `OSError`."""
    path = path.absolute()
    base = path.parents[min(ours, len(path.parents)) - 1]
    with ExitStack() as passed:
        fd = open_base(base)
        for name in path.relative_to(base).parts:
            passed.callback(os.close, fd)
            fd = open_inside(fd, name)
    return fd


def open_inside(folder: int, name: str) -> int:
    """Open a subfolder of an open folder; raises `OSError`, also for a link."""
    try:
        return os.open(name, _FOLDER, dir_fd=folder)
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.ENOTDIR):
            raise
        words = "its folder was replaced by a link or a file"
        raise NotADirectoryError(errno.ENOTDIR, words, name) from None


def make_inside(folder: int, name: str) -> int:
    """Make a subfolder with its parent's permissions, and open it."""
    make_new_folder(folder, name)
    return open_inside(folder, name)


@contextmanager
def closing(fd: int) -> Iterator[int]:
    """Close a descriptor at the end."""
    try:
        yield fd
    finally:
        os.close(fd)


def open_file(folder: int, name: str, flags: int = 0) -> int:
    """Open a regular file in an open folder for writing, or make it.

    Raises `OSError` for anything else in its place; a pipe does not block.
    """
    try:
        fd = os.open(name, _FILE | flags, dir_fd=folder)
    except FileNotFoundError:
        os.close(make_file(folder, name))
        fd = os.open(name, _FILE | flags, dir_fd=folder)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "no regular file", name)
    except BaseException:  # an interrupt too must leave nothing open
        os.close(fd)
        raise
    return fd


def write_new(folder: int, name: str, text: str, *, is_lasting: bool = False) -> None:
    """Write a file that is not there yet, in an open folder; `is_lasting` waits for the disk."""
    with os.fdopen(make_file(folder, name), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        if is_lasting:
            os.fsync(file.fileno())


def replace_file(folder: int, name: str, text: str, *, is_lasting: bool = True) -> None:
    """Replace a file in an open folder, whole or not at all; a link there is replaced itself."""
    temporary = f".{name}.{os.urandom(8).hex()}"
    try:
        write_new(folder, temporary, text, is_lasting=is_lasting)
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:  # an interrupt too must leave nothing half-made
        with suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise
