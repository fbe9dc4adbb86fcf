"""Removes old run folders, except the last ones of each session and those of the last days."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from tui.claude.session_id import is_session_id
from tui.core.errors import Refused
from tui.core.text.late_pattern import late_pattern
from tui.runs.folder.open_folder import closing, open_folder
from tui.runs.folder.protocol import read_run, run_folders, session_of
from tui.safe_io.folders import our_folder
from tui.safe_io.walking import erase_inside
from tui.storage.session_locks import SessionLock

KEPT_RUNS = 5
KEPT_FOR = timedelta(days=7)
_LEFTOVER = late_pattern(r"\.\d{8}T\d{6}Z-[0-9a-f]{4,16}(\.[0-9a-f]{16})?")


def prune_runs(listing: Path, now: datetime, *, own: str = "") -> int:
    """Remove the old run folders of a listing, except of runs that may be live; return how many.

    `own` is the session whose lock the caller holds. Never raises; failures are ignored.
    """
    try:
        old = tuple(_old(listing, now))
    except OSError:  # the folders cannot be listed now
        return 0
    count = 0
    for folder, session_id in old:
        with suppress(OSError, Refused):
            if session_id == own:
                count += _removed(folder)
            else:
                with SessionLock.take(listing, session_id):
                    count += _removed(folder)
    with suppress(OSError):
        _remove_leftovers(listing, now)
    return count


def _remove_leftovers(listing: Path, now: datetime) -> None:
    """Remove the remains of a killed pruning or launch, except those that may still be going on."""
    runs_path = our_folder(listing, "runs")
    if runs_path is None:
        return
    with closing(open_folder(runs_path, 2)) as runs:
        for name in os.listdir(runs):  # noqa: PTH208 (an open folder, no path)
            if _LEFTOVER.fullmatch(name) and name[1:] < _before(now):
                with suppress(OSError):
                    erase_inside(runs, name)


def _before(now: datetime) -> str:
    return f"{now - KEPT_FOR:%Y%m%dT%H%M%SZ}"


def _old(listing: Path, now: datetime) -> Iterator[tuple[Path, str]]:
    """Yield the old folders with their sessions: neither recent nor among a session's last ones."""
    seen: Counter[str] = Counter()
    for folder in reversed(run_folders(listing)):
        session_id = _session_of(folder)
        seen[session_id] += 1
        if (
            seen[session_id] > KEPT_RUNS
            and folder.name < _before(now)
            and is_session_id(session_id)
        ):
            yield folder, session_id


def _session_of(folder: Path) -> str:
    """Return a run's session id; empty if it cannot be read: such a folder stays."""
    try:
        return session_of(folder)
    except OSError:
        return ""


def _removed(folder: Path) -> bool:
    """Remove a run that is over, atomically for readers."""
    if not read_run(folder).is_over:
        return False
    gone = f".{folder.name}.{os.urandom(8).hex()}"
    with closing(open_folder(folder.parent, 2)) as runs:
        os.rename(folder.name, gone, src_dir_fd=runs, dst_dir_fd=runs)
        with suppress(OSError):
            erase_inside(runs, gone)
    return True
