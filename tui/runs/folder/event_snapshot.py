"""A snapshot of the state that a run's events add up to, stored beside them.

Readers then read the snapshot and the few events after it, however many there are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tui.core.limits import FOLDED_EACH, MOST_EVENTS, RUN_FILE
from tui.runs.folder.bounded_reads import parse, read_from, read_json
from tui.runs.folder.run_state import RunState

EVENTS, FOLDED = "events.jsonl", "folded.json"


def read_story(folder: Path) -> RunState:
    """Return a run's state; never raises: without a valid snapshot, from its last events."""
    value = read_json(folder / FOLDED)
    begun, size = _begun(value)
    raw = read_from(folder / EVENTS, size) if begun else None
    if raw is None:
        begun, raw = None, read_from(folder / EVENTS, 0) or b""
    return RunState.after(events_in(raw), begun)


def events_in(raw: bytes) -> tuple[Mapping[str, Any], ...]:
    """Return the events in these lines, safe to show; torn or invalid lines are skipped."""
    lines = raw.rsplit(b"\n", MOST_EVENTS)[-MOST_EVENTS:]
    parsed = (parse(line) for line in lines if line)
    return tuple(event for event in parsed if isinstance(event.get("type"), str))


def _begun(value: Mapping[str, Any]) -> tuple[RunState | None, int]:
    size, story = value.get("events"), value.get("story")
    if isinstance(size, bool) or not isinstance(size, int) or not isinstance(story, dict):
        return None, 0
    try:
        return (RunState.from_json(story), size) if size > 0 else (None, 0)
    except ValueError:
        return None, 0


class EventSnapshot:
    """Makes snapshots of a run's events as they are written, by a single writer."""

    def __init__(self) -> None:
        self._story = RunState()
        self._size = 0
        self._new: list[bytes] = []
        self._is_lost = False

    def begin(self, size: int) -> None:
        """Note the size of the events file before our first event."""
        self._is_lost = size > 0

    def add(self, lines: Iterable[bytes]) -> None:
        """Add lines that are about to be written."""
        self._new += lines

    def sum(self, size: int) -> str | None:
        """Return a snapshot once it is due, else `None`; `size` is the size of the events file.

        Also `None` when another process wrote to the file: then the sum is unknown.
        """
        grown = sum(map(len, self._new))
        if self._is_lost or grown < FOLDED_EACH:
            return None
        RunState.after(events_in(b"".join(self._new)), self._story)
        self._new.clear()
        self._size += grown
        self._is_lost = self._size != size
        text = json.dumps({"events": self._size, "story": self._story.to_json()})
        return None if self._is_lost or len(text) > RUN_FILE else text
