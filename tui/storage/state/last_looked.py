"""What an operator has looked at in a root, in a private file."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from tui.core.models.session import Key
from tui.core.sessions.catalog_changes import LastLooked
from tui.core.time.zones import read_time
from tui.storage.state.json_file import PrivateFile, operator_file

_KIND = "looks"


def read_looks(state_dir: Path, root: Path, operator: str, now: datetime) -> LastLooked:
    """Return what was looked at; without a file, everything until `now`.

    Raises `OSError` when it cannot be read, or is not what we write.
    """
    return _read(operator_file(state_dir, _KIND, root, operator)) or LastLooked(now)


def write_looks(
    state_dir: Path, root: Path, operator: str, looks: LastLooked, keys: Iterable[Key]
) -> None:
    """Store what was looked at of these sessions, and what another console stored of them.

    Raises as `read_looks`, and `Refused` when another console keeps the file locked.
    """
    file = operator_file(state_dir, _KIND, root, operator)
    with file.locked():
        stored = _read(file) or looks
        by_listing: dict[str, dict[str, str]] = {}
        for key in keys:
            if seen := [one.at[key] for one in (looks, stored) if key in one.at]:
                by_listing.setdefault(key[0], {})[key[1]] = max(seen).isoformat()
        since = min(looks.since, stored.since)
        file.write({"since": since.isoformat(), "at": by_listing})


def _read(file: PrivateFile) -> LastLooked | None:
    """Return what is stored, `None` when nothing is; raises as `read_looks`."""
    if not (value := file.read()):
        return None
    try:
        since = read_time(value["since"], UTC)
        stored = {
            (listing, one): read_time(moment, UTC)
            for listing, sessions in value["at"].items()
            for one, moment in sessions.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        raise file.damaged() from None
    if since is None:
        raise file.damaged()
    return LastLooked(since, {key: at for key, at in stored.items() if at is not None})
