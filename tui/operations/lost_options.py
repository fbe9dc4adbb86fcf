"""Options that were recorded for a session's agent and are not known any more.

A row without any is what the guide's own code writes: nobody recorded what its agent may do. It is
another matter if they were recorded, and a table without room, the pipeline's own write or damage
has taken them: such a session must not go on as an agent that may do more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tui.core.models.row import Row
from tui.runs.folder.bounded_reads import read_surely
from tui.runs.folder.protocol import SPEC, run_folders
from tui.storage.sqlite.connection import WRITE_TIMEOUT_S
from tui.storage.table.tracking import read_events

# Any of them, named for a run, says what its agent may do.
RIGHTS = frozenset({"allowed_tools", "permission_mode", "tools", "disallowed_tools"})

_MOST_EVENTS = 1000


def has_recorded(row: Row | None) -> bool:
    """Whether the row has options of an agent that can be read."""
    return row is not None and isinstance(row.details().get("agent"), Mapping)


def says_rights(options: Iterable[str]) -> bool:
    """Whether the names of these options tell what an agent may do."""
    return not RIGHTS.isdisjoint(options)


def why_lost(folder: Path, db_path: Path, session_id: str, row: Row | None) -> str:
    """Say why the options of a session's agent are unknown; empty if they are not, or never were.

    Raises `DatabaseProblem` when the audit cannot be read.
    """
    if has_recorded(row):
        return ""
    if row is not None and _is_unreadable(row):
        return "the metadata in its row cannot be read"
    by_audit = read_events(
        db_path,
        session_id=session_id,
        with_rows=True,
        limit=_MOST_EVENTS,
        timeout_s=WRITE_TIMEOUT_S,
    )
    if any(has_recorded(one.after) for one in by_audit):
        return "they were recorded, and its row has lost them"
    try:
        begun = any(_began(read_surely(one / SPEC), session_id) for one in run_folders(folder))
    except OSError as error:
        return f"its runs cannot be read: {error.strerror}"
    return "they could not be kept in its row" if begun else ""


def _is_unreadable(row: Row) -> bool:
    """Whether the row says something of an agent, or anything at all, that cannot be understood."""
    details = row.details()
    return "agent" in details or not (details or (row.metadata or "").strip() in ("", "{}", "null"))


def _began(spec: Mapping[str, Any], session_id: str) -> bool:
    """Whether a run of ours began the session: such a run records the options of its agent."""
    return spec.get("session_id") == session_id and spec.get("mode") in ("new", "fork")
