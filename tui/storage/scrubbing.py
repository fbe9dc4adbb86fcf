"""What was said in a session, taken out of what stays: its row, the audit, the CLI's history."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, tzinfo
from pathlib import Path

from tui.core.bounded_json import parse_json
from tui.core.errors import DatabaseProblem
from tui.core.models import Row, Status
from tui.storage.connection import empty_log
from tui.storage.database import Steps, problems, write
from tui.storage.folders import is_link, read_small, write_atomically
from tui.storage.side_files import require_plain
from tui.storage.tracking import Writes

_HISTORY = "history.jsonl"
_LONGEST_HISTORY = 64 * 1024 * 1024


def scrub_database(
    db_path: Path, session_id: str, row: Row | None, *, zone: tzinfo, operator: str, now: datetime
) -> None:
    """Empty the metadata of a session in its row, which becomes `deleted`, and all over the audit.

    What was there is overwritten in the file, too. Raises `Changed` when the row is not `row` any
    more, `DatabaseProblem`.
    """
    if not os.path.lexists(db_path):
        return
    write(db_path, _scrub(session_id, row, Writes(zone, operator), now))
    with suppress(DatabaseProblem):  # the log of a database in WAL mode: it is emptied in time
        require_plain(db_path)
        with problems(db_path):
            empty_log(db_path)


def _scrub(session_id: str, row: Row | None, writes: Writes, now: datetime) -> Steps[None]:
    yield "PRAGMA secure_delete = ON", ()
    if row is not None:
        erased = replace(row, status=Status.DELETED, metadata=None)
        yield from writes.change(row, erased, action="purge", now=now)
    tables = yield "SELECT 1 FROM sqlite_master WHERE name = 'claude_session_events'", ()
    if not tables:
        return
    stored = yield (
        "SELECT id, before, after FROM claude_session_events WHERE session_id = ?",
        (session_id,),
    )
    for number, before, after in stored:
        yield (
            "UPDATE claude_session_events SET before = ?, after = ? WHERE id = ?",
            (_emptied(before), _emptied(after), number),
        )


def _emptied(stored: object) -> str | None:
    """Return a row of the audit without its metadata; nothing of what is no such row."""
    try:
        row = json.loads(str(stored))
    except (ValueError, RecursionError):
        return None
    return json.dumps(row | {"metadata": None}) if isinstance(row, dict) else None


def scrub_history(config_dir: Path, session_id: str) -> None:
    """Take the prompts of a session out of the CLI's own history; raises `OSError`."""
    path = config_dir / _HISTORY
    if is_link(config_dir) or is_link(path):
        return
    try:
        lines = read_small(path, _LONGEST_HISTORY).split(b"\n")
    except FileNotFoundError:
        return
    kept = [line for line in lines if not _is_of(session_id, line)]
    if len(kept) < len(lines):
        write_atomically(path, b"\n".join(kept).decode("utf-8", "replace"))


def _is_of(session_id: str, line: bytes) -> bool:
    if session_id.encode() not in line:
        return False
    try:
        entry = parse_json(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(entry, dict) and entry.get("sessionId") == session_id
