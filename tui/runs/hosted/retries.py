"""Which failures a run settles when it succeeds: of all that it tries again, in turn."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from tui.claude.session_id import is_session_id
from tui.core.limits import MOST_RUNS, RUNS_S
from tui.core.time.zones import read_time
from tui.runs.folder.bounded_reads import read_json
from tui.runs.folder.protocol import SPEC, retried_in, run_folders
from tui.safe_io.walking import Budget

MOST_RETRIED = 100


def retried_by(
    listing: Path, session_id: str, now: datetime, goes_on: str = "", retry_of: str = ""
) -> dict[str, datetime]:
    """Return the sessions that a run tries again, and since when: oldest first, the last 100.

    They are `retry_of`, from now on, unless that is empty, and what that session's own run tried
    again; and what the last run did of the session that it `goes_on` with, by a resume or a fork.
    """
    named = _recorded(listing, goes_on) if goes_on else {}
    if retry_of:
        named |= _recorded(listing, retry_of) | {retry_of: now}
    named.pop(session_id, None)
    return dict([*named.items()][-MOST_RETRIED:])


def has_run(listing: Path, session_id: str) -> bool:
    """Whether a run of a session is recorded, also one that ended before its agent began."""
    return any(True for _ in _specs(listing, session_id))


def _recorded(listing: Path, session_id: str) -> dict[str, datetime]:
    """Return what the last run of a session tried again, as its spec says."""
    spec = next(_specs(listing, session_id), {})
    known = retried_in(spec.get("retried"), read_time(spec.get("created_at"), UTC))
    return {one: since for one, since in known.items() if is_session_id(one)}


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
