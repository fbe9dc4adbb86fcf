"""The settings file: where it is, what is in it, and whether others could have written it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from tui.core.errors import UsageError
from tui.core.limits import SMALL
from tui.core.text.sizes import size_text

_MOST_LINKS = 40  # as the system
_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def settings_path(environment: Mapping[str, str]) -> Path:
    """Return the TOML file's path: `$SESSION_CONSOLE_CONFIG`, else in the XDG folder."""
    named = environment.get("SESSION_CONSOLE_CONFIG")
    if named:
        return Path(named)
    named = environment.get("XDG_CONFIG_HOME")
    base = Path(named) if named else home(environment) / ".config"
    return base / "session-console" / "config.toml"


def home(environment: Mapping[str, str]) -> Path:
    """Return the home folder; `/` for a user without one, as in some containers."""
    try:
        return Path(environment.get("HOME") or Path.home())
    except RuntimeError:
        return Path("/")


def read_settings(path: Path) -> tuple[str, str]:
    """Return a settings file's text, and why others could have written it, if they could.

    Within bounds: a pipe in its place would hang every verb. Raises `UsageError`.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(fd, "rb") as file:
            status = os.fstat(fd)
            if not (stat.S_ISREG(status.st_mode) or stat.S_ISCHR(status.st_mode)):
                raise UsageError(f"{path} is not a file")
            raw = file.read(SMALL + 1)
        if len(raw) > SMALL:
            raise UsageError(f"{path} is larger than {size_text(SMALL)}: no settings file is")
        return raw.decode("utf-8"), _why_not_ours(path, status)
    except FileNotFoundError:
        return "", ""
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: {error}") from error


def _why_not_ours(path: Path, status: os.stat_result) -> str:
    """Return why others could have written an open file: its owner, its mode, or a folder's."""
    if reason := _why_writable(status):
        return f"{path} {reason}"
    try:
        for place, found in _way_to(path):
            if reason := _why_untrusted(found):
                return f"{place}, above {path.name}, {reason}"
    except OSError as error:
        return f"the way to {path} cannot be checked: {error.strerror or error}"
    return ""


def _why_untrusted(place: os.stat_result) -> str:
    """Return why others could lead a path through this folder or link to another file."""
    if stat.S_ISLNK(place.st_mode):
        return f"belongs to uid {place.st_uid}" if place.st_uid not in (0, _us()) else ""
    is_sticky = bool(place.st_mode & stat.S_ISVTX)  # nobody replaces another's files in there
    return "" if is_sticky and place.st_uid in (0, _us()) else _why_writable(place)


def _why_writable(status: os.stat_result) -> str:
    if status.st_uid not in (0, _us()):
        return f"belongs to uid {status.st_uid}"
    if status.st_mode & _OTHERS:
        return f"can be written by others (mode {stat.S_IMODE(status.st_mode):o})"
    return ""


def _us() -> int:
    return os.geteuid()


def _way_to(path: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield each folder in which a name of the path is looked up, and each link, to its file.

    A link may lead to another in a third place: whoever writes there chooses the file. Raises
    `OSError`, also after more links than the system follows.
    """
    names, links = list(path.absolute().parts[:0:-1]), 0
    folder = Path("/")
    while names:
        yield folder, folder.lstat()
        place = folder / names.pop()
        if place.name == "..":
            folder = folder.parent
            continue
        found = place.lstat()
        if not stat.S_ISLNK(found.st_mode):
            folder = place
            continue
        yield place, found
        links += 1
        if links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(place))
        target = place.readlink()
        folder = Path("/") if target.is_absolute() else folder
        names += [one for one in reversed(target.parts) if one != "/"]
