"""Sub-agents that no call names: the stream shows each at the time when it began."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterable, Sequence, Set
from datetime import datetime
from pathlib import Path

from tui.claude.transcript.records import whole_records
from tui.claude.transcript_files.subagent_calls import LED_IN, SubagentCalls
from tui.claude.transcript_files.subagent_files import Subagent
from tui.claude.transcript_files.transcript_facts import read_facts
from tui.claude.transcript_files.transcript_lines import read_lines
from tui.core.limits import AGENTS_S, MOST_READ_LINES
from tui.core.models.entry import Entry, EntryKind
from tui.core.text.safe_text import one_line
from tui.core.values import dataclass, field
from tui.safe_io.walking import Budget

NO_CALL = "no call names it"
NOT_KNOWN = "there may be sub-agents that no call names: `export` has them all"
_MOST = 1000
_LOOK_S, _PAUSE_S = 2.0, 30.0
# While a session runs, a call may still name it: older CLIs do so when the sub-agent ends.
_QUIET_S = 300.0


@dataclass(slots=True)
class _Below:
    """Where the calls of one sub-agent lead, in its first bytes."""

    leads: SubagentCalls = field(default_factory=SubagentCalls)
    size: int = 0


class _Open:
    """The sub-agents that nothing led to yet, by the ids that would."""

    def __init__(self, left: Iterable[Subagent]) -> None:
        self.paths: set[Path] = set()
        self._by_id: dict[str, list[Path]] = {}
        for one in left:
            self.paths.add(one.path)
            tasks = () if one.tool_id else (one.agent_id, one.run_id)
            for name in {call_id(one), *tasks} - {""}:
                self._by_id.setdefault(name, []).append(one.path)

    def take(self, names: Set[str]) -> list[Path]:
        """Take out the sub-agents that one of these ids leads to."""
        led = [path for name in names & self._by_id.keys() for path in self._by_id[name]]
        led = [path for path in dict.fromkeys(led) if path in self.paths]
        self.paths.difference_update(led)
        return led


class UnlinkedSubagents:
    """Finds them at each look; `known` are the entries for all that were found so far."""

    def __init__(self) -> None:
        self.known: tuple[Entry, ...] = ()
        self._below: dict[Path, _Below] = {}
        self._found: set[Path] = set()
        self._looked = 0.0
        self._is_over = False

    def fresh(
        self, agents: Sequence[Subagent], leads: SubagentCalls, *, is_live: bool
    ) -> list[Entry]:
        """Return entries for those found since the last call, given the session's own `leads`."""
        if not agents or time.monotonic() - self._looked < _LOOK_S or len(self._found) >= _MOST:
            return []
        left = [one for one in agents if one.path not in self._found and not _is_led(one, leads)]
        if is_live:
            left = [one for one in left if _is_quiet(one.path)]
        self._looked = time.monotonic()
        found = self.left_over(agents, left) if left else []
        entries = self._entries(found, left) if found else self._not_known()
        self.known = (*self.known, *entries)
        return entries

    def _entries(self, found: Sequence[Subagent], left: Iterable[Subagent]) -> list[Entry]:
        """Return the entries for those that were found, as far as there is room."""
        room, keys = _MOST - len(self._found), {call_id(one) for one in found}
        self._found.update(one.path for one in left if call_id(one) in keys)
        entries = [entry for one in found[:room] for entry in stand_in(one, NO_CALL)]
        if len(found) > room:
            more = f"{len(found) - room} more sub-agents that no call names: `export` has them all"
            entries.append(Entry(EntryKind.NOTICE, more))
        return entries

    def _not_known(self) -> list[Entry]:
        """Return the notice, once, that finding uncalled sub-agents would take too long."""
        if not self._is_over:
            return []
        self._looked += _PAUSE_S
        notice = Entry(EntryKind.NOTICE, NOT_KNOWN)
        return [] if notice in self.known else [notice]

    def left_over(self, agents: Iterable[Subagent], left: Sequence[Subagent]) -> list[Subagent]:
        """Return those of `left` that no other agent leads to, and one of each cycle.

        Returns none when there is too much to read to know.
        """
        self._is_over = False
        budget = Budget(MOST_READ_LINES, AGENTS_S)
        open_, waiting = _Open(left), deque(sorted(left, key=lambda one: one.is_inner))
        found, paths = list[Subagent](), [one.path for one in agents if one.path not in open_.paths]
        while budget.spend():
            if paths:
                paths += open_.take(self._leads_of(paths.pop(), budget).names)
            elif not waiting:
                return found
            elif (one := waiting.popleft()).path in open_.paths:
                found.append(one)
                paths += open_.take({call_id(one)})
        self._is_over = True
        return []

    def _leads_of(self, path: Path, budget: Budget) -> SubagentCalls:
        known = self._below.setdefault(path, _Below())
        try:
            for line in read_lines(path, LED_IN, start=known.size):
                for record in whole_records(line.raw):
                    known.leads.note(record)
                known.size = line.start + len(line.raw) + 1
                if not budget.spend():
                    break
        except OSError:
            pass
        return known.leads


def stand_in(agent: Subagent, says: str = "") -> tuple[Entry, Entry]:
    """Return the stand-in for a sub-agent's missing call, whose text is `says`, and its result."""
    tool_id, at = call_id(agent), _begun(agent.path)
    task = "" if agent.tool_id else agent.agent_id or agent.run_id
    about = f"{says}: {agent.about}" if says else agent.about
    call = Entry(EntryKind.TOOL, about, at=at, tool="Agent", tool_id=tool_id)
    result = Entry(EntryKind.RESULT, says, at=at, tool_id=tool_id, task=task, is_launch=True)
    return call, result


def call_id(agent: Subagent) -> str:
    """Return the id of the call that it is shown under."""
    return agent.tool_id or f"of:{agent.run_id or one_line(agent.path.name)}"


def _is_led(agent: Subagent, leads: SubagentCalls) -> bool:
    return leads.has(agent.tool_id) if agent.tool_id else leads.has(agent.agent_id, agent.run_id)


def _begun(path: Path) -> datetime | None:
    try:
        return read_facts(path).first_at
    except OSError:
        return None


def _is_quiet(path: Path) -> bool:
    try:
        return time.time() - os.lstat(path).st_mtime >= _QUIET_S
    except OSError:
        return False
