"""Opens files and folders that others can swap: never a pipe or device, and through no link."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CONFIG_DIR = ".claude_sessions"
OURS = ".session_console"

_STEP = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CHANGED = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_APPENDED = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_AGENTS = "projects"
_DEFAULT = ".claude"

Place = str | os.PathLike[str]

_roots: set[str] = set()
_config_dirs: set[str] = set()


def guard_below(root: Place) -> None:
    """Treat listing folders below this root as swappable: follow no link in their place.

    The path to the root may contain links: its owner chose them.
    """
    _roots.update(map(_plain, (os.fspath(root), os.fspath(Path(root).absolute()))))


def guard_config_dir(folder: Place) -> None:
    """Follow no link inside this config dir, which has a name of its own."""
    _config_dirs.update(map(_plain, (os.fspath(folder), os.fspath(Path(folder).absolute()))))


def open_regular(path: Place, folder: int | None = None) -> int:
    """Open a regular file for reading; raises `OSError` for anything else, links included.

    Inside a config dir, and in our own folders, no folder on the way may be a link either. A pipe
    in the file's place does not block. `folder` is the open folder that `path` lies in, if there is
    one already: then only its name is looked up.
    """
    if folder is None:
        fd = _opened(os.fspath(path), _FILE)
    else:
        fd = os.open(os.fspath(path).rpartition("/")[2], _FILE, dir_fd=folder)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "not a file", os.fspath(path))
    except BaseException:  # the descriptor must be closed in any case
        os.close(fd)
        raise
    return fd


def open_to_append(path: Place) -> int:
    """Open a file for reading and appending, by the same rules; raises `OSError`."""
    return _opened(os.fspath(path), _APPENDED)


def open_to_change(path: Place) -> int:
    """Open a file for reading and overwriting parts of it, by the same rules."""
    return _opened(os.fspath(path), _CHANGED)


def open_folder(path: Place) -> int:
    """Open a folder to list it, by the same rules; raises `OSError`."""
    return _opened(os.fspath(path), _FOLDER)


def open_folder_of(path: Place) -> tuple[int, str]:
    """Open a path's parent folder, by the same rules; return it and the name in it.

    The folder need not be readable: names are only looked up.
    """
    base, names = _parted(os.fspath(path))
    if not names:
        base, name = os.path.split(os.fspath(path))
        names = [name]
    fd = os.open(base or ".", _STEP & ~os.O_NOFOLLOW)
    return _passed(fd, names[:-1], _STEP), names[-1]


def open_below(folder: int, name: str) -> int:
    """Open a folder to list it, by its name in an open one; raises `OSError`, also for a link."""
    return os.open(name, _FOLDER, dir_fd=folder)


def open_base(path: Place) -> int:
    """Open the root or listing that contains our folder, to look up names in it.

    Raises `OSError`, also for a link in the place of a listing.
    """
    above, _, name = _plain(os.fspath(path)).rpartition("/")
    is_listing = bool(name) and (above or "/") in _roots
    return os.open(path, _STEP if is_listing else _STEP & ~os.O_NOFOLLOW)


@contextmanager
def regular(path: Place) -> Iterator[tuple[int, os.stat_result]]:
    """Open a regular file as `open_regular` does; give its descriptor and status."""
    fd = open_regular(path)
    try:
        yield fd, os.fstat(fd)
    finally:
        os.close(fd)


def _opened(path: str, flags: int) -> int:
    base, names = _parted(path)
    if not names:
        return os.open(path, flags)
    if len(names) == 1:
        return os.open(f"{base}/{names[0]}", flags)
    return _passed(os.open(f"{base}/{names[0]}", _STEP), names[1:], flags)


def _passed(fd: int, names: list[str], flags: int) -> int:
    """Walk down from an open folder, and open the last of `names` with `flags`."""
    for name in names:
        try:
            below = os.open(name, flags if name is names[-1] else _STEP, dir_fd=fd)
        finally:
            os.close(fd)
        fd = below
    return fd


def _parted(path: str) -> tuple[str, list[str]]:
    """Split a path into the trusted part, which its owner chose, and the names others can swap.

    Raises `OSError` for `..` among these: in a swapped folder it leads anywhere.
    """
    names = [name for name in path.split("/") if name not in ("", ".")]
    top = "/" if path.startswith("/") else "./"
    begin = next((at for at, name in enumerate(names) if name in (CONFIG_DIR, OURS)), None)
    if begin is None:
        begin = _inside_config_dir(top, names) or max(0, len(names) - 1)
    if begin and top + "/".join(names[: begin - 1]) in _roots:
        begin -= 1  # a listing's name: others who can write to the root can swap it
    if ".." in names[begin:]:
        raise OSError(errno.EINVAL, "it leads back up", path)
    return top + "/".join(names[:begin]), names[begin:]


def _inside_config_dir(top: str, names: list[str]) -> int | None:
    """Return the index of the first name inside a config dir that is not a listing's."""
    return next(
        (
            at
            for at, name in enumerate(names)
            if name == _AGENTS
            and at
            and (names[at - 1] == _DEFAULT or top + "/".join(names[:at]) in _config_dirs)
        ),
        None,
    )


def _plain(path: str) -> str:
    """Return a path in the form of `_parted`'s trusted part."""
    names = [name for name in path.split("/") if name not in ("", ".")]
    return ("/" if path.startswith("/") else "./") + "/".join(names)
