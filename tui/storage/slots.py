"""The places of a root's runs: no more at once than there are, first come, first served."""

from __future__ import annotations

import fcntl
import os
import secrets
from contextlib import suppress
from pathlib import Path

from tui.storage.folders import console_folder, inherit_rights

_TICKET = "wait-"


class Slots:
    """One run's way to a place: a `flock` on `<root>/.session_console/slots/<number>`.

    Who waits holds a ticket named by `name`, and the lowest name goes first; the kernel frees place
    and ticket of a process that is gone.
    """

    def __init__(self, root: Path, name: str, most: int) -> None:
        self._root, self._name, self._most = root, name, most
        self._place = self._ticket = -1

    def try_enter(self) -> str:
        """Take a place; return why there is none, empty once it is taken. Raises `OSError`."""
        if self._place >= 0:
            return ""
        folder = console_folder(self._root, "slots")
        ahead = self._ahead(folder)
        if not ahead:
            self._place = _any_place(folder, self._most)
        if self._place >= 0:
            self._let_ticket_go(folder)
            return ""
        if self._ticket < 0:
            self._ticket = _new_ticket(folder / f"{_TICKET}{self._name}")
        return f"{self._most} runs are at work" + (f", {ahead} wait before it" if ahead else "")

    def leave(self) -> None:
        """Give place and ticket back."""
        with suppress(OSError):
            self._let_ticket_go(console_folder(self._root, "slots"))
        if self._place >= 0:
            os.close(self._place)
            self._place = -1

    def _ahead(self, folder: Path) -> int:
        """Return how many wait whose names are lower; the tickets of the dead are cleared away."""
        names = sorted(entry.name for entry in os.scandir(folder))
        own = f"{_TICKET}{self._name}"
        lower = (one for one in names if one.startswith(_TICKET) and one < own)
        return sum(not _cleared(folder / one) for one in lower)

    def _let_ticket_go(self, folder: Path) -> None:
        if self._ticket >= 0:
            with suppress(OSError):
                (folder / f"{_TICKET}{self._name}").unlink()
            os.close(self._ticket)
            self._ticket = -1


def _any_place(folder: Path, most: int) -> int:
    """Return a descriptor that holds one of the places; -1 when all are taken."""
    for number in range(most):
        fd = _locked(folder / str(number), os.O_CREAT)
        if fd >= 0:
            with suppress(OSError):
                inherit_rights(folder / str(number), folder)
            return fd
    return -1


def _new_ticket(path: Path) -> int:
    """Return a descriptor that holds a new ticket, locked before anybody can see it."""
    temporary = path.with_name(f".{secrets.token_hex(8)}")
    fd = _locked(temporary, os.O_CREAT | os.O_EXCL)
    with suppress(OSError):
        inherit_rights(temporary, path.parent)
    temporary.rename(path)
    return fd


def _cleared(ticket: Path) -> bool:
    """Remove the ticket of a process that is gone; whether it was one."""
    try:
        fd = _locked(ticket, 0)
    except OSError:
        return True
    if fd < 0:
        return False
    with suppress(OSError):
        ticket.unlink()
    os.close(fd)
    return True


def _locked(path: Path, flags: int) -> int:
    """Return a descriptor of a file that holds its lock, -1 when somebody else does."""
    fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | flags, 0o660)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return -1
    return fd
