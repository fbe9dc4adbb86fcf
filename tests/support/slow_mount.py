"""A file system whose every operation takes a while, as one far away does: FUSE, read-only.

`python -m tests.support.slow_mount FOLDER PLACE SECONDS` shows FOLDER at PLACE until its input
ends. It speaks the kernel's own protocol (`linux/fuse.h`, 7.31), since that takes no library.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_LOOKUP, _GETATTR, _READLINK, _OPEN, _READ, _STATFS, _RELEASE = 1, 3, 5, 14, 15, 17, 18
_FLUSH, _INIT, _OPENDIR, _READDIR, _RELEASEDIR = 25, 26, 27, 28, 29
_SILENT = (2, 42)  # FORGET and BATCH_FORGET are not answered
_THREADS, _VALID_S = 16, 1
_MS_RDONLY, _MS_BIND, _MNT_DETACH = 1, 4096, 2
_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def slow_mount(folder: Path, place: Path, seconds: float) -> Iterator[None]:
    """Show `folder` at `place` through a process of its own; needs the right to mount."""
    command = [sys.executable, "-m", __name__, str(folder), str(place), str(seconds)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as daemon:
        try:
            if daemon.stdout is None or not daemon.stdout.readline():
                raise OSError("the file system could not be mounted")
            yield
        finally:
            unmount(place)
            daemon.kill()


def bind(source: Path, place: Path) -> None:
    """Show `source` at `place`, too."""
    _mount(str(source), place, "", _MS_BIND, "")


def unmount(place: Path) -> None:
    """Take a mount away, whoever is still in it."""
    _libc.umount2(os.fsencode(place), _MNT_DETACH)


def _mount(source: str, place: Path, kind: str, flags: int, options: str) -> None:
    words = (source.encode(), os.fsencode(place), kind.encode(), flags, options.encode())
    if _libc.mount(*words) != 0:
        raise OSError(ctypes.get_errno(), f"mount {place}: {os.strerror(ctypes.get_errno())}")


class _Files:
    """Answers the kernel's questions about a folder; a node is a path."""

    def __init__(self, folder: Path, seconds: float) -> None:
        self._paths, self._ids, self._seconds = {1: str(folder)}, {str(folder): 1}, seconds
        self._lock = threading.Lock()
        self._acts: dict[int, Callable[[int, bytes], bytes]] = {
            _LOOKUP: self._lookup,
            _GETATTR: lambda node, _: struct.pack("<QII", _VALID_S, 0, 0) + self._attr(node),
            _READLINK: lambda node, _: os.fsencode(Path(self._paths[node]).readlink()),
            _OPEN: lambda node, _: _opened(os.open(self._paths[node], os.O_RDONLY)),
            _OPENDIR: lambda node, _: _opened(0),
            _READ: lambda node, asked: os.pread(*_place_of(asked)),
            _READDIR: self._names,
            _STATFS: self._space,
            _RELEASE: self._release,
            _FLUSH: lambda node, asked: b"",
            _RELEASEDIR: lambda node, asked: b"",
        }

    def answer(self, kind: int, node: int, asked: bytes) -> bytes | int:
        """Return an operation's answer, or the number of its error."""
        if kind == _INIT:
            _, _, ahead, _ = struct.unpack_from("<IIII", asked)
            begun = struct.pack("<IIIIHHIIHH", 7, 31, ahead, 0, 64, 48, 65536, 1, 0, 0)
            return begun + bytes(64 - len(begun))
        time.sleep(self._seconds)
        act = self._acts.get(kind)
        if act is None:
            return errno.ENOSYS
        try:
            return act(node, asked)
        except OSError as error:
            return error.errno or errno.EIO

    def _attr(self, node: int) -> bytes:
        known = os.lstat(self._paths[node])
        moments = (known.st_atime_ns, known.st_mtime_ns, known.st_ctime_ns)
        return struct.pack(
            "<6Q10I",
            *(node, known.st_size, known.st_blocks),
            *(one // 10**9 for one in moments),
            *(one % 10**9 for one in moments),
            *(known.st_mode, known.st_nlink, known.st_uid, known.st_gid, 0, 4096, 0),
        )

    def _lookup(self, node: int, asked: bytes) -> bytes:
        path = f"{self._paths[node]}/{os.fsdecode(asked.rstrip(bytes(1)))}"
        os.lstat(path)
        with self._lock:
            found = self._ids.setdefault(path, len(self._ids) + 1)
            self._paths[found] = path
        return struct.pack("<QQQQII", found, 0, _VALID_S, _VALID_S, 0, 0) + self._attr(found)

    def _names(self, node: int, asked: bytes) -> bytes:
        _, begin, size = struct.unpack_from("<QQI", asked)
        told = b""
        with os.scandir(self._paths[node]) as entries:
            known = sorted(entries, key=lambda one: one.name)
        for number, entry in enumerate(known[begin:], begin + 1):
            name = os.fsencode(entry.name)
            kind = stat.S_IFMT(entry.stat(follow_symlinks=False).st_mode) >> 12
            one = struct.pack("<QQII", entry.inode(), number, len(name), kind) + name
            one += bytes(-len(one) % 8)
            if len(told) + len(one) > size:
                break
            told += one
        return told

    def _space(self, node: int, _: bytes) -> bytes:
        known = os.statvfs(self._paths[node])
        blocks = (known.f_blocks, known.f_bfree, known.f_bavail, known.f_files, known.f_ffree)
        return struct.pack("<5Q4I24x", *blocks, known.f_bsize, 255, known.f_frsize, 0)

    def _release(self, _: int, asked: bytes) -> bytes:
        os.close(struct.unpack_from("<Q", asked)[0])
        return b""


def _opened(handle: int) -> bytes:
    return struct.pack("<QII", handle, 0, 0)


def _place_of(asked: bytes) -> tuple[int, int, int]:
    handle, offset, size = struct.unpack_from("<QQI", asked)
    return handle, size, offset


def _serve(device: int, files: _Files) -> None:
    while True:
        try:
            read = os.read(device, 256 * 1024)
        except OSError as error:
            if error.errno == errno.EINTR:
                continue
            return  # unmounted
        _, kind, number, node = struct.unpack_from("<IIQQ", read)
        if kind in _SILENT:
            continue
        said = files.answer(kind, node, read[40:])
        body, wrong = (b"", -said) if isinstance(said, int) else (said, 0)
        try:
            os.write(device, struct.pack("<IiQ", 16 + len(body), wrong, number) + body)
        except OSError:
            continue  # whoever asked has gone


def main() -> int:
    """Mount, say so with a line, and serve until the input ends."""
    folder, place, seconds = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()},allow_other"
    _mount("slow", place, "fuse", _MS_RDONLY, options)
    files = _Files(folder, seconds)
    for _ in range(_THREADS):
        threading.Thread(target=_serve, args=(device, files), daemon=True).start()
    print("mounted", flush=True)
    sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main())
