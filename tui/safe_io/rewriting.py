"""Changes a file that other programs write too, without losing what they write meanwhile."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tui.core.limits import SMALL
from tui.core.text.sizes import size_text
from tui.core.values import dataclass
from tui.safe_io.renaming import exchange, rename_new
from tui.safe_io.replacing import flush, folder_of, unlink, written_beside

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_TRIES, _PAUSE_S = 50, 0.01
_WRITER_S = 1.0
_LEASE_PAUSE_S = 0.002
_UNTOLD_S = 0.05  # without leases: about as long as one write takes
_MOST_TURNS = 20
_PIECE = 64 * 1024

Change = Callable[[bytes | None], bytes | None]


@dataclass(frozen=True, slots=True)
class _Version:
    """An open file, and what it held."""

    fd: int
    content: bytes


def rewrite(path: Path, change: Change, limit: int = SMALL) -> bool:
    """Replace the content of `path` with what `change` returns; return whether it was changed.

    `change` gets the content (`None`: no file) and returns the new one (`None`: leave it); it is
    called again when another program writes meanwhile. Owner, group and permissions stay. Raises
    `OSError`, also when the others never stop writing.
    """
    for _ in range(_TRIES):
        with folder_of(path) as (folder, name), ExitStack() as opened:
            done = _rewritten(opened, folder, name, change, limit)
        if done is not None:
            return done
        time.sleep(_PAUSE_S)
    raise OSError(errno.EBUSY, "another program keeps writing it", str(path))


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
    is_done = _is_put_in_place(opened, folder, temporary, name, old=old, new=new)
    return True if is_done else None


def _made(folder: int, name: str, data: bytes) -> bool | None:
    """Make the file; `None` when another program made it meanwhile."""
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
    opened: ExitStack, folder: int, temporary: str, name: str, *, old: _Version, new: _Version
) -> bool:
    """Exchange the new file with the old one, if that is still what was read.

    A lease keeps others from opening the old file for writing meanwhile. No rename compares: so if
    the file that comes out is not the expected one, the two are exchanged again, until the file in
    place is the one written last. One other write by rename is never lost; a second one, based on
    ours within those microseconds, replaces the first.
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
    except FileNotFoundError:  # another program removed it: start again
        unlink(folder, temporary)
        return False
    words = f"another program keeps writing it; one of its versions is in {temporary}"
    raise OSError(errno.EBUSY, words, name)


def _popped(opened: ExitStack, folder: int, name: str) -> _Version:
    fd = os.open(name, _READ, dir_fd=folder)
    opened.callback(os.close, fd)
    return _Version(fd, _content(fd))


def _is_replaced(folder: int, temporary: str, name: str, old: _Version) -> bool:
    """Compare and replace in two steps, where the file system has no exchange."""
    try:
        if not _is_same(folder, name, old):
            return False
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        flush(folder)
        return True
    finally:
        unlink(folder, temporary)


def _is_same(folder: int, name: str, expected: _Version) -> bool:
    """Whether the name is the expected file, with unchanged content."""
    status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if not os.path.samestat(status, os.fstat(expected.fd)):
        return False
    return status.st_size == len(expected.content) and _content(expected.fd) == expected.content


@contextmanager
def _no_writer(fd: int) -> Iterator[Callable[[], bool]]:
    """Keep others from opening a file for writing; the function given says if none is waiting.

    This takes a read lease; where the kernel grants none, others are not kept out.
    """
    if not _is_leased(fd):
        yield lambda: True
        return
    try:
        yield lambda: fcntl.fcntl(fd, fcntl.F_GETLEASE) == fcntl.F_RDLCK
    finally:
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)


def _wait_for_writers(fd: int) -> None:
    """Wait until no process has a file open for writing, where leases tell."""
    if _is_leased(fd):
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)


def _is_leased(fd: int) -> bool:
    """Take a read lease once no process has the file open for writing; whether we got it."""
    import signal

    ends = time.monotonic() + _WRITER_S
    while time.monotonic() < ends:
        try:
            fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)  # ignored by default
            fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except BlockingIOError:
            time.sleep(_LEASE_PAUSE_S)
        except OSError:  # the file is not ours, or on a network file system
            time.sleep(_UNTOLD_S)
            return False
        else:
            return True
    return False


def _version(opened: ExitStack, fd: int, limit: int) -> _Version:
    """Return a file's content; raises `OSError` when it is not a file, or larger than `limit`."""
    opened.callback(os.close, fd)
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a file")
    if status.st_size > limit:
        raise OSError(errno.EFBIG, f"not a small file: {size_text(status.st_size)}")
    _wait_for_writers(fd)
    return _Version(fd, _content(fd))


def _content(fd: int) -> bytes:
    pieces, at = [], 0
    while piece := os.pread(fd, _PIECE, at):
        pieces.append(piece)
        at += len(piece)
    return b"".join(pieces)
