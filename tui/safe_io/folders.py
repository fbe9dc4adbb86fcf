"""Folders and small files of ours inside a root, made so that colleagues can use them too."""

from __future__ import annotations

import errno
import os
import re
import stat
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tui.core.bounded_json import parse_json
from tui.core.limits import SMALL
from tui.safe_io.opening import OURS as OURS
from tui.safe_io.opening import open_regular
from tui.safe_io.replacing import make_folders

NONE_OF_OURS = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EINVAL, errno.EISDIR)
_TICK_NS = 50_000_000
_COARSE_NS = 2_000_000_000  # of a file system that keeps whole seconds
_ESCAPED = re.compile(r"\\([0-7]{3})")

FileStamp = tuple[int, int, int, int, int]


def console_folder(base: Path, *parts: str) -> Path:
    """Return `<base>/.session_console/<parts>`, made with the group and mode of `base`.

    Raises `OSError`; a symbolic link in the way is never followed.
    """
    make_folders(base, OURS, *parts)
    return base.joinpath(OURS, *parts)


def our_folder(base: Path, *parts: str) -> Path | None:
    """Return `<base>/.session_console/<parts>` to be read, `None` when a link leads to it.

    It need not exist.
    """
    folder = base
    for part in (OURS, *parts):
        folder = folder / part
        if is_link(folder):
            return None
    return folder


def is_link(path: Path) -> bool:
    """Whether `path` is a symbolic link; `False` where we may not look (3.11 raises there)."""
    try:
        return stat.S_ISLNK(path.lstat().st_mode)
    except (OSError, ValueError):
        return False


def is_folder(path: Path, *, unknown: bool = False) -> bool:
    """Whether `path` is a folder, or a link to one; `unknown` where nobody can tell.

    `Path.is_dir` raises there, or says no.
    """
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError:
        return unknown


def may_be_there(path: str | Path) -> bool:
    """Whether anything is at `path`, a link too, or may be: only "no such file" says no.

    `os.path.lexists` says no to every error.
    """
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError:
        return True
    return True


def stamp_of(status: os.stat_result) -> FileStamp:
    """Return what changes when a file is written, replaced, truncated or put back with old times:
    device, inode, size, mtime and ctime.
    """
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )


def stamps_of(paths: Iterable[str]) -> dict[str, FileStamp]:
    """Return the stamps of those paths that are there, or may be: only "no such file" says no."""
    found = {}
    for path in paths:
        try:
            found[path] = stamp_of(os.lstat(path))
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            found[path] = (0, 0, -1, error.errno or 0, 0)
    return found


def is_settled(stamps: Iterable[FileStamp]) -> bool:
    """Whether these files have rested: a second change within the same tick of a file system's
    clock would leave the stamp as it is.
    """
    now = time.time_ns()
    return all(
        abs(now - at) > (_TICK_NS if at % 1_000_000_000 else _COARSE_NS)
        for stamp in stamps
        for at in stamp[3:]
    )


def mount_of(path: Path) -> Path:
    """Return where the mount is that the folder of `path` lies on, as far as the system tells."""
    folder, known = path.parent.resolve(), mounts()
    return next((one for one in (folder, *folder.parents) if str(one) in known), folder)


def mounts() -> dict[str, str]:
    """Return where something is mounted, and which device that is, as far as the system tells."""
    try:
        text = Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape")
    except OSError:
        return {}
    fields = (line.split() for line in text.splitlines())
    return {
        _ESCAPED.sub(lambda found: chr(int(found[1], 8)), one[4]): one[2]
        for one in fields
        if len(one) > 4
    }


def read_small(path: Path, limit: int = SMALL, *, follows: bool = False) -> bytes:
    """Return what a small file holds; raises `OSError` for what is larger or no file, or a link.

    A pipe in the place of a file would keep its reader waiting for ever; `follows` is for a link
    that is the operator's own, or one of which nothing but a number is believed.
    """
    plain = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
    fd = os.open(path, plain) if follows else open_regular(path)
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a small file", str(path))
        if status.st_size > limit:
            words = f"not a small file: {status.st_size / 1e6:.1f} MB, {limit / 1e6:.1f} are read"
            raise OSError(errno.EFBIG, words, str(path))
        return os.read(fd, min(limit, status.st_size + SMALL))
    finally:
        os.close(fd)


def read_ours(path: Path, limit: int = SMALL) -> dict[str, Any]:
    """Return the JSON object in a small file of ours, an empty one when there is none.

    What is no file, or no JSON, is none of ours. Raises `OSError` when nobody can tell: too large,
    not to be read by us, or now.
    """
    try:
        value = parse_json(read_small(path, limit))
    except (ValueError, RecursionError):
        return {}
    except OSError as error:
        if error.errno in NONE_OF_OURS:
            return {}
        raise
    return value if isinstance(value, dict) else {}


def read_object(path: Path, limit: int = SMALL, *, follows: bool = False) -> dict[str, Any]:
    """Return the JSON object in a small file, an empty one when none can be read."""
    try:
        value = parse_json(read_small(path, limit, follows=follows))
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
