"""What an operator has looked at in a root: a file of their own, which no colleague reads."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from tui.core.catalog_changes import LastLooked
from tui.core.time.zones import read_time
from tui.safe_io.folders import read_ours
from tui.storage.state.user_state_file import own_path, write_privately

_LARGEST = 16 * 1024 * 1024


def read_looks(state_dir: Path, root: Path, operator: str, now: datetime) -> LastLooked:
    """Return what was looked at; who never looked here has seen everything until `now`.

    Raises `OSError` when nobody can tell.
    """
    value = read_ours(own_path(state_dir, "looks", root, operator), _LARGEST)
    try:
        since = read_time(value["since"], UTC)
        stored = {
            (listing, one): read_time(moment, UTC)
            for listing, sessions in value["at"].items()
            for one, moment in sessions.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return LastLooked(now)
    return LastLooked(since or now, {key: at for key, at in stored.items() if at is not None})


def write_looks(state_dir: Path, root: Path, operator: str, looks: LastLooked) -> None:
    """Write down what was looked at; raises `OSError`."""
    by_listing: dict[str, dict[str, str]] = {}
    for (listing, session_id), moment in looks.at.items():
        by_listing.setdefault(listing, {})[session_id] = moment.isoformat()
    facts = {"since": looks.since.isoformat(), "at": by_listing}
    write_privately(own_path(state_dir, "looks", root, operator), json.dumps(facts))
