"""Options that were recorded for a session's agent and are not known any more.

A row without any is what the guide's own code writes: nobody recorded what its agent may do. It is
another matter if they were recorded, and a table without room, the pipeline's own write or damage
has taken or replaced them: such a session must not go on as an agent that may do more. What a run
of ours, or an operator, recorded last is what counts, and the audit keeps it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tui.core.errors import RunFailed
from tui.core.models.row import Row, Status
from tui.core.recorded_agent import LIMITS, held_back, known_unrecorded, options_in
from tui.core.sessions.row_transitions import with_details
from tui.core.values import dataclass, replace
from tui.operations.context import Context
from tui.operations.target import Target, tracking_of
from tui.runs.folder.bounded_reads import read_end, read_surely, run_folders
from tui.safe_io.folders import may_be_there
from tui.storage.sqlite.connection import WRITE_TIMEOUT_S
from tui.storage.sqlite.transactions import Steps, read
from tui.storage.table.recorded import AuditedOptions, audited_options
from tui.storage.table.tracking import row_of

# Any of them, named for a run, says what its agent may do.
RIGHTS = frozenset({"allowed_tools", "permission_mode", "tools", "disallowed_tools"})


@dataclass(frozen=True, slots=True)
class RecordedAgent:
    """The `options` that were recorded last for a session's agent; `None` if none are known.

    `lost` says why the session's row cannot be relied on for them. It is empty if it can, if none
    were ever recorded, or if none of them limits the agent: then they apply though the row has not
    got them. `mended` is the row with them, if it has not and can have.
    """

    options: Mapping[str, Any] | None
    lost: str = ""
    mended: Row | None = None

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Return the options as a row has them."""
        return {"agent": dict(self.options)} if self.options is not None else {}


def says_rights(options: Iterable[str]) -> bool:
    """Whether the names of these options tell what an agent may do."""
    return not RIGHTS.isdisjoint(options)


def recorded_agent(folder: Path, db_path: Path, session_id: str) -> RecordedAgent:
    """Return what is known of a session's agent: by its row, the audit, and else by its runs.

    Raises `DatabaseProblem` when the row or the audit cannot be read.
    """
    row, audited = None, AuditedOptions(None)
    if may_be_there(db_path):
        row, audited = read(db_path, _row_and_audit(session_id), WRITE_TIMEOUT_S)
    own = options_in(row)
    if own is not None and audited.is_whole and own == audited.or_of(row):
        return RecordedAgent(own)
    if audited.options is None:
        return _by_runs(folder, session_id, _distrusted(row, audited))
    why = _distrusted(row, audited)
    if not why and limits(audited.options):
        why = "they were recorded, and its row has lost them"
    return RecordedAgent(audited.options, why, _mended(row, audited.options))


def origin_words(known: RecordedAgent) -> str:
    """Say of options that were not recorded as they are whether they were recorded at all."""
    if known.lost:
        return " · options lost"
    return " · no options recorded" if known.options is None else ""


def lost_words(source: Target, known: RecordedAgent) -> str:
    """Say that nobody knows what the session's agent may do, and how to go on; else empty."""
    if not known.lost:
        return ""
    back = f"`reapply {source.short}` puts them back, or " if known.mended is not None else ""
    return (
        f"{source.short} may not go on with more than it had, and its agent's options are unknown: "
        f"{known.lost}; {back}`--mode default`, or `--tools`, before the prompt says what it may do"
    )


def keep_options(context: Context, target: Target, zone: str, options: Mapping[str, Any]) -> None:
    """Write a session's lost options to its row, if it has one; raises `DatabaseProblem`."""
    row = None
    if may_be_there(target.db_path):
        row = read(target.db_path, row_of(target.session_id), WRITE_TIMEOUT_S)
    if row is None:
        return
    after = replace(row, metadata=json.dumps({**row.details(), "agent": dict(options)}))
    now, tracking = context.clock(), tracking_of(context, target.folder, zone)
    tracking.change(row, after, action="mend", now=now, is_partial=True)


def limits(options: Mapping[str, Any]) -> bool:
    """Whether recorded options say what an agent may do, or keep it from doing more."""
    named = (name for name in RIGHTS | LIMITS if options.get(name) is not None)
    return any(named) or bool(held_back(known_unrecorded(options)))


def _row_and_audit(session_id: str) -> Steps[tuple[Row | None, AuditedOptions]]:
    row = yield from row_of(session_id)
    return row, (yield from audited_options(session_id))


def _distrusted(row: Row | None, audited: AuditedOptions) -> str:
    """Say why a row's options do not count; empty if it has none."""
    if not audited.is_whole:
        return "its audit cannot be read"
    if row is not None and _is_unreadable(row):
        return "the metadata in its row cannot be read"
    return "" if options_in(row) is None else "its row has others than were recorded last"


def _is_unreadable(row: Row) -> bool:
    """Whether the row says something of an agent, or anything at all, that cannot be understood."""
    if options_in(row) is not None:
        return False
    details = row.details()
    return "agent" in details or not (details or (row.metadata or "").strip() in ("", "{}", "null"))


def _mended(row: Row | None, options: Mapping[str, Any]) -> Row | None:
    if row is None or row.status == Status.DELETED:
        return None
    after = with_details(row, {"agent": dict(options)})
    return None if after == row else after


def _by_runs(folder: Path, session_id: str, why: str) -> RecordedAgent:
    """Return the options of the last run of ours that recorded any: it could not write its row."""
    try:
        runs = (one for one in reversed(run_folders(folder)) if _records(one, session_id))
        run = next(runs, None)
    except OSError as error:
        return RecordedAgent(None, why or f"its runs cannot be read: {error.strerror}")
    options = _of_run(run) if run is not None else None
    is_kept = run is None or (options is not None and not limits(options))
    return RecordedAgent(options, why or ("" if is_kept else "they could not be kept in its row"))


def _records(run: Path, session_id: str) -> bool:
    """Whether a run records the options of a session's agent; an operator's are its own alone."""
    from tui.runs.folder.protocol import IN_PIPELINE, SPEC, read_owner

    spec = read_surely(run / SPEC)
    if spec.get("session_id") != session_id:
        return False
    return spec.get("mode") in ("new", "fork") or bool(read_owner(run).get(IN_PIPELINE))


def _of_run(run: Path) -> Mapping[str, Any] | None:
    from tui.runs.bookkeeping import recorded_agent as recorded_by
    from tui.runs.folder.protocol import SPEC, RunSpec

    try:
        return recorded_by(RunSpec.from_json(read_end(run / SPEC).decode("utf-8", "replace")))
    except (RunFailed, AttributeError, TypeError, ValueError):
        return None
