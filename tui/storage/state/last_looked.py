"""What an operator has looked at in a root, in a private file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from tui.core.sessions.catalog_changes import LastLooked
from tui.core.time.zones import read_time
from tui.storage.state.json_file import operator_file

_KIND = "looks"


def read_looks(state_dir: Path, root: Path, operator: str, now: datetime) -> LastLooked:
    """Return what was looked at; without a file, everything until `now`.

    Raises `OSError` when it cannot be read.
    """
    value = operator_file(state_dir, _KIND, root, operator).read()
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
    """Store what was looked at; raises `OSError`."""
    by_listing: dict[str, dict[str, str]] = {}
    for (listing, session_id), moment in looks.at.items():
        by_listing.setdefault(listing, {})[session_id] = moment.isoformat()
    facts = {"since": looks.since.isoformat(), "at": by_listing}
    operator_file(state_dir, _KIND, root, operator).write(facts)
