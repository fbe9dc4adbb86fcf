"""What operators have acknowledged in a listing: one small file, so that colleagues see it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tui.claude.session_id import is_session_id
from tui.core.models.session import Acknowledgement
from tui.core.text.safe_text import one_line
from tui.core.time.zones import read_time
from tui.safe_io.file_lock import folder_lock
from tui.safe_io.folders import (
    console_folder,
    our_folder,
    read_ours,
)
from tui.safe_io.replacing import write_atomically

ACKS = "acks.json"
_MOST_BYTES = 256 * 1024
_LONGEST_MARK = 2000
_NONE: Mapping[str, Acknowledgement] = MappingProxyType({})


def read_acks(listing_path: Path) -> Mapping[str, Acknowledgement]:
    """Return who acknowledged what, by session id; raises `OSError` when nobody can tell."""
    folder = our_folder(listing_path)
    return _NONE if folder is None else _read(folder / ACKS)


def _read(path: Path) -> dict[str, Acknowledgement]:
    every = read_ours(path).items()
    return {key: ack for key, one in every if (ack := _ack(key, one))}


def write_ack(listing_path: Path, session_id: str, ack: Acknowledgement) -> Acknowledgement:
    """Write an acknowledgement down; the oldest are forgotten once there are very many.

    Returns the one that stands: who acknowledged the same before stays who did. Raises `OSError`,
    and `Refused` while somebody else is writing for long.
    """
    before = _change(listing_path, session_id, ack)
    return before if before is not None and before.mark == ack.mark else ack


def forget_ack(listing_path: Path, session_id: str) -> None:
    """Forget the acknowledgement of a session, which may quote why it failed; raises as above."""
    if session_id in read_acks(listing_path):
        _change(listing_path, session_id, None)


def _change(
    listing_path: Path, session_id: str, ack: Acknowledgement | None
) -> Acknowledgement | None:
    """Put an acknowledgement in the place of another, unless it says the same; return that."""
    path = console_folder(listing_path) / ACKS
    with folder_lock(listing_path, ".acks"):
        known = _read(path)
        before = known.pop(session_id, None)
        if ack is not None and before is not None and before.mark == ack.mark:
            return before
        write_atomically(path, _bounded(known | ({session_id: ack} if ack else {})))
    return before


def _bounded(acks: Mapping[str, Acknowledgement]) -> str:
    """Return the newest acknowledgements as JSON: a file grown too large would not be read."""
    kept, room = {}, _MOST_BYTES
    for key, ack in sorted(acks.items(), key=lambda item: item[1].at, reverse=True):
        facts = {"by": ack.by, "at": ack.at.isoformat(), "mark": ack.mark}
        room -= len(json.dumps({key: facts}))
        if room < 0:
            break
        kept[key] = facts
    return json.dumps(kept)


def _ack(session_id: str, value: Any) -> Acknowledgement | None:
    if not isinstance(value, dict) or not is_session_id(session_id):
        return None
    at, mark = read_time(value.get("at"), UTC), value.get("mark")
    if at is None or not isinstance(mark, str) or len(mark) > _LONGEST_MARK:
        return None
    return Acknowledgement(one_line(value.get("by") or "")[:64], at, mark)
