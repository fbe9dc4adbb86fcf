"""What the events of a run add up to, kept beside them as they grow.

Its reader then reads that sum and the few events behind it, however many there were before.
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
    """Return the story of a run; total: without a sum that fits, its last events tell it."""
    value = read_json(folder / FOLDED)
    begun, size = _begun(value)
    raw = read_from(folder / EVENTS, size) if begun else None
    if raw is None:
        begun, raw = None, read_from(folder / EVENTS, 0) or b""
    return RunState.after(events_in(raw), begun)


def events_in(raw: bytes) -> tuple[Mapping[str, Any], ...]:
    """Return the events in these lines, safe to show; what is torn or no event is left out."""
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
    """Adds up the events of a run as they are written; not for two writers."""

    def __init__(self) -> None:
        self._story = RunState()
        self._size = 0
        self._new: list[bytes] = []
        self._is_lost = False

    def begin(self, size: int) -> None:
        """Take note of how many bytes of events there were before the first one."""
        self._is_lost = size > 0

    def add(self, lines: Iterable[bytes]) -> None:
        """Add lines that will be in the file."""
        self._new += lines

    def sum(self, size: int) -> str | None:
        """Return the sum of all events once it is due; `size` is how many bytes they have.

        `None` too when somebody else wrote into them: then nobody knows what they add up to.
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
