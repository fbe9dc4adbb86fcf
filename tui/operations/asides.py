"""What the sub-agents of a session say, for as long as their calls are in sight."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tui.core.errors import ConsoleError
from tui.core.models import Entry, EntryKind
from tui.operations.glance import versions
from tui.storage.folders import Version, is_settled
from tui.storage.subagents import find_subagents
from tui.storage.tail import Tail

_LOOK_S = 1.0
_LAST_BYTES = 32 * 1024
_MOST_CALLS = 5000
_AT_ONCE = 8
_MAX_TEXT = 10_000


@dataclass(slots=True)
class _Aside:
    """One sub-agent's transcript, and whether its call has its result: then it writes no more."""

    tail: Tail
    is_over: bool = False


class Asides:
    """Follows the sub-agents of the calls it was told of; not thread-safe."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._calls: dict[str, bool] = {}
        self._asides: dict[str, list[_Aside]] = {}
        self._places: dict[str, list[Path]] = {}
        self._looked = 0.0
        self._version: Mapping[str, Version] | None = None

    def note(self, entries: Iterable[Entry]) -> None:
        """Take note of calls, and of results: those calls are over."""
        for entry in entries:
            if entry.kind is EntryKind.TOOL and entry.tool_id:
                self._calls.setdefault(entry.tool_id, False)
            elif entry.kind is EntryKind.RESULT and entry.tool_id:
                self._calls[entry.tool_id] = True
        while len(self._calls) > _MOST_CALLS:
            self._calls.pop(next(iter(self._calls)))

    def poll(self) -> Mapping[str, tuple[Entry, ...]]:
        """Return what is new, by the id of the call; each sub-agent from near its end on."""
        self._look()
        begun = 0
        for tool_id in [one for one in self._places if one in self._calls]:
            if tool_id not in self._asides and begun < _AT_ONCE:
                begun += 1
                self._asides[tool_id] = [
                    _Aside(Tail(path, last_bytes=_LAST_BYTES)) for path in self._places[tool_id]
                ]
        found = {tool_id: self._read(tool_id) for tool_id in self._asides}
        return {tool_id: entries for tool_id, entries in found.items() if entries}

    def _look(self) -> None:
        if time.monotonic() - self._looked < _LOOK_S:
            return
        self._looked = time.monotonic()
        changed = versions([f"{self._folder}/subagents"])
        if changed == self._version and is_settled(changed.values()):
            return
        self._version = changed
        places: dict[str, list[Path]] = {}
        for agent in find_subagents(self._folder):
            if agent.tool_id:
                places.setdefault(agent.tool_id, []).append(agent.path)
        self._places = places

    def _read(self, tool_id: str) -> tuple[Entry, ...]:
        is_over = self._calls.get(tool_id, True)
        entries: list[Entry] = []
        for aside in self._asides[tool_id]:
            if aside.is_over:
                continue
            try:
                growth = aside.tail.read(limit=256 * 1024)
            except (ConsoleError, OSError):
                aside.is_over = True
                continue
            aside.is_over = is_over and not growth.has_more
            for line in growth.lines:
                entries += line.entries(_MAX_TEXT)
        return tuple(replace(one, is_sidechain=True, place=-1) for one in entries)
