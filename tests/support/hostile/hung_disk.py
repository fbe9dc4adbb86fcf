"""A disk that never answers: each system call that needs it waits until it is released."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.programs import need_right

_DETACH = 2


@contextmanager
def hung_disk(folder: Path) -> Iterator[Path]:
    """Mount a FUSE file system whose program never answers.

    Skips the test where this user may not.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    fd = -1
    with suppress(OSError):
        fd = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    options = f"fd={fd},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()}"
    place = os.fsencode(folder)
    may = fd >= 0 and libc.mount(b"hung", place, b"fuse", 0, options.encode()) == 0
    need_right(may, "mount a file system in user space")
    try:
        yield folder
    finally:
        os.close(fd)  # all waiting calls now fail
        libc.umount2(place, _DETACH)
