"""Finds the entry of a transcript that a fork begins at, by a uuid."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from tui.claude.transcript.records import whole_records
from tui.claude.transcript_files.transcript_lines import read_lines
from tui.core.text.late_pattern import late_pattern
from tui.core.values import dataclass

_UUID = late_pattern(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ID = late_pattern(r"[A-Za-z0-9_.-]{1,128}")
_MOST_CALLS = 200
_Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ForkPoint:
    """The `uuid` of the last entry that a fork takes over; `unanswered` calls have no result."""

    uuid: str
    unanswered: int = 0


def fork_point(path: Path, uuid: str) -> ForkPoint | None:
    """Return where a fork at the entry with this uuid begins; `None` without such an entry.

    At a tool call, or at a result, that is the last result of all that the message called: without
    one of them the agent would be told that it is missing. Raises `OSError` when the transcript
    cannot be read.
    """
    if not _UUID.fullmatch(uuid):
        return None
    own = next((one for one in _records(path, [uuid]) if one.get("uuid") == uuid), None)
    if own is None:
        return None
    calls = _calls_beside(path, own)
    last, answered = uuid, set[str]()
    for one in _records(path, calls):
        found = _ids(one, "tool_result", "tool_use_id") & calls
        if found and isinstance(one.get("uuid"), str):
            last, answered = one["uuid"], answered | found
    return ForkPoint(last, len(calls - answered))


def _calls_beside(path: Path, own: _Record) -> set[str]:
    """Return the ids of all calls of the message that an entry calls a tool in, or answers."""
    ids = _ids(own, "tool_use", "id") | _ids(own, "tool_result", "tool_use_id")
    callers = (one for one in _records(path, ids) if _ids(one, "tool_use", "id") & ids)
    messages = {name for one in callers if (name := _message_id(one))}
    for one in _records(path, messages):
        if _message_id(one) in messages and len(ids) < _MOST_CALLS:
            ids |= _ids(one, "tool_use", "id")
    return ids


def _records(path: Path, sought: Collection[str]) -> Iterator[_Record]:
    """Yield the records of the conversation itself in lines that contain one of these words."""
    if not sought:
        return
    for line in read_lines(path, [one.lower().encode() for one in sought]):
        yield from (one for one in whole_records(line.raw) if not one.get("isSidechain"))


def _ids(record: _Record, kind: str, name: str) -> set[str]:
    """Return the ids in its blocks of a kind, as far as they can be searched for."""
    message = record.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    blocks = content if isinstance(content, list) else ()
    found = (one.get(name) for one in blocks if isinstance(one, dict) and one.get("type") == kind)
    return {one for one in found if isinstance(one, str) and _ID.fullmatch(one)}


def _message_id(record: _Record) -> str:
    message = record.get("message")
    name = message.get("id") if isinstance(message, dict) else None
    return name if isinstance(name, str) and _ID.fullmatch(name) else ""
