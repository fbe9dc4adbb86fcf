"""Our folders and small files inside a root, with permissions that let colleagues use them."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from tui.core.limits import SMALL
from tui.core.text.bounded_json import parse_json
from tui.core.text.late_pattern import late_pattern
from tui.core.text.sizes import size_text
from tui.safe_io.opening import OURS as OURS
from tui.safe_io.opening import open_regular
from tui.safe_io.replacing import make_folders

NONE_OF_OURS = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EINVAL, errno.EISDIR)
_TICK_NS = 50_000_000
_COARSE_NS = 2_000_000_000  # of a file system that keeps whole seconds
_ESCAPED = late_pattern(r"\\([0-7]{3})")

FileStamp = tuple[int, int, int, int, int]


def console_folder(base: Path, *parts: str) -> Path:
    """Make `<base>/.session_console/<parts>` with the group and mode of `base`, and return it.

    Follows no symlink; raises `OSError`.
    """
    make_folders(base, OURS, *parts)
    return base.joinpath(OURS, *parts)


def our_folder(base: Path, *parts: str) -> Path | None:
    """Return `<base>/.session_console/<parts>` for reading, `None` when part of it is a link.

    It need not exist.
    """
    folder = base
    for part in (OURS, *parts):
        folder = folder / part
        if is_link(folder):
            return None
    return folder


def is_link(path: str | Path) -> bool:
    """Whether `path` is a symlink; `False` if we may not look, where `Path.is_symlink` raises."""
    try:
        return stat.S_ISLNK(os.lstat(path).st_mode)
    except (OSError, ValueError):
        return False


def is_folder(path: Path, *, unknown: bool = False) -> bool:
    """Whether `path` is a folder, or a link to one; returns `unknown` if it cannot be checked.

    `Path.is_dir` raises in that case, or returns `False`.
    """
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError:
        return unknown


def may_be_there(path: str | Path) -> bool:
    """Whether `path` exists, or may: only "no such file" counts as absent. Follows no link.

    `os.path.lexists` returns `False` for every error.
    """
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError:
        return True
    return True


def stamp_of(status: os.stat_result) -> FileStamp:
    """Return a file's device, inode, size, mtime and ctime.

    They change when it is written, replaced, truncated, or restored with old times.
    """
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )


def stamps_of(paths: Iterable[str]) -> dict[str, FileStamp]:
    """Return the stamps of the paths that exist, or may: only "no such file" counts as absent."""
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
    """Whether the stamps are old enough to show every later change.

    A second change within one tick of the file system's clock would leave a stamp unchanged.
    """
    now = time.time_ns()
    return all(
        abs(now - at) > (_TICK_NS if at % 1_000_000_000 else _COARSE_NS)
        for stamp in stamps
        for at in stamp[3:]
    )


def mount_of(path: Path) -> Path:
    """Return the mount point of the folder that `path` is in, if known."""
    folder, known = path.parent.resolve(), mounts()
    return next((one for one in (folder, *folder.parents) if str(one) in known), folder)


class Mount(NamedTuple):
    """A mount point, its device as `major:minor`, and the kind of its file system."""

    place: str
    device: str
    kind: str


def mounts() -> dict[str, str]:
    """Return the mount points with their devices; empty if unknown."""
    return {one.place: one.device for one in mount_table()}


def mount_table() -> tuple[Mount, ...]:
    """Return all mounts; a later one hides an earlier one in its place. Empty if unknown."""
    try:
        return _mounts_in(Path("/proc/self/mountinfo").read_bytes())
    except OSError:
        return ()


@lru_cache(maxsize=1)  # read each second, and it hardly ever changes
def _mounts_in(table: bytes) -> tuple[Mount, ...]:
    lines = (os.fsdecode(line).split(" ") for line in table.split(b"\n"))
    return tuple(
        Mount(_ESCAPED.sub(lambda found: chr(int(found[1], 8)), one[4]), one[2], _kind(one))
        for one in lines
        if len(one) > 4
    )


def _kind(fields: list[str]) -> str:
    """Return the kind of a mount's file system: it stands behind a dash."""
    return next((kind for dash, kind in pairwise(fields[6:]) if dash == "-"), "")


def read_small(path: Path, limit: int = SMALL, *, follows: bool = False) -> bytes:
    """Return a small file's content; raises `OSError` if it is larger, not a file, or a link.

    A pipe in its place does not block. `follows` allows a link: for the operator's own files, or
    where only a number is taken from the content.
    """
    plain = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
    fd = os.open(path, plain) if follows else open_regular(path)
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a small file", str(path))
        if status.st_size > limit:
            words = f"not a small file: {size_text(status.st_size)}, {size_text(limit)} are read"
            raise OSError(errno.EFBIG, words, str(path))
        return os.read(fd, min(limit, status.st_size + SMALL))
    finally:
        os.close(fd)


def read_ours(path: Path, limit: int = SMALL) -> dict[str, Any]:
    """Return the JSON object in a small file, an empty one when there is none.

    What is not a file, or not JSON, counts as none. Raises `OSError` when the file is too large or
    cannot be read.
    """
    try:
        return read_whole(path, limit)
    except OSError as error:
        if error.errno in (errno.EBADMSG, *NONE_OF_OURS):
            return {}
        raise


def read_whole(path: Path, limit: int = SMALL, *, shown: str = "") -> dict[str, Any]:
    """Return the JSON object in a small file of ours, an empty one only when nothing is there.

    Raises `OSError` when it is damaged, too large, a link or no file, or cannot be read; its words
    call the file `shown`.
    """
    try:
        value = parse_json(read_small(path, limit))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (ValueError, RecursionError):
        raise damaged(path, shown) from None
    except OSError as error:
        words = f"{shown}: {error.strerror or error}".removeprefix(": ")
        if error.errno in NONE_OF_OURS:
            words = f"{shown} is a link, or not a file"
        raise OSError(error.errno or errno.EIO, words, str(path)) from None
    if not isinstance(value, dict):
        raise damaged(path, shown)
    return value


def damaged(path: Path, shown: str) -> OSError:
    """Return the error for a file of ours whose content is not what we write."""
    return OSError(errno.EBADMSG, f"{shown} is damaged", str(path))


def read_object(path: Path, limit: int = SMALL, *, follows: bool = False) -> dict[str, Any]:
    """Return the JSON object in a small file, or an empty one if it cannot be read."""
    try:
        value = parse_json(read_small(path, limit, follows=follows))
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def without_dots(folder: Path) -> Path:
    """Return a listing's path without `..`; the folder itself may be a link."""
    if ".." not in folder.parts:
        return folder
    above = Path(os.path.realpath(folder.parent))
    return Path(os.path.realpath(folder)) if folder.name == ".." else above / folder.name
