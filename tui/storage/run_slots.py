"""Limits how many runs of a root work at once: first come, first served."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tui.safe_io.folders import console_folder
from tui.safe_io.opening import open_folder
from tui.safe_io.replacing import make_file

_TICKET = "wait-"
_STILL_S = 10.0
_FILE = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class RunSlot:
    """One run's slot: a `flock` on `<root>/.session_console/slots/<number>`.

    A waiting run holds a ticket with its `name` and touches it at each try; the lowest name goes
    first. A ticket that is not touched for 10 s, as of a frozen process, is skipped. The kernel
    releases the slot and ticket of a dead process. No link is followed.
    """

    def __init__(
        self, root: Path, name: str, most: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._root, self._most, self._clock = root, most, clock
        self._name = f"{_TICKET}{name}"
        self._place = self._ticket = -1
        self._seen: dict[str, tuple[int, float]] = {}

    def try_enter(self) -> str:
        """Try to take a slot; return why there is none, empty on success. Raises `OSError`."""
        if self._place >= 0:
            return ""
        with _opened(self._root) as folder:
            ahead = self._ahead(folder)
            if not ahead:
                self._place = _any_place(folder, self._most)
            if self._place >= 0:
                self._let_ticket_go(folder)
                return ""
            with suppress(OSError):  # without a ticket it waits too, and tries again
                if self._ticket < 0:
                    self._ticket = _new_ticket(folder, self._name)
                os.utime(self._ticket)
        return f"{self._most} already running" + (f", {ahead} ahead of it" if ahead else "")

    def leave(self) -> None:
        """Release the slot and the ticket."""
        with suppress(OSError), _opened(self._root) as folder:
            self._let_ticket_go(folder)
        if self._place >= 0:
            os.close(self._place)
            self._place = -1

    def _ahead(self, folder: int) -> int:
        """Return how many runs with lower names wait; removes the tickets of dead processes."""
        names = sorted(os.listdir(folder))
        lower = [one for one in names if one.startswith(_TICKET) and one < self._name]
        self._seen = {name: seen for name, seen in self._seen.items() if name in lower}
        return sum(not _cleared(folder, one) and self._moves(folder, one) for one in lower)

    def _moves(self, folder: int, ticket: str) -> bool:
        """Whether a ticket was touched recently, by our own clock: others may differ."""
        now = self._clock()
        try:
            touched = os.stat(ticket, dir_fd=folder, follow_symlinks=False).st_mtime_ns
        except FileNotFoundError:
            touched = 0
        except OSError:  # it may still be waiting
            return True
        known, since = self._seen.setdefault(ticket, (touched, now))
        if known != touched:
            self._seen[ticket] = touched, now
            return True
        return now - since < _STILL_S

    def _let_ticket_go(self, folder: int) -> None:
        if self._ticket >= 0:
            with suppress(OSError):
                os.unlink(self._name, dir_fd=folder)
            os.close(self._ticket)
            self._ticket = -1


@contextmanager
def _opened(root: Path) -> Iterator[int]:
    """Open the folder of the slots."""
    fd = open_folder(console_folder(root, "slots"))
    try:
        yield fd
    finally:
        os.close(fd)


def _any_place(folder: int, most: int) -> int:
    """Return a descriptor that holds a free slot; -1 when all are taken.

    Raises `OSError` when no slot can be made at all.
    """
    for number in range(most):
        try:
            fd = _locked(_place(folder, str(number)))
        except OSError:
            continue  # skip slot paths that can't be opened
        if fd >= 0:
            return fd
    if not os.access(".", os.W_OK | os.X_OK, dir_fd=folder):
        raise PermissionError(errno.EACCES, "no slot can be made")
    return -1


def _new_ticket(folder: int, name: str) -> int:
    """Return the descriptor of a new ticket, locked before others can see it."""
    temporary = f".{os.urandom(8).hex()}"
    fd = _locked(make_file(folder, temporary))
    try:
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        os.close(fd)
        with suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise
    return fd


def _cleared(folder: int, ticket: str) -> bool:
    """Remove a ticket if its process is dead; whether it is gone."""
    try:
        fd = _locked(os.open(ticket, _FILE, dir_fd=folder))
    except FileNotFoundError:
        return True
    except OSError:
        return False  # it may still be waiting
    if fd < 0:
        return False
    with suppress(OSError):
        os.unlink(ticket, dir_fd=folder)
    os.close(fd)
    return True


def _place(folder: int, name: str) -> int:
    """Open a slot's file, or make it."""
    try:
        return os.open(name, _FILE, dir_fd=folder)
    except FileNotFoundError:
        with suppress(FileExistsError):
            return make_file(folder, name)
    return os.open(name, _FILE, dir_fd=folder)


def _locked(fd: int) -> int:
    """Lock a file and return its descriptor, -1 when another process holds the lock."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return -1
    except OSError:
        os.close(fd)
        raise
    return fd
