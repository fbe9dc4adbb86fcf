"""Marks that something in a listing was erased, which invalidates all caches of it.

Each login has its own cache, and each console one in memory. A purge cannot reach them, but all of
them see the mark change.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from tui.safe_io.folders import OURS, console_folder, stamp_of
from tui.safe_io.replacing import folder_of, make_file, write_atomically

_MARK = "erased"
NOBODY_KNOWS = "?"  # the mark cannot be read: nothing of the listing is cached
UNKNOWN = ""  # the generation of a root that cannot be read


def mark_of(folder: Path) -> Path:
    """Return the path of a listing's mark; it exists once something was erased."""
    return folder / OURS / _MARK


def mark_erased(folder: Path) -> None:
    """Invalidate all caches of a listing, or of what a root shows; raises `OSError`.

    On a full disk the old mark's mtime is changed instead.
    """
    path = console_folder(folder) / _MARK
    try:
        write_atomically(path, os.urandom(8).hex())
    except OSError:
        with folder_of(path) as (ours, name):
            with suppress(FileExistsError):
                os.close(make_file(ours, name))
            os.utime(name, dir_fd=ours, follow_symlinks=False)


def erasure_of(folder: str | Path) -> str:
    """Return a value that changes with every erasure in a listing; empty before the first."""
    ours = f"{folder}/{OURS}"
    try:
        if not stat.S_ISDIR(os.lstat(ours).st_mode):
            return NOBODY_KNOWS
        status = os.lstat(f"{ours}/{_MARK}")
    except FileNotFoundError:
        return ""
    except OSError:
        return NOBODY_KNOWS
    if not stat.S_ISREG(status.st_mode):
        return NOBODY_KNOWS
    return ":".join(map(str, stamp_of(status)[1:]))  # a mount's device number does not last


def generation_of(root: Path) -> str:
    """Return a value that changes with every erasure in a root, and with the root itself.

    `UNKNOWN` when it cannot be read.
    """
    try:
        status = root.stat()
    except (OSError, ValueError):
        return UNKNOWN
    erasure = erasure_of(root)
    is_known = stat.S_ISDIR(status.st_mode) and erasure != NOBODY_KNOWS
    return f"{status.st_ino}:{erasure}" if is_known else UNKNOWN
