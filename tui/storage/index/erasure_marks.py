"""That something of a listing was erased: whatever was kept of it before counts no more.

Each login keeps what it read in a cache of its own, and a console keeps it in memory. A purge
reaches none of them; all of them see this mark change.
"""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from tui.safe_io.folders import OURS, console_folder, stamp_of
from tui.safe_io.replacing import folder_of, make_file, write_atomically

_MARK = "erased"
NOBODY_KNOWS = "?"  # where the mark cannot be read: what was read there is kept for nobody


def mark_of(folder: Path) -> Path:
    """Return where the mark of a listing is, if anything of it was erased."""
    return folder / OURS / _MARK


def mark_erased(folder: Path) -> None:
    """Let every cache forget what it keeps of a listing; raises `OSError`.

    A full disk has no room for a new mark, but for a change of the old one.
    """
    path = console_folder(folder) / _MARK
    try:
        write_atomically(path, secrets.token_hex(8))
    except OSError:
        with folder_of(path) as (ours, name):
            with suppress(FileExistsError):
                os.close(make_file(ours, name))
            os.utime(name, dir_fd=ours, follow_symlinks=False)


def erasure_of(folder: Path) -> str:
    """Return what changes with every erasure in a listing; empty where there was none."""
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
