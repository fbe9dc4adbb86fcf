"""What was told of already: one small file below the root, so that nobody is told twice."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tui.core.zones import read_time
from tui.storage.folders import console_folder, our_folder, read_object
from tui.storage.locks import folder_lock
from tui.storage.safe_io import write_atomically

_FILE = "notified.json"
_KEPT = timedelta(days=1)
_AGAIN_AFTER = timedelta(minutes=5)
_FAILED = "failed "


def claim(root: Path, keys: Iterable[str], now: datetime) -> frozenset[str]:
    """Return those of `keys` that nobody told of yet, and mark them as told.

    What is not among `keys` any more is forgotten after a day; what could not be told (see
    `give_back`) is due again after 5 minutes. Writes nothing when nothing is due. Raises
    `OSError`, and `Refused` while another writes for long.
    """
    current = frozenset(keys)
    if not _due(_read(root), current, now):
        return frozenset()
    with folder_lock(root, ".notified"):
        told = _read(root)
        due = _due(told, current, now)
        kept = {key: at for key, at in told.items() if key in current or now - _at(at) < _KEPT}
        _write(root, kept | dict.fromkeys(due, now.isoformat()))
    return due


def give_back(root: Path, keys: Iterable[str], now: datetime) -> None:
    """Mark what could not be told, so that it is due again; raises as `claim`."""
    failed = dict.fromkeys(keys, f"{_FAILED}{now.isoformat()}")
    if failed:
        with folder_lock(root, ".notified"):
            _write(root, dict(_read(root)) | failed)


def forget_told(root: Path, listing: str, session_id: str) -> None:
    """Forget what was told of a session, which may quote why it failed; raises as `claim`."""
    begin = f"{listing}/{session_id}|"
    if any(key.startswith(begin) for key in _read(root)):
        with folder_lock(root, ".notified"):
            _write(root, {key: at for key, at in _read(root).items() if not key.startswith(begin)})


def _due(told: Mapping[str, str], current: frozenset[str], now: datetime) -> frozenset[str]:
    return frozenset(key for key in current if key not in told or _is_due_again(told[key], now))


def _is_due_again(at: str, now: datetime) -> bool:
    return at.startswith(_FAILED) and now - _at(at) >= _AGAIN_AFTER


def _at(stored: str) -> datetime:
    return read_time(stored.removeprefix(_FAILED), UTC) or datetime.fromtimestamp(0, UTC)


def _read(root: Path) -> Mapping[str, str]:
    folder = our_folder(root)
    if folder is None:
        return {}
    found = read_object(folder / _FILE)
    return {key: at for key, at in found.items() if isinstance(at, str)}


def _write(root: Path, told: Mapping[str, str]) -> None:
    write_atomically(console_folder(root) / _FILE, json.dumps(told))
