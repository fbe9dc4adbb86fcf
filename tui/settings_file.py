"""The settings file: where it is, what is in it, and whether others could have written it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from tui.core.errors import UsageError
from tui.core.limits import SMALL
from tui.core.text.sizes import size_text

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
    for folder in _folders(path):
        found = folder.stat()
        is_sticky = bool(found.st_mode & stat.S_ISVTX)  # nobody replaces another's files in there
        if (reason := _why_writable(found)) and not (is_sticky and found.st_uid in (0, _us())):
            return f"{folder}, above {path.name}, {reason}"
    return ""


def _why_writable(status: os.stat_result) -> str:
    if status.st_uid not in (0, _us()):
        return f"belongs to uid {status.st_uid}"
    if status.st_mode & _OTHERS:
        return f"can be written by others (mode {stat.S_IMODE(status.st_mode):o})"
    return ""


def _us() -> int:
    return os.geteuid()


def _folders(path: Path) -> Iterator[Path]:
    """Yield all folders above a file, and those above what it is a link to."""
    yield from path.absolute().parents
    yield from Path(os.path.realpath(path)).parents
