"""What was said in a session, taken out of what stays: its row, the audit, the CLI's history."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, tzinfo
from pathlib import Path

from tui.core.bounded_json import parse_json
from tui.core.errors import DatabaseProblem
from tui.core.models.row import Row, Status
from tui.safe_io.folders import is_link, may_be_there
from tui.safe_io.opening import open_to_change
from tui.storage.sqlite.connection import empty_log
from tui.storage.sqlite.side_files import require_plain
from tui.storage.sqlite.transactions import Steps, problems, write
from tui.storage.table.packed_rows import without_metadata
from tui.storage.table.table_shape import event_columns, kinds_of_tables
from tui.storage.table.tracking import Transactions

_HISTORY = "history.jsonl"
_LONGEST_HISTORY = 64 * 1024 * 1024
_TRIES = 20
_PIECE = 1024 * 1024


def scrub_database(
    db_path: Path,
    session_id: str,
    row: Row | None,
    *,
    zone: tzinfo,
    operator: str,
    now: datetime,
    act_id: str = "",
) -> None:
    """Empty the metadata of a session in its row, which becomes `deleted`, and all over the audit.

    What was there is overwritten in the file, too. Raises `Changed` when the row is not `row` any
    more, `DatabaseProblem`.
    """
    if not may_be_there(db_path):
        return
    write(db_path, _scrub(session_id, row, Transactions(zone, operator, act_id), now))
    with suppress(DatabaseProblem):  # the log of a database in WAL mode: it is emptied in time
        require_plain(db_path)
        with problems(db_path):
            empty_log(db_path)


def _scrub(session_id: str, row: Row | None, writes: Transactions, now: datetime) -> Steps[None]:
    yield "PRAGMA secure_delete = ON", ()
    if row is not None:
        erased = replace(row, status=Status.DELETED, metadata=None)
        yield from writes.change(row, erased, action="purge", now=now)
    columns = yield from event_columns((yield from kinds_of_tables()))
    if not columns:
        return
    stored = yield (
        "SELECT id, before, after FROM claude_session_events WHERE session_id = ?",
        (session_id,),
    )
    gone = "".join(f", {name} = NULL" for name in ("detail", "base") if name in columns)
    for number, before, after in stored:
        yield (
            f"UPDATE claude_session_events SET before = ?, after = ?{gone} WHERE id = ?",  # noqa: S608 (fixed names)
            (without_metadata(before), without_metadata(after), number),
        )


def scrub_history(config_dir: Path, session_id: str) -> None:
    """Blank the prompts of a session in the CLI's own history; raises `OSError`.

    Each is written over where it stands: so no line is lost that a CLI appends meanwhile, and the
    words are gone from the disk, too. The CLI passes over a line that is no entry.
    """
    path = config_dir / _HISTORY
    if is_link(config_dir) or is_link(path):
        return
    with suppress(FileNotFoundError):
        if not any(_is_scrubbed(path, session_id) for _ in range(_TRIES)):
            raise OSError(errno.EBUSY, "a CLI replaces it all the time", str(path))


def _is_scrubbed(path: Path, session_id: str) -> bool:
    """Blank the session's lines; whether the file is still the one of its name."""
    fd = open_to_change(path)
    try:
        at = 0
        for line in _history(fd, path).split(b"\n"):
            if _is_of(session_id, line):
                os.pwrite(fd, b" " * len(line), at)
            at += len(line) + 1
        os.fsync(fd)
        return os.path.samestat(path.lstat(), os.fstat(fd))
    finally:
        os.close(fd)


def _history(fd: int, path: Path) -> bytes:
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode) or status.st_size > _LONGEST_HISTORY:
        words = f"no file, or over {_LONGEST_HISTORY >> 20} MB: it is not read"
        raise OSError(errno.EFBIG, words, str(path))
    pieces, at = [], 0
    while piece := os.pread(fd, _PIECE, at):
        pieces.append(piece)
        at += len(piece)
    return b"".join(pieces)


def _is_of(session_id: str, line: bytes) -> bool:
    if session_id.encode() not in line:
        return False
    try:
        entry = parse_json(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(entry, dict) and entry.get("sessionId") == session_id
