"""How to connect to the fleet's database: a file that none but its operators may read."""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path

from tui.core.errors import Reason, Refused
from tui.core.limits import SMALL
from tui.core.text.safe_text import one_line
from tui.fleet_settings import FleetSettings
from tui.settings import Settings

_MODES = (0o600, 0o400, 0o640, 0o440)
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK


def fleet_of(settings: Settings) -> FleetSettings:
    """Return the settings of the fleet; raises `Refused` when there are none."""
    if settings.fleet is None:
        raise Refused(
            "this host is in no fleet: name `dsn_file` and `host` below [fleet] in the settings",
            Reason.NOT_SET_UP,
            remedy="help fleet",
        )
    return settings.fleet


def read_dsn(path: Path) -> str:
    """Return what a file says of how to connect.

    Raises `Refused` when it cannot be read, when it belongs to another login, or when others than
    its owner and its group could read it, or any but its owner write it.
    """
    try:
        fd = os.open(path, _READ)
        with os.fdopen(fd, "rb") as file:
            status = os.fstat(fd)
            text = file.read(SMALL).decode().strip() if stat.S_ISREG(status.st_mode) else ""
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise _unusable(path, f"cannot be read: {why}") from error
    mode = stat.S_IMODE(status.st_mode)
    if status.st_uid not in (0, os.geteuid()):
        raise _unusable(path, f"belongs to uid {status.st_uid}")
    if mode not in _MODES:
        raise _unusable(
            path, f"has mode {mode:03o}, not 600 or 640", shlex.join(["chmod", "600", str(path)])
        )
    if not text or "\n" in text or "\0" in text:
        raise _unusable(path, "does not say how to connect on one line")
    return text


def _unusable(path: Path, why: str, remedy: str = "") -> Refused:
    return Refused(f"the dsn_file {one_line(path)} {why}", Reason.NOT_SET_UP, remedy=remedy)
