"""The command line of a runner, by which others prove that it drives a run.

One that was started ahead has room on it, and puts the folder of its run there, for `ps`, `stop`
and whoever else looks, as if it had been started for it.
"""

from __future__ import annotations

import os
from pathlib import Path

_AHEAD = "started-ahead"
_ROOM = 1024
_ARG_START = 48  # the field of `/proc/<pid>/stat`, counted from 1; see proc(5)


def room() -> str:
    """Return what stands for the folder of a run that is not known yet."""
    return _AHEAD.ljust(_ROOM)


class CommandLine:
    """The command line of this process, with the `place` where a run's folder stands or will."""

    def __init__(self, place: str) -> None:
        self._place = os.fsencode(place)
        self._at = 0 if place.startswith("/") else _address(self._place)

    @property
    def is_known(self) -> bool:
        """Whether a folder stands there, or can be put there."""
        return bool(self._at) or self._place.startswith(b"/")

    def name(self, folder: str) -> None:
        """Put the folder there, unless that is what stands there."""
        words = os.fsencode(folder)
        if self._at and len(words) < len(self._place):
            import ctypes

            ctypes.memmove(self._at, words.ljust(len(self._place), b"\0"), len(self._place))


def fits(folder: Path) -> bool:
    """Whether a folder can be put on the command line of a runner that was started ahead."""
    return len(os.fsencode(folder)) < _ROOM


def _address(place: bytes) -> int:
    """Return where an argument of this process is in its memory; 0 if that is unknown."""
    import ctypes  # ahead of the order, which shall not wait for it

    try:
        line = Path("/proc/self/cmdline").read_bytes()
        fields = Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
        at = int(fields[_ARG_START - 3]) + line.index(b"\0" + place + b"\0") + 1
    except (OSError, ValueError, IndexError):
        return 0
    return at if ctypes.string_at(at, len(place)) == place else 0
