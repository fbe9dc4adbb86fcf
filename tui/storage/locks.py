"""The session's lock: one owner a session, told apart by the kernel."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from tui.core.errors import Refused
from tui.storage.folders import console_folder, inherit_rights, our_folder

_TRIES = 4
_PAUSE = 0.03
_SETTINGS = ".settings"  # no session can be called that
_SETTINGS_TRIES = 100


class SessionLock:
    """An exclusive `flock` on `<listing>/.session_console/locks/<session id>`.

    Whoever resumes, deletes, cleans, adopts or forks holds it; a launcher hands its descriptor
    to the runner, which then holds it until it ends, however it ends.
    """

    def __init__(self, fd: int, path: Path) -> None:
        self.fd = fd
        self.path = path

    @classmethod
    def take(cls, listing_path: Path, session_id: str) -> SessionLock:
        """Take the lock now or raise `Refused`; `session_id` is already known to be well-formed."""
        path = lock_path(listing_path, session_id)
        try:
            return cls(_take(path, _TRIES), path)
        except BlockingIOError:
            raise Refused(f"{session_id[:8]} is in use: somebody else holds its lock") from None

    def close(self) -> None:
        """Close our descriptor; the lock is free once no other copy of it is open."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __enter__(self) -> SessionLock:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


@contextmanager
def settings_lock(listing_path: Path) -> Iterator[None]:
    """Hold what whoever rewrites the CLI's settings of a listing holds; waits up to 3 s for it.

    Raises `Refused` when another holds it for longer, `OSError` when it cannot be made.
    """
    try:
        fd = _take(console_folder(listing_path, "locks") / _SETTINGS, _SETTINGS_TRIES)
    except BlockingIOError:
        raise Refused("the CLI's settings are being rewritten by somebody else: again") from None
    try:
        yield
    finally:
        os.close(fd)


def _take(path: Path, tries: int) -> int:
    """Return a descriptor that holds the lock; raises `BlockingIOError` after that many tries."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o660)
    try:
        _lock(fd, tries)
        inherit_rights(path, path.parent)
    except BaseException:  # an interrupt too must leave nothing half-made
        os.close(fd)
        raise
    return fd


def _lock(fd: int, tries: int) -> None:
    """Lock `fd`, trying again each 0.03 s: a look from `held` blocks it for microseconds."""
    for attempt in range(tries):
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if attempt == tries - 1:
                raise
            time.sleep(_PAUSE)
        else:
            return


def lock_path(listing_path: Path, session_id: str) -> Path:
    """Return where the lock of a session is; its folder is made."""
    return console_folder(listing_path, "locks") / session_id


def held(listing_path: Path) -> frozenset[str]:
    """Return the ids of the listing's sessions whose lock somebody holds now; changes nothing."""
    folder = our_folder(listing_path, "locks")
    if folder is None:
        return frozenset()
    try:
        with os.scandir(folder) as entries:
            return frozenset(entry.name for entry in entries if _is_held(entry))
    except OSError:
        return frozenset()


def _is_held(entry: os.DirEntry[str]) -> bool:
    try:
        fd = os.open(entry.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False
