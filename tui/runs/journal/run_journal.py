"""Writes the run folder for its runner; a full disk never stops the turn."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from tui.runs.folder.event_snapshot import FOLDED, EventSnapshot
from tui.runs.folder.open_folder import (
    RunFolder,
    closing,
    make_inside,
    open_file,
    open_inside,
    replace_file,
    write_new,
)
from tui.runs.folder.permission_requests import REQUESTS
from tui.runs.folder.protocol import EVENTS, HEARTBEAT, OWNER, PROBE, RESERVE
from tui.runs.journal.partial_file import PartialFile

SETTLES_WITHIN_S = 1.0  # what a pipeline waits for the disk before it is told of a turn's end
_MAX_WAITING = 1024 * 1024
_MAX_STRING = 4000
_FULL = (errno.ENOSPC, errno.EDQUOT)


class Journal:
    """Writes events, the partial message, the owner and the heartbeat; follows no link.

    Failed writes (a full disk) are counted in `troubles`; events are kept in memory, in order, and
    written with the next one. `is_full`: the last attempt found no space.
    """

    def __init__(self, folder: Path, clock: Callable[[], datetime]) -> None:
        self.folder = folder
        self._opened = RunFolder(folder)
        self.troubles = 0
        self.is_full = False
        self._clock = clock
        self._waiting = b""
        self._folding, self._is_begun, self._lost = EventSnapshot(), False, 0
        self._partial_file = PartialFile(self._opened)

    def event(self, kind: str, /, **details: Any) -> None:
        """Append one event as a line, in one write; long texts in it are cut."""
        event = {"at": self._clock().isoformat(), "type": kind, **_cut(details)}
        line = json.dumps(event, default=str).encode() + b"\n"
        if len(self._waiting) + len(line) <= _MAX_WAITING:
            self._waiting += line
            self._folding.add([line])
        else:
            self._lost += 1
        self.flush()

    def note(self, kind: str, words: str) -> None:
        """Append a notice, if there are words for one."""
        if words:
            self.event("notice", kind=kind, words=words)

    @property
    def is_behind(self) -> bool:
        """Whether events wait to be written."""
        return bool(self._waiting)

    @property
    def is_followed(self) -> bool:
        """Whether somebody has read the partial message that was written last."""
        return self._partial_file.is_read

    def settle(self, within_s: float = SETTLES_WITHIN_S) -> bool:
        """Wait at most that long until all is written; whether it is."""
        return not self.is_behind

    def flush(self) -> None:
        """Write the pending events."""
        if not self._waiting:
            return
        with (
            self._trouble_counted(),
            closing(open_file(self._opened.fd, EVENTS, os.O_APPEND)) as fd,
        ):
            if not self._is_begun:
                self._is_begun = True
                self._folding.begin(os.fstat(fd).st_size)
            # A short write (the disk fills up) leaves a torn line, which the rest completes.
            self._waiting = self._waiting[os.write(fd, self._waiting) :]
            self.is_full = bool(self._waiting)
            size = os.fstat(fd).st_size
        if not self._waiting:
            self._fold(size)

    def _fold(self, size: int) -> None:
        """Write a snapshot when it is due, and record how many events were lost."""
        if text := self._folding.sum(size):
            with self._trouble_counted():
                replace_file(self._opened.fd, FOLDED, text, is_lasting=False)
        lost, self._lost = self._lost, 0
        if lost:
            words = f"{lost} notes of this run were lost: the disk was full"
            self.event("notice", kind="disk", words=words)

    def partial(self, value: Mapping[str, Any] | None, *, is_first: bool = False) -> None:
        """Write the partial message, as often as it is read; `None` when there is none.

        Its first words are written in any case.
        """
        with self._trouble_counted():
            if value is None:
                self._partial_file.remove()
            else:
                self._partial_file.write(value, is_first=is_first)

    def owner(self, value: Mapping[str, Any]) -> None:
        """Record the run's processes."""
        with self._trouble_counted():
            replace_file(self._opened.fd, OWNER, json.dumps(value))

    def now(self) -> datetime:
        """Return the current time by the clock of the events."""
        return self._clock()

    def keep_request(self, name: str, text: str) -> bool:
        """Write a request's file atomically; whether it succeeded."""
        with self._trouble_counted(), closing(self._requests()) as folder:
            replace_file(folder, name, text, is_lasting=False)
            return True
        return False

    def drop_request(self, name: str) -> None:
        """Remove the file of a request that was answered."""
        with suppress(OSError), closing(open_inside(self._opened.fd, REQUESTS)) as folder:
            os.unlink(name, dir_fd=folder)

    def _requests(self) -> int:
        try:
            return open_inside(self._opened.fd, REQUESTS)
        except FileNotFoundError:
            return make_inside(self._opened.fd, REQUESTS)

    def beat(self) -> None:
        """Write the heartbeat, and check whether the disk has space."""
        with self._trouble_counted():
            with closing(open_file(self._opened.fd, HEARTBEAT)) as fd:
                os.utime(fd)
            self._probe()
        self.flush()

    def give_up_reserve(self) -> None:
        """Release the reserved disk space for the run's last events."""
        with suppress(OSError):
            os.unlink(RESERVE, dir_fd=self._opened.fd)

    def _probe(self) -> None:
        """Write a few bytes that nobody reads: an agent that waits writes no event."""
        try:
            write_new(self._opened.fd, PROBE, "\0" * 4096)
            self.is_full = False
        finally:
            with suppress(FileNotFoundError):
                os.unlink(PROBE, dir_fd=self._opened.fd)

    @contextmanager
    def _trouble_counted(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.troubles += 1
            self.is_full = self.is_full or error.errno in _FULL


def _cut(value: Any) -> Any:
    """Return JSON-like data with long strings cut: events are small, the transcript is whole."""
    if isinstance(value, str):
        return value if len(value) <= _MAX_STRING else value[:_MAX_STRING] + "…"
    if isinstance(value, Mapping):
        return {str(key): _cut(one) for key, one in value.items()}
    return [_cut(one) for one in value] if isinstance(value, list | tuple) else value
