"""Writes `partial.json` only as often as somebody reads it.

Most of the time nobody does, and it changes with every token. Each writing clears the time of the
last access, which the next reader sets: no follower has to write anything into the run's folder.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from tui.runs.folder.open_folder import RunFolder, replace_file
from tui.runs.folder.protocol import PARTIAL

# Unread, it is looked after seldom, and written anyway: its time says that the agent is at work,
# and a reader on a mount that keeps no times of access (`noatime`, `ro`) leaves no trace.
_LOOKS_EVERY_S, _WRITES_EVERY_S = 0.3, 1.0


class PartialFile:
    """The message being written, in the run's folder; `seconds` is a monotonic clock.

    `is_read` is whether somebody has read what was written last, as far as known.
    """

    def __init__(self, folder: RunFolder, seconds: Callable[[], float] = time.monotonic) -> None:
        self._folder, self._seconds = folder, seconds
        self._shown: str | None = None
        self._looked_at = self._written_at = float("-inf")
        self.is_read = True
        self._has_access_times: bool | None = None

    @property
    def is_due(self) -> bool:
        """Whether `write` has to be called for a message that has grown; asks no disk."""
        return self.is_read or self._seconds() - self._looked_at >= _LOOKS_EVERY_S

    def write(self, value: Mapping[str, Any], *, is_first: bool = False) -> None:
        """Write the message: its first words, or if the last one was read or that is long ago."""
        self._looked_at = self._seconds()
        self.is_read = self._shown is None or self._was_read()
        is_late = self._looked_at - self._written_at >= _WRITES_EVERY_S
        if not (is_first or self.is_read or is_late):
            return
        text = json.dumps(value)
        if text == self._shown:
            return
        # Not waiting for the disk: it says what is now, and is worth nothing later.
        replace_file(self._folder.fd, PARTIAL, text, is_lasting=False)
        self._shown, self._written_at = text, self._looked_at
        with suppress(OSError):  # then it counts as read
            times = (0, time.time_ns())
            os.utime(PARTIAL, ns=times, dir_fd=self._folder.fd, follow_symlinks=False)

    def remove(self) -> None:
        """Remove the file: nothing is being written."""
        if self._shown is not None:
            with suppress(FileNotFoundError):
                os.unlink(PARTIAL, dir_fd=self._folder.fd)
        self._shown, self.is_read = None, True

    def _was_read(self) -> bool:
        if self._has_access_times is None:
            flags = os.fstatvfs(self._folder.fd).f_flag
            self._has_access_times = not flags & os.ST_NOATIME
        if not self._has_access_times:
            return True
        try:
            return os.stat(PARTIAL, dir_fd=self._folder.fd, follow_symlinks=False).st_atime_ns != 0
        except OSError:
            return True
