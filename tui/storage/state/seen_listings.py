"""The listings that a root is known to have had: a folder that vanishes is noticed by it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zlib import crc32

from tui.core.listing_id import is_listing_id
from tui.core.time.zones import read_time
from tui.safe_io.folders import read_ours
from tui.storage.state.user_state_file import write_privately

_MOST_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SeenListing:
    """How many sessions a listing had when it was last seen."""

    sessions: int
    at: datetime


def read_known(state_dir: Path, root: Path) -> Mapping[str, SeenListing]:
    """Return the listings that were seen in a root and not forgotten since, by folder name.

    Raises `OSError` when nobody can tell.
    """
    read = _read(state_dir, root).items()
    return {name: one for name, value in read if is_listing_id(name) and (one := _known(value))}


def remember(state_dir: Path, root: Path, seen: Mapping[str, int], now: datetime) -> None:
    """Write down the listings there are and their sessions; what is gone stays remembered.

    What cannot be written is only forgotten sooner. Raises `OSError` when what was known cannot be
    read: then it is not written over.
    """
    fresh = {name: {"sessions": count, "at": now.isoformat()} for name, count in seen.items()}
    _write(state_dir, root, _read(state_dir, root) | fresh)


def forget(state_dir: Path, root: Path, name: str) -> None:
    """Remember a listing no longer; raises `OSError` when what was known cannot be read."""
    known = _read(state_dir, root)
    if known.pop(name, None) is not None:
        _write(state_dir, root, known)


def _path(state_dir: Path, root: Path) -> Path:
    return state_dir / f"listings-{crc32(os.fsencode(root.absolute())):08x}.json"


def _read(state_dir: Path, root: Path) -> dict[str, Any]:
    value = read_ours(_path(state_dir, root), _MOST_BYTES)
    if value.get("root") != str(root.absolute()):
        return {}
    known = value.get("listings")
    return known if isinstance(known, dict) else {}


def _write(state_dir: Path, root: Path, known: Mapping[str, Any]) -> None:
    text = json.dumps({"root": str(root.absolute()), "listings": known})
    with suppress(OSError):
        write_privately(_path(state_dir, root), text)


def _known(value: Any) -> SeenListing | None:
    if not isinstance(value, dict):
        return None
    count, at = value.get("sessions"), read_time(value.get("at"), UTC)
    if not isinstance(count, int) or at is None:
        return None
    return SeenListing(count, at)
