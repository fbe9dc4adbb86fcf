"""A file that others write, too, is changed: what they write at the same moment is not lost."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tui.core.limits import SMALL
from tui.safe_io.renaming import exchange, rename_new
from tui.safe_io.replacing import flush, folder_of, unlink, written_beside

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_TRIES, _PAUSE_S = 50, 0.01
_WRITER_S = 1.0
_LEASE_PAUSE_S = 0.002
_UNTOLD_S = 0.05  # where nobody tells who writes: as long as one write takes
_MOST_TURNS = 20
_PIECE = 64 * 1024

Change = Callable[[bytes | None], bytes | None]


@dataclass(frozen=True, slots=True)
class _Version:
    """An open file, and what it held."""

    fd: int
    content: bytes


def rewrite(path: Path, change: Change, limit: int = SMALL) -> bool:
    """Replace `path` by what `change` makes of it; whether that was another.

    `change` is given what the file holds (`None`: there is none) and returns what it is to hold
    (`None`: as it is); it is asked anew when somebody writes the file at the same moment. Owner,
    group and rights stay. Raises `OSError`, also when the others never stop.
    """
    for _ in range(_TRIES):
        with folder_of(path) as (folder, name), ExitStack() as opened:
            done = _rewritten(opened, folder, name, change, limit)
        if done is not None:
            return done
        time.sleep(_PAUSE_S)
    raise OSError(errno.EBUSY, "another program writes it all the time", str(path))


def _rewritten(
    opened: ExitStack, folder: int, name: str, change: Change, limit: int
) -> bool | None:
    """Try it once; `None` when it has to be tried again."""
    try:
        old = _version(opened, os.open(name, _READ, dir_fd=folder), limit)
    except FileNotFoundError:
        data = change(None)
        return False if data is None else _made(folder, name, data)
    data = change(old.content)
    if data is None:
        return False
    temporary, made = written_beside(folder, name, data)
    try:
        new = _Version(os.open(f"/proc/self/fd/{made}", os.O_RDONLY | os.O_CLOEXEC), data)
    finally:
        os.close(made)
    opened.callback(os.close, new.fd)
    is_done = _is_put_in_place(opened, folder, temporary, name, old, new)
    return True if is_done else None


def _made(folder: int, name: str, data: bytes) -> bool | None:
    """Make the file; `None` when somebody else has made it meanwhile."""
    temporary, made = written_beside(folder, name, data)
    os.close(made)
    try:
        rename_new(folder, temporary, folder, name)
    except FileExistsError:
        return None
    finally:
        unlink(folder, temporary)
    flush(folder)
    return True


def _is_put_in_place(
    opened: ExitStack, folder: int, temporary: str, name: str, old: _Version, new: _Version
) -> bool:
    """Put the new file in the place of the old one, if that is still what was read.

    The two change places, while the kernel keeps everybody from beginning to write the old one.
    What comes out and is not what was expected goes back, and so on, until what stands there is
    what was written last: there is no rename that compares. So one other write by rename is never
    lost; a second one that was read from ours within those microseconds goes over the first.
    """
    put_in, expected = new, old
    try:
        with _no_writer(old.fd) as is_kept:
            if not _is_same(folder, name, old):
                unlink(folder, temporary)
                return False
            if not exchange(folder, temporary, name):
                return _is_replaced(folder, temporary, name, old)
            if not (_is_same(folder, temporary, old) and is_kept()):
                put_in, expected = _popped(opened, folder, temporary), new
                exchange(folder, temporary, name)
        for _ in range(_MOST_TURNS):
            _wait_for_writers(expected.fd)
            if _is_same(folder, temporary, expected):
                unlink(folder, temporary)
                flush(folder)
                return expected is old
            put_in, expected = _popped(opened, folder, temporary), put_in
            exchange(folder, temporary, name)
    except FileNotFoundError:  # somebody has removed it: it is made anew, if at all
        unlink(folder, temporary)
        return False
    words = f"another program writes it all the time; one of its versions is in {temporary}"
    raise OSError(errno.EBUSY, words, name)


def _popped(opened: ExitStack, folder: int, name: str) -> _Version:
    fd = os.open(name, _READ, dir_fd=folder)
    opened.callback(os.close, fd)
    return _Version(fd, _content(fd))


def _is_replaced(folder: int, temporary: str, name: str, old: _Version) -> bool:
    """Do it in two steps, where the file system has no exchange."""
    try:
        if not _is_same(folder, name, old):
            return False
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        flush(folder)
        return True
    finally:
        unlink(folder, temporary)


def _is_same(folder: int, name: str, expected: _Version) -> bool:
    """Whether that is the file expected, and holds what it held."""
    status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if not os.path.samestat(status, os.fstat(expected.fd)):
        return False
    return status.st_size == len(expected.content) and _content(expected.fd) == expected.content


@contextmanager
def _no_writer(fd: int) -> Iterator[Callable[[], bool]]:
    """Keep everybody from opening a file to write it; what is given tells whether nobody waits.

    The kernel does so for a reader that has a lease; where it gives none, nobody is kept.
    """
    if not _is_leased(fd):
        yield lambda: True
        return
    try:
        yield lambda: fcntl.fcntl(fd, fcntl.F_GETLEASE) == fcntl.F_RDLCK
    finally:
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)


def _wait_for_writers(fd: int) -> None:
    """Wait until nobody has a file open to write it, as far as the kernel tells."""
    if _is_leased(fd):
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)


def _is_leased(fd: int) -> bool:
    """Take a read lease, once nobody has the file open to write it; whether there is one."""
    ends = time.monotonic() + _WRITER_S
    while time.monotonic() < ends:
        try:
            fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)  # which ends nobody
            fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except BlockingIOError:
            time.sleep(_LEASE_PAUSE_S)
        except OSError:  # the file is not ours, or a network's
            time.sleep(_UNTOLD_S)
            return False
        else:
            return True
    return False


def _version(opened: ExitStack, fd: int, limit: int) -> _Version:
    """Return what a file holds; raises `OSError` for what is larger, or no file."""
    opened.callback(os.close, fd)
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a file")
    if status.st_size > limit:
        raise OSError(errno.EFBIG, f"not a small file: {status.st_size / 1e6:.1f} MB")
    _wait_for_writers(fd)
    return _Version(fd, _content(fd))


def _content(fd: int) -> bytes:
    pieces, at = [], 0
    while piece := os.pread(fd, _PIECE, at):
        pieces.append(piece)
        at += len(piece)
    return b"".join(pieces)
