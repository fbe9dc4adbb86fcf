"""The logbook of a root: what was done that no listing's database can tell, a line an act."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC
from pathlib import Path
from typing import Any

from tui.core.models import Event
from tui.core.text import one_line
from tui.core.zones import read_time
from tui.storage.folders import (
    Version,
    console_folder,
    inherit_rights,
    our_folder,
    version_of,
)

_FILE = "log.jsonl"
_END = 1024 * 1024
_LONGEST = 400
_NAMES = ("operator", "action", "listing", "session_id", "note")
_FLAGS = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


def write_event(root: Path, event: Event) -> bool:
    """Append an act; whether it could be written: no act waits for its logbook."""
    facts = {name: str(getattr(event, name))[:_LONGEST] for name in _NAMES}
    line = f"{json.dumps({'at': event.at.isoformat()} | facts)}\n".encode()
    try:
        folder = console_folder(root)
        path = folder / _FILE
        fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | _FLAGS, 0o660)
    except OSError:
        return False
    try:
        return _append(fd, line)
    except OSError:
        return False
    finally:
        os.close(fd)
        with suppress(OSError):
            inherit_rights(path, folder)


def _append(fd: int, line: bytes) -> bool:
    """Write one whole line in one write: so writers at the same moment never mix theirs.

    A line that a full disk cut short is ended first, or it would take this one with it.
    """
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        return False
    is_torn = status.st_size > 0 and os.pread(fd, 1, status.st_size - 1) != b"\n"
    data = b"\n" + line if is_torn else line
    return os.write(fd, data) == len(data)


def read_logbook(root: Path, most_bytes: int = _END) -> tuple[Event, ...]:
    """Return the acts at the end of the logbook, oldest first, safe to show."""
    folder = our_folder(root)
    return tuple(_events(_end(folder / _FILE, most_bytes))) if folder else ()


def logbook_version(root: Path) -> Version | None:
    """Return what changes when something is written down; `None` while nothing is."""
    folder = our_folder(root)
    try:
        return version_of((folder / _FILE).lstat()) if folder else None
    except OSError:
        return None


def _end(path: Path, most_bytes: int) -> bytes:
    try:
        fd = os.open(path, os.O_RDONLY | _FLAGS)
    except OSError:
        return b""
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            return b""
        return os.pread(fd, most_bytes, max(0, status.st_size - most_bytes))
    except OSError:
        return b""
    finally:
        os.close(fd)


def _events(data: bytes) -> Iterator[Event]:
    for line in data.split(b"\n"):
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict) and (event := _event(value)):
            yield event


def _event(value: dict[str, Any]) -> Event | None:
    at = read_time(value.get("at"), UTC)
    if at is None:
        return None
    operator, action, listing, session_id, note = (
        one_line(value.get(name) or "")[:_LONGEST] for name in _NAMES
    )
    return Event(at, operator[:64], action[:20], listing, session_id, note=note)
