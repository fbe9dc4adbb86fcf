"""The runner's pen: it writes the run folder, and a full disk never stops the turn."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from tui.runs.opened import Opened, closing, open_file, replace_file
from tui.runs.protocol import EVENTS, HEARTBEAT, OWNER, PARTIAL

_MAX_WAITING = 1024 * 1024
_MAX_STRING = 4000


class Journal:
    """Writes events, the message being written, the owner and the heartbeat.

    What cannot be written now (a full disk) is counted in `troubles`; events wait in memory, in
    order, and are written with the next one. Nothing is written through a link.
    """

    def __init__(self, folder: Path, clock: Callable[[], datetime]) -> None:
        self.folder = folder
        self._opened = Opened(folder)
        self.troubles = 0
        self._clock = clock
        self._waiting = b""
        self._shown: str | None = None

    def event(self, kind: str, /, **details: Any) -> None:
        """Append one event, a line, in one write."""
        event = {"at": self._clock().isoformat(), "type": kind, **_cut(details)}
        line = json.dumps(event, default=str).encode() + b"\n"
        if len(self._waiting) + len(line) <= _MAX_WAITING:
            self._waiting += line
        self.flush()

    def flush(self) -> None:
        """Write the events that wait."""
        if not self._waiting:
            return
        with (
            self._trouble_counted(),
            closing(open_file(self._opened.fd, EVENTS, os.O_APPEND)) as fd,
        ):
            # A short write (the disk fills up) leaves a torn line, which the rest completes.
            self._waiting = self._waiting[os.write(fd, self._waiting) :]

    def partial(self, value: Mapping[str, Any] | None) -> None:
        """Show what is being written now; `None` when nothing is."""
        text = None if value is None else json.dumps(value)
        if text == self._shown:
            return
        with self._trouble_counted():
            if text is None:
                with suppress(FileNotFoundError):
                    os.unlink(PARTIAL, dir_fd=self._opened.fd)
            else:
                # Not waiting for the disk: it says what is now, and is worth nothing later.
                replace_file(self._opened.fd, PARTIAL, text, is_lasting=False)
            self._shown = text

    def owner(self, value: Mapping[str, Any]) -> None:
        """Say which processes this run is."""
        with self._trouble_counted():
            replace_file(self._opened.fd, OWNER, json.dumps(value))

    def beat(self) -> None:
        """Show that the runner lives."""
        with self._trouble_counted(), closing(open_file(self._opened.fd, HEARTBEAT)) as fd:
            os.utime(fd)
        self.flush()

    @contextmanager
    def _trouble_counted(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            self.troubles += 1


def _cut(value: Any) -> Any:
    """Return JSON-like data with long strings cut: events are small, the transcript is whole."""
    if isinstance(value, str):
        return value if len(value) <= _MAX_STRING else value[:_MAX_STRING] + "…"
    if isinstance(value, Mapping):
        return {str(key): _cut(one) for key, one in value.items()}
    return [_cut(one) for one in value] if isinstance(value, list | tuple) else value
