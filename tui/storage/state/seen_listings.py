"""The listings last seen in a root, to notice when a folder vanishes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zlib import crc32

from tui.core.listing_id import is_listing_id
from tui.core.time.zones import read_time
from tui.core.values import dataclass
from tui.storage.state.json_file import PrivateFile


@dataclass(frozen=True, slots=True)
class SeenListing:
    """The number of sessions in a listing when it was last seen."""

    sessions: int
    at: datetime


def read_known(state_dir: Path, root: Path) -> Mapping[str, SeenListing]:
    """Return the listings that were seen in a root and not forgotten since, by folder name.

    Raises `OSError` when they cannot be read.
    """
    stored = _read(state_dir, root).items()
    return {name: one for name, value in stored if is_listing_id(name) and (one := _seen(value))}


def remember(state_dir: Path, root: Path, seen: Mapping[str, int], now: datetime) -> None:
    """Store the listings that exist with their number of sessions; vanished ones stay.

    A failed write is ignored. Raises `OSError` when the file cannot be read: then it is not
    overwritten. Raises `Refused` when another console keeps it locked.
    """
    fresh = {name: {"sessions": count, "at": now.isoformat()} for name, count in seen.items()}
    with _file(state_dir, root).locked():
        _write(state_dir, root, _read(state_dir, root) | fresh)


def forget(state_dir: Path, root: Path, name: str) -> None:
    """Remove a listing; raises `OSError` when the file cannot be read, and as `remember`."""
    with _file(state_dir, root).locked():
        known = _read(state_dir, root)
        if known.pop(name, None) is not None:
            _write(state_dir, root, known)


def _file(state_dir: Path, root: Path) -> PrivateFile:
    return PrivateFile(state_dir / f"listings-{crc32(os.fsencode(root.absolute())):08x}.json")


def _read(state_dir: Path, root: Path) -> dict[str, Any]:
    file = _file(state_dir, root)
    value = file.read()
    if value and not isinstance(value.get("listings"), dict):
        raise file.damaged()
    is_ours = value.get("root") == str(root.absolute())  # two roots may share a file's name
    return dict(value["listings"]) if is_ours else {}


def _write(state_dir: Path, root: Path, known: Mapping[str, Any]) -> None:
    with suppress(OSError):
        _file(state_dir, root).write({"root": str(root.absolute()), "listings": known})


def _seen(value: Any) -> SeenListing | None:
    if not isinstance(value, dict):
        return None
    count, at = value.get("sessions"), read_time(value.get("at"), UTC)
    if not isinstance(count, int) or at is None:
        return None
    return SeenListing(count, at)
