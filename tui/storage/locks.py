"""The session's lock: one owner a session, told apart by the kernel."""

from __future__ import annotations

import fcntl
import os
import time
import weakref
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tui.core.errors import Refused
from tui.core.limits import MOST_LOCKS
from tui.storage.folders import console_folder, inherit_rights, our_folder, read_small
from tui.storage.walking import names_in

_TRIES = 4
_PAUSE = 0.03
_PATIENT_TRIES = 100
_BATCH = ".batch"


class SessionLock:
    """An exclusive `flock` on `<listing>/.session_console/locks/<session id>`.

    Whoever resumes, deletes, cleans, adopts or forks holds it; a launcher hands its descriptor
    to the runner, which then holds it until it ends, however it ends. A forked child has none.
    """

    def __init__(self, fd: int, path: Path) -> None:
        self.fd = fd
        self.path = path
        _ours.add(self)

    @classmethod
    def take(cls, listing_path: Path, session_id: str) -> SessionLock:
        """Take the lock now or raise `Refused`; `session_id` is already known to be well-formed."""
        path = lock_path(listing_path, session_id)
        for _ in range(_TRIES):
            try:
                lock = _take(path, _TRIES)
            except BlockingIOError:
                break
            if not _is_in_batch(path) and _is_at(path, lock.fd):
                return lock
            lock.close()
            time.sleep(_PAUSE)
        raise Refused(f"{session_id[:8]} is in use: somebody else holds its lock")

    def discard(self) -> None:
        """Remove the lock's file and close: of a session that is gone no lock need stay.

        Whoever waits for it meanwhile then takes the lock of a new file, see `_take`.
        """
        if self.fd >= 0:
            with suppress(OSError):
                self.path.unlink()
        self.close()

    def close(self) -> None:
        """Close our descriptor; the lock is free once no other copy of it is open."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def release(self) -> None:
        """Unlock it for every copy, also those that a process forked meanwhile keeps open."""
        if self.fd >= 0:
            fcntl.flock(self.fd, fcntl.LOCK_UN)
            self.close()

    def handed_on(self) -> SessionLock:
        """Return a copy that stays locked when this one is closed."""
        return SessionLock(os.dup(self.fd), self.path)

    def __enter__(self) -> SessionLock:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()


@contextmanager
def batch_lock(listing_path: Path, session_ids: Collection[str]) -> Iterator[frozenset[str]]:
    """Hold the locks of many sessions as one, and yield those that somebody else has.

    The batch is written down before the locks are looked at, and `SessionLock.take` looks for a
    batch once it has its lock: of two at the same instant one at least gives way. A lock file a
    session would cost more than all else that is done to it. Waits up to 3 s for another batch;
    raises `Refused` when it takes longer, `OSError` when the lock cannot be made.
    """
    path = console_folder(listing_path, "locks") / _BATCH
    try:
        lock = _take(path, _PATIENT_TRIES)
    except BlockingIOError:
        raise Refused("a clean-up or a delete of many is at work in this listing") from None
    try:
        os.ftruncate(lock.fd, 0)
        with suppress(OSError):  # on a full disk: an empty batch is one of all sessions
            os.pwrite(lock.fd, b" ".join(one.encode() for one in session_ids), 0)
        yield frozenset(one for one in session_ids if _is_held(path.with_name(one)))
    finally:
        lock.close()


def discard_locks(listing_path: Path, session_ids: Iterable[str]) -> None:
    """Remove the lock files of sessions that are gone; their batch is held."""
    folder = our_folder(listing_path, "locks")
    for session_id in session_ids if folder else ():
        with suppress(OSError):
            os.unlink(f"{folder}/{session_id}")  # noqa: PTH108 (mostly there is none, of thousands)


def _let_go_in_child() -> None:
    """Close the locks of a process in its forked child, which may live longer; unlock none."""
    for lock in tuple(_ours):
        with suppress(OSError):
            lock.close()


_ours: weakref.WeakSet[SessionLock] = weakref.WeakSet()
os.register_at_fork(after_in_child=_let_go_in_child)


def _is_in_batch(path: Path) -> bool:
    """Whether somebody holds a batch that the session of that lock is in, or may be in."""
    batch = path.with_name(_BATCH)
    if not _is_held(batch):
        return False
    named = _batch_in(path.parent)
    return not named or path.name in named


@contextmanager
def folder_lock(listing_path: Path, name: str) -> Iterator[None]:
    """Hold what whoever rewrites a small file of a listing holds; waits up to 3 s for it.

    `name` begins with a dot, which no session's id does. Raises `Refused` when another holds it
    for longer, `OSError` when it cannot be made.
    """
    try:
        lock = _take(console_folder(listing_path, "locks") / name, _PATIENT_TRIES)
    except BlockingIOError:
        raise Refused(f"{name[1:]} is being rewritten by somebody else: try again") from None
    try:
        yield
    finally:
        lock.close()


def _take(path: Path, tries: int) -> SessionLock:
    """Return a lock, held by us; raises `BlockingIOError` after that many tries.

    The lock of a file that somebody has removed since it was opened would keep nobody out.
    """
    while True:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        lock = SessionLock(os.open(path, flags, 0o660), path)
        try:
            _lock(lock.fd, tries)
            with suppress(FileNotFoundError):
                inherit_rights(path, path.parent)
            if _is_at(path, lock.fd):
                return lock
        except BaseException:  # an interrupt too must leave nothing half-made
            lock.close()
            raise
        lock.close()


def _is_at(path: Path, fd: int) -> bool:
    try:
        return os.path.samestat(path.lstat(), os.fstat(fd))
    except FileNotFoundError:
        return False


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
    return look_at_locks(listing_path)[0]


def look_at_locks(listing_path: Path) -> tuple[frozenset[str], str]:
    """Return the same, and why there may be more of them; empty when that is all."""
    folder = our_folder(listing_path, "locks")
    if folder is None:
        return frozenset(), ""
    try:
        names, is_all = names_in(folder, MOST_LOCKS)
    except FileNotFoundError:
        return frozenset(), ""
    except OSError as error:
        return frozenset(), f"its locks cannot be read: {error.strerror}"
    found = frozenset(name for name in names if _is_held(folder / name))
    if _BATCH in found:
        found |= frozenset(_batch_in(folder))
    return found, "" if is_all else f"it has over {MOST_LOCKS:,} locks"


def _batch_in(folder: Path) -> list[str]:
    """Return the ids of the batch that was written down last."""
    try:
        return read_small(folder / _BATCH).decode("utf-8", "replace").split()
    except OSError:
        return []


def _is_held(path: Path) -> bool:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False
