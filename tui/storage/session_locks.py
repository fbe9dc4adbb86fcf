"""Session locks: one owner per session, by a `flock` that the kernel releases."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from tui.core.errors import Reason, Refused
from tui.core.limits import MOST_LOCKS
from tui.core.values import dataclass
from tui.safe_io.file_lock import NO_LOCKS, PATIENT_TRIES, PAUSE_S, TRIES, FileLock, is_at
from tui.safe_io.folders import OURS, console_folder, our_folder, read_small
from tui.safe_io.opening import open_folder
from tui.safe_io.replacing import folder_of, unlink
from tui.safe_io.walking import names_in

_BATCH = ".batch"
_LOOKED_AT = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


@dataclass(frozen=True, slots=True)
class LockScan:
    """What a look at a listing's locks found; only a lock whose file is not there is surely free.

    `unsure` are the sessions whose lock could not be looked at; `reason` and `why` (for people) say
    why not, or why there may be more locks; `is_blind` when nothing is known of any.
    """

    held: frozenset[str] = frozenset()
    unsure: frozenset[str] = frozenset()
    why: str = ""
    is_blind: bool = False
    reason: Reason = Reason.NONE


@dataclass(frozen=True, slots=True)
class _LockState:
    """A lock: held, or unknown (`reason` and `why` say why); with neither it is free."""

    is_held: bool = False
    reason: Reason = Reason.NONE
    why: str = ""


_FREE, _HELD = _LockState(), _LockState(is_held=True)


class SessionLock(FileLock):
    """An exclusive `flock` on `<listing>/.session_console/locks/<session id>`.

    Held while a session is resumed, deleted, cleaned up, adopted or forked; a launcher passes its
    descriptor to the runner, which holds it until it ends in any way. A forked child has none.
    """

    @classmethod
    def take(cls, listing_path: Path, session_id: str) -> SessionLock:
        """Take the lock now or raise `Refused`; `session_id` must be well-formed.

        Raises `OSError` when the lock cannot be made or opened: then another process may hold it.
        """
        path = lock_path(listing_path, session_id)
        for _ in range(TRIES):
            try:
                lock = cls.locked(path, TRIES)
            except BlockingIOError:
                break
            try:
                if not _is_in_batch(path) and is_at(path, lock.fd):
                    return lock
            except BaseException:  # the lock must be released in any case
                lock.close()
                raise
            lock.close()
            time.sleep(PAUSE_S)
        words = f"{session_id[:8]} is in use: somebody else holds its lock"
        raise Refused(words, Reason.IN_USE)

    def handed_on(self) -> SessionLock:
        """Return a copy that stays locked when this one is closed."""
        return SessionLock(os.dup(self.fd), self.path)


@contextmanager
def batch_lock(listing_path: Path, session_ids: Collection[str]) -> Iterator[Mapping[str, str]]:
    """Lock many sessions as one batch; yield those that another process holds or may hold.

    The value is empty for a lock that is held, else the reason why that is unknown. The batch is
    written before the locks are checked, and `SessionLock.take` checks for a batch once it has its
    lock: of two at the same instant at least one gives way. A lock file for each session would cost
    more than everything else. Waits up to 3 s for another batch; raises `Refused` when it takes
    longer, `OSError` when the lock cannot be made.
    """
    path = console_folder(listing_path, "locks") / _BATCH
    try:
        lock = FileLock.locked(path, PATIENT_TRIES)
    except BlockingIOError:
        words = "a clean-up or bulk delete is running in this listing"
        raise Refused(words, Reason.IN_USE) from None
    try:
        os.ftruncate(lock.fd, 0)
        with suppress(OSError):  # on a full disk: an empty batch is one of all sessions
            os.pwrite(lock.fd, b" ".join(one.encode() for one in session_ids), 0)
        with folder_of(path) as (folder, _):
            states = _states(folder, session_ids)
        yield {one: state.why for one, state in states.items()}
    finally:
        lock.close()


def discard_locks(listing_path: Path, session_ids: Iterable[str]) -> None:
    """Remove the lock files of sessions that are gone, while their batch is locked."""
    with suppress(OSError), folder_of(listing_path / OURS / "locks" / _BATCH) as (folder, _):
        for session_id in session_ids:
            unlink(folder, session_id)


def _is_in_batch(path: Path) -> bool:
    """Whether somebody holds a batch that the session of that lock is in, or may be in.

    Raises `OSError` when nobody can tell.
    """
    state = _state(path.with_name(_BATCH))
    if state.reason:
        raise OSError(errno.EACCES, f"the lock of a clean-up cannot be checked: {state.why}")
    if not state.is_held:
        return False
    named = _batch_in(path.parent)
    return not named or path.name in named


def lock_path(listing_path: Path, session_id: str) -> Path:
    """Return the path of a session's lock; makes its folder."""
    return console_folder(listing_path, "locks") / session_id


def held(listing_path: Path) -> frozenset[str]:
    """Return the ids of the listing's sessions whose lock is held now; changes nothing."""
    return look_at_locks(listing_path).held


def look_at_locks(listing_path: Path) -> LockScan:
    """Return the state of a listing's locks; changes nothing."""
    folder = our_folder(listing_path, "locks")
    if folder is None:
        return LockScan(
            why="its locks lie behind a link, and links are not followed",
            is_blind=True,
            reason=Reason.UNREAD,
        )
    try:
        names, is_all = names_in(folder, MOST_LOCKS)
        fd = open_folder(folder)
        try:
            states = _states(fd, names)
        finally:
            os.close(fd)
    except FileNotFoundError:
        return LockScan()
    except OSError as error:
        why = f"its locks cannot be read: {error.strerror}"
        return LockScan(why=why, is_blind=True, reason=Reason.UNREAD)
    found = frozenset(name for name, state in states.items() if state.is_held)
    if _BATCH in found:
        found |= frozenset(_batch_in(folder))
    unsure = states.keys() - found
    why, reason = _why(states[name] for name in sorted(unsure))
    if not reason and not is_all:
        why, reason = f"it has over {MOST_LOCKS:,} locks", Reason.UNREAD
    is_blind = reason is Reason.NO_LOCKS or _BATCH in unsure
    return LockScan(found, frozenset(unsure), why, is_blind, reason)


def has_locks(path: Path, known: set[int]) -> bool:
    """Whether the file system of a file supports querying locks.

    A device that proves it by a file is added to the `known` ones.
    """
    try:
        fd = _opened_to_look(path, None)
    except OSError:
        return True
    state = _asked(fd)
    if not state.reason:
        known.add(os.fstat(fd).st_dev)
    os.close(fd)
    return state.reason is not Reason.NO_LOCKS


def _states(folder: int, names: Iterable[str]) -> dict[str, _LockState]:
    """Return the state of each lock in an open folder that is not surely free."""
    return {name: state for name in names if (state := _state(name, folder)) != _FREE}


def _why(states: Iterable[_LockState]) -> tuple[str, Reason]:
    """Return why the first of some locks cannot be told, for people and for code."""
    state = next(iter(states), _FREE)
    is_told = state.reason in (Reason.NONE, Reason.NO_LOCKS)
    return state.why if is_told else f"a lock cannot be read: {state.why}", state.reason


def _batch_in(folder: Path) -> list[str]:
    """Return the ids of the last batch."""
    try:
        return read_small(folder / _BATCH).decode("utf-8", "replace").split()
    except OSError:
        return []


def _state(path: str | Path, folder: int | None = None) -> _LockState:
    """Return whether a lock is held, or why nobody can tell.

    Only a file that is not there proves that nobody holds its lock.
    """
    try:
        fd = _opened_to_look(path, folder)
    except FileNotFoundError:
        return _FREE
    except OSError as error:
        return _LockState(reason=Reason.UNREAD, why=str(error.strerror))
    try:
        return _asked(fd)
    finally:
        os.close(fd)


def _asked(fd: int) -> _LockState:
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _HELD
    except OSError as error:
        return _LockState(reason=Reason.NO_LOCKS, why=f"{NO_LOCKS} ({error.strerror})")
    return _FREE


def _opened_to_look(path: str | Path, folder: int | None) -> int:
    if folder is not None:
        return os.open(path, _LOOKED_AT, dir_fd=folder)
    with folder_of(Path(path)) as (above, name):
        return os.open(name, _LOOKED_AT, dir_fd=above)
