"""The logbook of a root: acts that no listing's audit records, one JSON line each."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC
from pathlib import Path
from typing import Any

from tui.core.limits import AUDIT_DETAIL
from tui.core.models.audit import AuditEvent
from tui.core.text.bounded_json import parse_json
from tui.core.text.safe_text import one_line
from tui.core.time.zones import read_time
from tui.safe_io.folders import (
    FileStamp,
    console_folder,
    our_folder,
    stamp_of,
)
from tui.safe_io.opening import open_to_append, regular
from tui.safe_io.replacing import folder_of, make_file
from tui.storage.table.row_codec import cost_from

_FILE, _OLD = "log.jsonl", "log.jsonl.1"
_LARGEST = 4 * 1024 * 1024
_END = 1024 * 1024
ALL_OF_IT = 3 * _LARGEST
_TRIES, _PAUSE_S = 20, 0.005
_LONGEST = 400
_BEHIND_A_LINK = "it is behind a symbolic link, which is not followed"
_NAMES = ("operator", "action", "listing", "session_id", "note")
_MORE = ("act_id", "request_id", "cost_usd", "detail")


def write_event(root: Path, event: AuditEvent) -> str:
    """Append an act; return why it failed, empty on success.

    A logbook that is too large is rotated first: it replaces the old one.
    """
    facts: dict[str, Any] = {name: str(getattr(event, name))[:_LONGEST] for name in _NAMES}
    facts |= {name: one for name in _MORE if (one := getattr(event, name)) not in ("", None)}
    line = f"{json.dumps({'at': event.at.isoformat()} | facts)}\n".encode()
    try:
        folder = console_folder(root)
        is_written = any(_write(folder, line) for _ in range(_TRIES))
    except OSError as error:
        return f"{_FILE}: {error.strerror or error}"
    return "" if is_written else f"{_FILE} cannot be appended to"


def _write(folder: Path, line: bytes) -> bool:
    """Append a line to the logbook; false when another writer rotates it at that moment.

    Writers hold a shared lock, and rotation an exclusive one: so no line goes into a rotated file.
    If the lock is held for long, the line is written without it.
    """
    path = folder / _FILE
    fd = _opened(path)
    try:
        if os.fstat(fd).st_size >= _LARGEST and _rotate(fd, path):
            return False
        is_ours = _is_locked(fd, fcntl.LOCK_SH)
        return (_is_at(path, fd) or not is_ours) and _append(fd, line)
    finally:
        os.close(fd)


def _opened(path: Path) -> int:
    """Open the logbook, or make it; raises `OSError`."""
    try:
        return open_to_append(path)
    except FileNotFoundError:
        with suppress(FileExistsError), folder_of(path) as (folder, name):
            os.close(make_file(folder, name))
    return open_to_append(path)


def _rotate(fd: int, path: Path) -> bool:
    """Rotate the logbook and return whether it was; a link in the old one's place is replaced."""
    if not stat.S_ISREG(os.fstat(fd).st_mode) or not _is_locked(fd, fcntl.LOCK_EX):
        return False
    if not _is_at(path, fd):
        return True
    try:
        with folder_of(path) as (folder, name):
            os.rename(name, _OLD, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        return False
    return True


def _is_locked(fd: int, kind: int) -> bool:
    for _ in range(_TRIES):
        try:
            fcntl.flock(fd, kind | fcntl.LOCK_NB)
        except OSError:
            time.sleep(_PAUSE_S)
        else:
            return True
    return False


def _is_at(path: Path, fd: int) -> bool:
    """Whether the open file is still the one at `path`."""
    try:
        return os.path.samestat(path.lstat(), os.fstat(fd))
    except FileNotFoundError:
        return False


def _append(fd: int, line: bytes) -> bool:
    """Write the line in one call, so that concurrent writers never mix their lines.

    A line that a full disk cut short is ended first, or it would spoil this one.
    """
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        return False
    is_torn = status.st_size > 0 and os.pread(fd, 1, status.st_size - 1) != b"\n"
    data = b"\n" + line if is_torn else line
    return os.write(fd, data) == len(data)


def read_logbook(root: Path, most_bytes: int = _END) -> tuple[AuditEvent, ...]:
    """Return the last acts in the logbook, oldest first, safe to show.

    After a recent rotation they begin in the old one. Raises `OSError` when it cannot be read, or
    is behind a link.
    """
    folder = our_folder(root)
    if folder is None:
        raise OSError(errno.ELOOP, _BEHIND_A_LINK)
    which, new = _end(folder / _FILE, most_bytes)
    other, old = _end(folder / _OLD, most_bytes - len(new))
    # If it was rotated between the two reads, both are the same file.
    return tuple(_events(new if other == which else old + b"\n" + new))


def logbook_problem(root: Path) -> str:
    """Return why the logbook cannot be read, empty when it can."""
    folder = our_folder(root)
    if folder is None:
        return f"the logbook cannot be read: {_BEHIND_A_LINK}"
    try:
        with regular(folder / _FILE) as (_, status):
            is_silent = status.st_size > 0 and not read_logbook(root)
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"{_FILE} cannot be read: {error.strerror}"
    return f"{_FILE} ends with nothing that can be read" if is_silent else ""


def logbook_stamp(root: Path) -> FileStamp | None:
    """Return the logbook's stamp, `None` when there is none; raises `OSError`."""
    folder = our_folder(root)
    for name in (_FILE, _OLD):
        with suppress(FileNotFoundError, NotADirectoryError):
            return stamp_of((folder / name).lstat()) if folder else None
    return None


def _end(path: Path, most_bytes: int) -> tuple[int, bytes]:
    """Return a file's inode and its end; 0 and nothing when there is none."""
    try:
        with regular(path) as (fd, status):
            end = os.pread(fd, most_bytes, max(0, status.st_size - most_bytes))
            return status.st_ino, end
    except (FileNotFoundError, NotADirectoryError):
        return 0, b""


def _events(data: bytes) -> Iterator[AuditEvent]:
    for line in data.split(b"\n"):
        try:
            value = parse_json(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict) and (event := _event(value)):
            yield event


def _event(value: dict[str, Any]) -> AuditEvent | None:
    at = read_time(value.get("at"), UTC)
    if at is None:
        return None
    operator, action, listing, session_id, note = (
        one_line(value.get(name) or "")[:_LONGEST] for name in _NAMES
    )
    return AuditEvent(
        at=at,
        operator=operator[:64],
        action=action[:20],
        listing=listing,
        session_id=session_id,
        note=note,
        act_id=one_line(value.get("act_id") or "")[:64],
        request_id=one_line(value.get("request_id") or "")[:64],
        cost_usd=cost_from(value.get("cost_usd")),
        detail=str(value.get("detail") or "")[:AUDIT_DETAIL],
    )
