"""Which failures a run settles when it succeeds: of all that it tries again, in turn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tui.claude.session_id import is_session_id
from tui.core.limits import MOST_RUNS, RUNS_S
from tui.runs.folder.bounded_reads import read_json
from tui.runs.folder.protocol import SPEC, Mode, run_folders
from tui.safe_io.walking import Budget

MOST_RETRIED = 100


def retried_by(listing: Path, mode: Mode, session_id: str, retry_of: str = "") -> tuple[str, ...]:
    """Return the sessions that a run tries again, oldest first, the last 100.

    They are `retry_of`, unless that is empty, and what that session's own run tried again; and what
    the last run of a session did that is resumed.
    """
    named = dict.fromkeys(_recorded(listing, session_id)) if mode == "resume" else {}
    if retry_of:
        named |= dict.fromkeys((*_recorded(listing, retry_of), retry_of))
    named.pop(session_id, None)
    return tuple(named)[-MOST_RETRIED:]


def has_run(listing: Path, session_id: str) -> bool:
    """Whether a run of a session is recorded, also one that ended before its agent began."""
    return any(True for _ in _specs(listing, session_id))


def _recorded(listing: Path, session_id: str) -> tuple[str, ...]:
    """Return what the last run of a session tried again, as its spec says."""
    stored = next(_specs(listing, session_id), {}).get("retried")
    named = stored if isinstance(stored, list) else ()
    return tuple(one for one in named if isinstance(one, str) and is_session_id(one))


def _specs(listing: Path, session_id: str) -> Iterator[dict[str, object]]:
    """Yield the specs of a session's runs, the latest first, within bounds."""
    budget = Budget(MOST_RUNS, RUNS_S)
    try:
        folders = run_folders(listing)
    except OSError:  # then nothing more is settled than what is named
        return
    for folder in reversed(folders):
        if not budget.spend():
            return
        spec = read_json(folder / SPEC)
        if spec.get("session_id") == session_id:
            yield spec
