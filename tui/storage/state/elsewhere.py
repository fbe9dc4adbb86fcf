"""Which sessions of a listing live on another host of the fleet now, as this host last knew.

It holds also while the fleet's database is away: what went may have been gone on with there.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tui.core.text.safe_text import one_line
from tui.core.time.zones import read_time
from tui.core.values import dataclass
from tui.storage.state.json_file import SharedFile

ELSEWHERE = "elsewhere.json"
_FILE = SharedFile(ELSEWHERE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """The host that a session went to, when, and the number of that move."""

    host: str
    at: datetime | None
    fence: int = 0


def read_elsewhere(listing_path: Path) -> dict[str, Elsewhere]:
    """Return where sessions went, by id; raises `OSError` when that cannot be read."""
    return {key: _entry(value) for key, value in _FILE.read(listing_path).items()}


def note_elsewhere(listing_path: Path, session_id: str, went: Elsewhere | None) -> None:
    """Note where a session went, or with `None` that it is back; raises as `SharedFile` does."""
    if went is None and session_id not in _FILE.read(listing_path):
        return
    with _FILE.locked(listing_path):
        stored = _FILE.read(listing_path)
        stored.pop(session_id, None)
        if went is not None:
            at = went.at.isoformat() if went.at else None
            stored[session_id] = {"host": went.host, "at": at, "fence": went.fence}
        _FILE.write(listing_path, stored)


def _entry(value: Any) -> Elsewhere:
    """Return what an entry says; one that is not what we write is elsewhere all the same."""
    known = value if isinstance(value, dict) else {}
    at, fence = known.get("at"), known.get("fence")
    return Elsewhere(
        host=one_line(known.get("host") or "another host")[:80],
        at=read_time(at, UTC) if isinstance(at, str) else None,
        fence=fence if isinstance(fence, int) else 0,
    )
