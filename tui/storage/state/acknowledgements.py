"""The acknowledgements of a listing's sessions, which all operators see."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC
from pathlib import Path
from typing import Any

from tui.claude.session_id import is_session_id
from tui.core.errors import Refused
from tui.core.models.retried import BETWEEN_MARKS, is_retried, retried_at, retry_of
from tui.core.models.session import Acknowledgement
from tui.core.text.safe_text import one_line
from tui.core.time.zones import read_time
from tui.core.values import replace
from tui.storage.state.json_file import SharedFile

ACKS = "acks.json"
_FILE = SharedFile(ACKS)
_MOST_BYTES = 256 * 1024
_LONGEST_MARK = 2000


def read_acks(listing_path: Path) -> dict[str, Acknowledgement]:
    """Return the acknowledgements by session id; raises `OSError` when they cannot be read."""
    stored = _FILE.read(listing_path).items()
    return {key: ack for key, value in stored if (ack := _ack(key, value))}


def write_ack(listing_path: Path, session_id: str, ack: Acknowledgement) -> Acknowledgement:
    """Store an acknowledgement; the oldest are dropped once there are very many.

    Returns the one that is stored: an earlier one with the same mark and end stays. Entries of
    other sessions stay as they are, valid or not. Raises `OSError`, and `Refused` when another
    process keeps the file locked, or invalid entries leave no room.
    """
    before = _change(listing_path, session_id, lambda _: ack)
    return before if before is not None and _is_same(before, ack) else ack


def add_retried(listing_path: Path, session_id: str, ack: Acknowledgement) -> bool:
    """Add the mark of a retry to what is acknowledged, in place of an earlier retry's.

    Not if that one began as late: whether it was added. A snooze ends. Raises as `write_ack`.
    """
    added = False

    def become(before: Acknowledgement | None) -> Acknowledgement | None:
        nonlocal added
        stands = before.mark.split(BETWEEN_MARKS) if before and before.until is None else []
        added = not is_retried(stands, retried_at(ack.mark))
        kept = (one for one in stands if not retry_of(one))
        mark = BETWEEN_MARKS.join((*kept, ack.mark))[-_LONGEST_MARK:]
        return replace(ack, mark=mark) if added else before

    _change(listing_path, session_id, become)
    return added


def forget_ack(listing_path: Path, session_id: str) -> None:
    """Remove the acknowledgement of a session; raises as `write_ack`."""
    if session_id in _FILE.read(listing_path):
        _change(listing_path, session_id, lambda _: None)


def _change(
    listing_path: Path,
    session_id: str,
    become: Callable[[Acknowledgement | None], Acknowledgement | None],
) -> Acknowledgement | None:
    """Replace an acknowledgement, unless it is the same; return the earlier one."""
    with _FILE.locked(listing_path):
        stored = _FILE.read(listing_path)
        before = _ack(session_id, stored.pop(session_id, None))
        ack = become(before)
        if ack is not None and before is not None and _is_same(before, ack):
            return before
        kept = _newest(stored | ({session_id: _facts(ack)} if ack else {}))
        if ack is not None and session_id not in kept:
            raise Refused(f"{ACKS} is full of invalid entries: see what wrote them")
        _FILE.write(listing_path, kept)
    return before


def _is_same(one: Acknowledgement, other: Acknowledgement) -> bool:
    return (one.mark, one.until) == (other.mark, other.until)


def _newest(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is not valid, and as many of the newest as fit: more would not be read."""
    acks = {key: ack for key, value in stored.items() if (ack := _ack(key, value))}
    kept = {key: value for key, value in stored.items() if key not in acks}
    room = min(_MOST_BYTES, _FILE.most_bytes - len(json.dumps(kept)))
    for key, _ in sorted(acks.items(), key=lambda item: item[1].at, reverse=True):
        room -= len(json.dumps({key: stored[key]}))
        if room < 0:
            break
        kept[key] = stored[key]
    return kept


def _facts(ack: Acknowledgement) -> dict[str, str]:
    facts = {"by": ack.by, "at": ack.at.isoformat(), "mark": ack.mark}
    return facts | ({"until": ack.until.isoformat()} if ack.until is not None else {})


def _ack(session_id: str, value: Any) -> Acknowledgement | None:
    if not isinstance(value, dict) or not is_session_id(session_id):
        return None
    at, mark = read_time(value.get("at"), UTC), value.get("mark")
    if at is None or not isinstance(mark, str) or len(mark) > _LONGEST_MARK:
        return None
    until = read_time(value.get("until"), UTC)
    if until is None and value.get("until") is not None:
        return None  # unreadable: taken for none it would settle the need for good
    return Acknowledgement(one_line(value.get("by") or "")[:64], at, mark, until)
