"""The session's lock: one owner a session, told apart by the kernel."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType

from tui.core.errors import Refused
from tui.storage.folders import console_folder, inherit_rights

_TRIES = 4
_PAUSE = 0.03


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
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o660)
        try:
            _lock(fd)
            inherit_rights(path, path.parent)
        except BlockingIOError:
            os.close(fd)
            raise Refused(f"{session_id[:8]} is in use: somebody else holds its lock") from None
        except BaseException:
            os.close(fd)
            raise
        return cls(fd, path)

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


def _lock(fd: int) -> None:
    """Lock `fd`, trying for about 0.1 s: a look from `held` blocks it for microseconds."""
    for attempt in range(_TRIES):
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if attempt == _TRIES - 1:
                raise
            time.sleep(_PAUSE)
        else:
            return


def lock_path(listing_path: Path, session_id: str) -> Path:
    """Return where the lock of a session is; its folder is made."""
    return console_folder(listing_path, "locks") / session_id


def held(listing_path: Path) -> frozenset[str]:
    """Return the ids of the listing's sessions whose lock somebody holds now; changes nothing."""
    folder = listing_path / ".session_console" / "locks"
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
