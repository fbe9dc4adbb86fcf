"""Follows what a session's sub-agents say while their calls are in sight."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tui.claude.transcript.branches import RepeatedRecords
from tui.claude.transcript.line_reader import LineReader
from tui.claude.transcript_files.subagent_files import Subagent, SubagentFinder
from tui.claude.transcript_files.transcript_tail import Growth, Tail
from tui.core.errors import ConsoleError
from tui.core.models.entry import Entry, EntryKind
from tui.core.values import dataclass, field, replace
from tui.operations.transcripts.kept_results import in_sight
from tui.operations.transcripts.last_line import LastLine
from tui.operations.transcripts.unlinked_subagents import call_id
from tui.safe_io.folders import FileStamp, is_settled, stamp_of

_LOOK_S = 1.0
_LAST_BYTES = 4 * 1024 * 1024
_EACH_POLL = 2 * 1024 * 1024
_EACH_SLICE = 256 * 1024
_MOST_CALLS = 5000
_MAX_TEXT = 10_000
IsTold = Callable[[Mapping[str, Any]], bool]
_BEFORE = "earlier output is not shown here: `export` has all of it"


@dataclass(slots=True)
class _Call:
    """A call in sight: what its result says that it started, and whether that ended."""

    task: str = ""
    has_ended: bool = False
    is_told: bool = False
    asides: list[_Followed] = field(default_factory=list)
    resumed: list[_Followed] = field(default_factory=list)  # shown under the first of these calls


@dataclass(slots=True, kw_only=True)
class _Followed:
    """One sub-agent's transcript, as far as it was read; `at` is the time of its last entry."""

    agent: Subagent
    tail: Tail
    place: str
    is_told: IsTold
    last: LastLine = field(default_factory=LastLine)
    repeats: RepeatedRecords = field(default_factory=RepeatedRecords)
    reader: LineReader = field(init=False)
    stamp: FileStamp | None = None
    at: datetime | None = None
    has_more: bool = True
    is_read_out: bool = False
    unread: str = ""

    def __post_init__(self) -> None:
        self.reader = LineReader(_MAX_TEXT, self._is_copy)

    def _is_copy(self, record: Mapping[str, Any], place: int, number: int) -> bool:
        is_again = self.last.has(place, number) or self.repeats.is_copy(record)
        return is_again or self.is_told(record)

    def told(self, *, is_over: bool) -> tuple[Growth, list[Entry]]:
        """Return what is new; once `is_over`, also a last line without a newline."""
        growth = self.tail.read(limit=_EACH_SLICE)
        told = [one for line in growth.lines for one in line.told_by(self.reader, _MAX_TEXT)]
        self.has_more = growth.has_more
        if growth.has_more:
            return growth, told
        self.is_read_out = is_over
        if is_over and self.tail.identity is not None:
            line, named = self.last.read(self.agent.path, self.tail.told_to)
            if line is not None:
                said = line.told_by(self.reader, _MAX_TEXT)
                self.last.note(line, said)
                told += said
            told += named
        return growth, [*told, *self.reader.settled(datetime.now(UTC), is_over=is_over)]


@dataclass(frozen=True, slots=True)
class SubagentUpdate:
    """What sub-agents said since the last poll, by the id of their call.

    `ended` are notices of calls whose sub-agents ended without a record of it; `has_more` means
    that the next poll finds more at once; `notices` say what could not be read.
    """

    entries: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)
    ended: tuple[Entry, ...] = ()
    has_more: bool = False
    notices: tuple[str, ...] = ()


class SubagentTails:
    """Follows the sub-agents of the calls it was given, and those of their calls in turn.

    `unread` says why there may be more than are followed; `is_told` knows the session's own
    records, which a sub-agent's transcript may repeat. Not thread-safe.
    """

    def __init__(self, folder: Path, is_told: IsTold = lambda _: False) -> None:
        self._folder = folder
        self._is_told = is_told
        self._finder = SubagentFinder(folder)
        self._agents: tuple[Subagent, ...] = ()
        self._calls: dict[str, _Call] = {}
        self._owned: dict[Path, _Followed] = {}
        self._is_noted = False
        self._looked = 0.0
        self._unread = ""
        self._notices: dict[str, None] = {}

    @property
    def agents(self) -> tuple[Subagent, ...]:
        """All of the session's sub-agents, as of the last look."""
        return self._agents

    @property
    def unread(self) -> str:
        """Why there may be more sub-agents than are followed; empty when there are not."""
        return self._finder.unread

    def note(self, entries: Iterable[Entry]) -> None:
        """Take in calls, their results, and notices that what they started ended."""
        for entry in entries:
            if entry.tool_id and entry.kind is EntryKind.TOOL:
                self._is_noted = self._is_noted or entry.tool_id not in self._calls
                self._calls.setdefault(entry.tool_id, _Call())
            elif entry.tool_id and (call := self._calls.get(entry.tool_id)) is not None:
                if entry.kind is EntryKind.RESULT and entry.task and not call.task:
                    call.task, self._is_noted = entry.task, True
                call.has_ended = call.has_ended or not entry.is_launch
        while len(self._calls) > _MOST_CALLS:
            for aside in self._calls.pop(next(iter(self._calls))).asides:
                self._owned.pop(aside.agent.path, None)

    def poll(self, *, is_live: bool = True) -> SubagentUpdate:
        """Return what is new of each sub-agent, from its beginning if that is not too far back.

        Once the session does not run, every sub-agent counts as ended.
        """
        is_due = time.monotonic() - self._looked >= _LOOK_S
        if is_due or self._is_noted:
            self._look(is_due=is_due)
        found: dict[str, list[Entry]] = {}
        left, has_more = _EACH_POLL, False
        for tool_id, call in reversed(tuple(self._calls.items())):
            for aside in call.asides:
                is_ended = call.has_ended or aside.agent.is_finished
                is_read = not aside.has_more and (is_live or aside.is_read_out)
                if is_read and ((is_ended and not is_due) or not _has_changed(aside)):
                    continue
                if left <= 0:
                    has_more = True
                    break
                said, size = self._read(aside, is_over=not is_live)
                found.setdefault(tool_id, []).extend(said)
                left -= size
                has_more = has_more or aside.has_more
        entries = {tool_id: tuple(said) for tool_id, said in found.items() if said}
        notices, self._notices = tuple(self._notices), {}
        ended = tuple(self._ended(is_live=is_live))
        return SubagentUpdate(entries, ended, has_more or self._is_noted, notices)

    def _look(self, *, is_due: bool) -> None:
        """Find the sub-agents of the calls in sight."""
        agents = self._agents
        if is_due:
            self._looked, agents = time.monotonic(), self._finder.find()
            self._note_unread()
        if agents is self._agents and not self._is_noted:
            return
        self._agents, self._is_noted = agents, False
        tasks = dict[str, str]()
        for tool_id, call in self._calls.items():
            tasks.setdefault(call.task, tool_id)
        for agent in agents:
            if (aside := self._owned.get(agent.path)) is not None:
                aside.agent = agent
                continue
            named = tasks.get(agent.agent_id or "-") or tasks.get(agent.run_id or "-")
            owner = self._calls.get(agent.tool_id or named or call_id(agent))
            if owner is not None:
                tail = Tail(agent.path, last_bytes=_LAST_BYTES)
                aside = _Followed(
                    agent=agent, tail=tail, place=str(agent.path), is_told=self._is_told
                )
                self._owned[agent.path] = aside
                owner.asides.append(aside)
        for call in self._calls.values():
            if call.task and not call.asides:
                call.resumed = self._calls[tasks[call.task]].asides

    def _read(self, aside: _Followed, *, is_over: bool) -> tuple[list[Entry], int]:
        """Return what is new in one of them, and how many bytes were read."""
        is_first, aside.stamp = aside.tail.identity is None, _stamp(aside)
        try:
            growth, told = aside.told(is_over=is_over)
        except (ConsoleError, OSError) as error:
            aside.has_more, aside.is_read_out = False, True
            why = error.strerror if isinstance(error, OSError) else ""
            growth, told = Growth(notice=f"the transcript cannot be read: {why or error}"), []
        entries = [*self._noticed(aside, growth), *in_sight(told, self._folder, self._tell)]
        aside.at = next((one.at for one in reversed(entries) if one.at), aside.at)
        self.note(entries)
        if is_first and growth.lines and growth.lines[0].start:
            entries.insert(
                0, Entry(EntryKind.NOTICE, _BEFORE, at=entries[0].at if entries else None)
            )
        agent = aside.agent.about
        said = [replace(one, is_sidechain=True, place=-1, agent=agent) for one in entries]
        return said, sum(line.size for line in growth.lines)

    def _noticed(self, aside: _Followed, growth: Growth) -> list[Entry]:
        """Report once what became of its transcript; an unreadable one is tried again."""
        is_old = growth.notice in ("", aside.unread)
        aside.unread = growth.notice or (aside.unread if aside.tail.is_unread else "")
        if aside.tail.is_unread:
            aside.stamp = None
        if is_old:
            return []
        self._tell(f"{aside.agent.about}: {growth.notice}")
        return [Entry(EntryKind.NOTICE, growth.notice)]

    def _note_unread(self) -> None:
        """Report once why there may be more sub-agents."""
        if self.unread and self.unread != self._unread:
            self._tell(self.unread)
        self._unread = self.unread

    def _tell(self, words: str) -> None:
        self._notices[words] = None

    def _ended(self, *, is_live: bool) -> Iterator[Entry]:
        """Yield a notice for each call whose sub-agents ended without a word in its transcript."""
        for tool_id, call in self._calls.items():
            asides = call.asides or call.resumed
            if call.has_ended or call.is_told or not asides:
                continue
            is_over = all(one.agent.is_finished for one in asides)
            if (is_over or not is_live) and not any(one.has_more for one in asides):
                call.is_told = True
                last = max((one.at for one in asides if one.at), default=None)
                how = "completed" if is_over else "ended"
                yield Entry(EntryKind.NOTICE, how, at=last, tool_id=tool_id, task=how)


def _has_changed(aside: _Followed) -> bool:
    stamp = _stamp(aside)
    return stamp != aside.stamp or (stamp is not None and not is_settled([stamp]))


def _stamp(aside: _Followed) -> FileStamp | None:
    try:
        return stamp_of(os.lstat(aside.place))
    except OSError:
        return None
