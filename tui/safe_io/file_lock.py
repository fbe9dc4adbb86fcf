"""Locks on files: an exclusive `flock`, which the kernel releases when its process ends."""

from __future__ import annotations

import errno
import fcntl
import os
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from tui.core.errors import Reason, Refused
from tui.safe_io.folders import console_folder
from tui.safe_io.replacing import folder_of, make_file, unlink

TRIES = 4
PATIENT_TRIES = 100
PAUSE_S = 0.03
NO_LOCKS = "this mount has no locks"
_OPENED = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class FileLock:
    """An exclusive `flock` on a file of ours; a forked child does not inherit it."""

    def __init__(self, fd: int, path: Path) -> None:
        self.fd = fd
        self.path = path
        _ours.add(self)

    @classmethod
    def locked(cls, path: Path, tries: int) -> Self:
        """Return the lock, held; raises `BlockingIOError` after that many tries.

        Starts again if the file was removed meanwhile: its lock would keep nobody out.
        """
        while True:
            lock = cls(_opened(path), path)
            try:
                _lock(lock.fd, tries)
                if is_at(path, lock.fd):
                    return lock
            except BaseException:  # an interrupt too must leave nothing half-made
                lock.close()
                raise
            lock.close()

    def discard(self) -> None:
        """Remove the lock's file, for a session that is gone, and close.

        Those who wait for it then lock a new file; see `locked`.
        """
        if self.fd >= 0:
            with suppress(OSError), folder_of(self.path) as (folder, name):
                unlink(folder, name)
        self.close()

    def close(self) -> None:
        """Close our descriptor; the lock is released once no copy of it is open."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def release(self) -> None:
        """Unlock it for all copies, including those that a forked process keeps open."""
        if self.fd >= 0:
            fcntl.flock(self.fd, fcntl.LOCK_UN)
            self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()


@contextmanager
def folder_lock(listing_path: Path, name: str) -> Iterator[None]:
    """Hold the lock for rewriting a small file of a listing; waits up to 3 s for it.

    `name` begins with a dot, as no session id does. Raises `Refused` when another process holds it
    for longer, `OSError` when it cannot be made.
    """
    with file_lock(console_folder(listing_path, "locks") / name, name[1:]):
        yield


@contextmanager
def file_lock(path: Path, what: str) -> Iterator[None]:
    """Hold the lock at `path` for rewriting `what`; waits and raises as `folder_lock`."""
    try:
        lock = FileLock.locked(path, PATIENT_TRIES)
    except BlockingIOError:
        words = f"another process is writing {what}: try again"
        raise Refused(words, Reason.IN_USE) from None
    try:
        yield
    finally:
        lock.close()


def _close_in_child() -> None:
    """Close, but don't unlock, the parent's locks in a forked child, which may live longer."""
    for lock in tuple(_ours):
        with suppress(OSError):
            lock.close()


_ours: weakref.WeakSet[FileLock] = weakref.WeakSet()
os.register_at_fork(after_in_child=_close_in_child)


def _opened(path: Path) -> int:
    """Open a lock's file, or make it with its folder's permissions; raises `OSError`.

    A process that has just made it sets the permissions a moment later: until then, try again.
    """
    with folder_of(path) as (folder, name):
        for attempt in range(TRIES):
            try:
                return os.open(name, _OPENED, dir_fd=folder)
            except FileNotFoundError:
                with suppress(FileExistsError):
                    return make_file(folder, name)
            except PermissionError:
                if attempt == TRIES - 1:
                    raise
                time.sleep(PAUSE_S)
    raise BlockingIOError(errno.EAGAIN, "it comes and goes", str(path))


def is_at(path: Path, fd: int) -> bool:
    """Return whether the file that is open as `fd` is still the one at `path`."""
    try:
        return os.path.samestat(path.lstat(), os.fstat(fd))
    except FileNotFoundError:
        return False


def _lock(fd: int, tries: int) -> None:
    """Lock `fd`, retrying every 0.03 s: a check of the lock blocks it for microseconds."""
    for attempt in range(tries):
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if attempt == tries - 1:
                raise
            time.sleep(PAUSE_S)
        except OSError as error:
            raise OSError(error.errno, f"{NO_LOCKS} ({error.strerror})") from error
        else:
            return
