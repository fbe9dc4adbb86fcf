"""What a run is told in its folder: one for a listing, with what a test is about."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.support.listings.sample_listing import FIRST
from tui.runs.folder.protocol import RunSpec, new_run_id


def run_spec(listing: Path, now: datetime, **changes: Any) -> RunSpec:
    values: dict[str, Any] = {
        "run_id": new_run_id(now),
        "session_id": FIRST,
        "listing_id": listing.name,
        "stage": "stage_3",
        "mode": "new",
        "prompt": "go",
        "db_path": listing / "buyers.db",
        "config_dir": listing / ".claude_sessions",
        "cwd": listing,
        "operator": "anna",
        "created_at": now,
        "expires_at": now + timedelta(days=7),
        "keeps_until": now + timedelta(days=1),
        "zone": "UTC",
    }
    return RunSpec(**(values | changes))
