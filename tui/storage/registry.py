"""The CLI's live registry: which process runs which session, proven and never guessed."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tui.core.models import Liveness, Process
from tui.core.text import one_line
from tui.storage.folders import read_small
from tui.storage.processes import is_running, own_domain

_MAX_BYTES = 64 * 1024
_STATUSES = {
    "busy": Liveness.BUSY,
    "waiting": Liveness.WAITING,
    "idle": Liveness.IDLE,
}


def read_registry(config_dir: Path) -> tuple[Process, ...]:
    """Return the processes that run a session of this config dir, as far as it can be proven.

    An entry whose process is proven dead is left out; one from another machine or pid namespace
    is `unknown`, since nobody can look there from here.
    """
    folder = config_dir / "sessions"
    try:
        with os.scandir(folder) as entries:
            paths = [entry.path for entry in entries if entry.name.endswith(".json")]
    except OSError:
        return ()
    read = (_read(Path(path)) for path in sorted(paths))
    return tuple(process for process in read if process is not None)


def _read(path: Path) -> Process | None:
    try:
        if path.is_symlink():
            return None
        entry = json.loads(read_small(path, _MAX_BYTES))
        pid, session_id = int(entry["pid"]), str(entry["sessionId"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return None
    return _proven(entry, pid, session_id)


def _proven(entry: dict[str, Any], pid: int, session_id: str) -> Process | None:
    proc_start, domain = (
        str(entry.get("procStart", "")),
        str(entry.get("pidDomain", "")),
    )
    if domain and domain != own_domain():
        liveness = Liveness.UNKNOWN
    elif is_running(pid, proc_start):
        liveness = _STATUSES.get(str(entry.get("status")), Liveness.BUSY)
    else:
        return None
    waiting_for = one_line(entry.get("waitingFor") or "")
    return Process(
        pid,
        session_id,
        proc_start,
        liveness,
        waiting_for,
        _started_at(entry),
        one_line(domain),
    )


def _started_at(entry: dict[str, Any]) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(entry["startedAt"]) / 1000, UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return None
