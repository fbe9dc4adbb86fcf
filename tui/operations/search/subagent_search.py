"""Searches what sub-agents said; a hit is at the call that the stream shows it under."""

from __future__ import annotations

import os
from array import array
from bisect import insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from tui.claude.transcript.branches import RepeatedRecords
from tui.claude.transcript.line_reader import LineReader
from tui.claude.transcript.records import whole_records
from tui.claude.transcript_files.subagent_calls import LED_IN, SubagentCalls
from tui.claude.transcript_files.subagent_files import Subagent, look_at_subagents
from tui.claude.transcript_files.transcript_lines import read_lines
from tui.core.errors import ConsoleError
from tui.core.models.entry import Entry, EntryKind
from tui.core.text.safe_text import one_line
from tui.core.values import replace
from tui.operations.search.pattern import Pattern
from tui.operations.search.transcript_search import SearchHits, has, needed_literals
from tui.operations.transcripts.kept_results import Tell, with_whole_result
from tui.operations.transcripts.unlinked_subagents import call_id

_WHOLE = 1 << 40
_DEEPEST = 20
_MISSED = -2

# Returns the session's own entries, of only the lines that contain one of some literals.
EntryReader = Callable[[tuple[bytes, ...]], Iterable[Entry]]


def with_subagents(
    hits: SearchHits,
    folder: Path,
    pattern: Pattern,
    entries_of: EntryReader,
    beside: Sequence[Entry],
    *,
    is_stopped: Callable[[], bool],
) -> SearchHits:
    """Return the hits with the places of calls whose sub-agents match.

    `folder` is the session's own; `beside` are the entries of the stream that are in no line, also
    those that stand for missing calls. Files that did not change since the hits were found are not
    searched again; unread ones are. Raises `ConsoleError`.
    """
    agents, cut = look_at_subagents(folder)
    sizes = {agent.path: _size(agent.path) for agent in agents}
    unread, found = dict.fromkeys((cut,) if cut else ()), list[Subagent]()
    for agent in (one for one in agents if hits.agents.get(one.path) != sizes[one.path]):
        if is_stopped():
            return replace(hits, is_whole=False)
        missed = dict[str, None]()
        if _says(agent.path, folder, pattern, missed.setdefault):
            found.append(agent)
        unread.update(missed)
        sizes[agent.path] = _MISSED if missed else sizes[agent.path]
    places, told_at, more = array("Q", hits.places), set(hits.places), set[int]()
    try:
        if found:
            calls = CallPlaces(agents, entries_of, beside)
            more = {place for one in found if (place := calls.place_of(one)) is not None}
        if len(beside) != hits.beside:
            more.update(_places_at(entries_of, [one.at for one in beside if has(one, pattern)]))
    except OSError as error:
        raise ConsoleError(f"{folder.name} cannot be read: {error.strerror or error}") from error
    for place in more - told_at:
        insort(places, place)
    left = tuple(unread)
    return replace(hits, places=places, agents=sizes, beside=len(beside), unsearched_agents=left)


def _places_at(entries_of: EntryReader, moments: Iterable[datetime | None]) -> Iterator[int]:
    """Yield the place of the last entry before each moment, or else of the first entry."""
    first = datetime.min.replace(tzinfo=UTC)
    waiting = sorted((at or first for at in moments), reverse=True)
    last: int | None = None
    for entry in entries_of(()) if waiting else ():
        while waiting and (waiting[-1] == first or (entry.at and entry.at > waiting[-1])):
            waiting.pop()
            yield entry.place if last is None else last
        last = entry.place
    if waiting and last is not None:
        yield last


def with_hits(hits: SearchHits, pattern: Pattern, entries: Iterable[Entry]) -> SearchHits:
    """Return the hits with the places of the entries that match."""
    found = {one.place for one in entries if one.place >= 0 and has(one, pattern)}
    more = found.difference(hits.places)
    return replace(hits, places=array("Q", sorted((*hits.places, *more)))) if more else hits


def remaining(entries: Sequence[Entry]) -> EntryReader:
    """Return a reader of the entries that remain of a session without a transcript."""
    return lambda _: entries


def reader_of(path: Path) -> EntryReader:
    """Return a reader of a transcript's entries, without their texts."""

    def entries_of(sought: tuple[bytes, ...]) -> Iterator[Entry]:
        reader = LineReader(0, RepeatedRecords().is_copy)
        for line in read_lines(path, sought):
            yield from reader.entries(line.raw, line.start)

    return entries_of


class CallPlaces:
    """Where the calls of a session are, and which of them started a sub-agent."""

    def __init__(
        self, agents: Sequence[Subagent], entries_of: EntryReader, beside: Sequence[Entry] = ()
    ) -> None:
        self._agents, self._entries_of = agents, entries_of
        self._stood_in = {one.tool_id: one.at for one in beside if one.kind is EntryKind.TOOL}
        self._places: dict[str, int] = {}
        self._tasks: dict[str, str] = {}
        self._inner: dict[Path, SubagentCalls] = {}
        for entry in entries_of(LED_IN):
            if entry.kind is EntryKind.TOOL:
                self._places.setdefault(entry.tool_id, entry.place)
            elif entry.kind is EntryKind.RESULT and entry.task:
                self._tasks.setdefault(entry.task, entry.tool_id)

    def place_of(self, agent: Subagent) -> int | None:
        """Return the place of the session's own call that led to a sub-agent, at any depth."""
        chain = [agent]
        while len(chain) < _DEEPEST:
            if (place := self._places.get(self._call_of(chain[-1]))) is not None:
                return place
            above = self._above(chain[-1])
            if above is None or above in chain:
                break
            chain.append(above)
        ids = (one for one in map(call_id, reversed(chain)) if one in self._stood_in)
        return next(_places_at(self._entries_of, [self._stood_in[one] for one in ids][:1]), None)

    def _call_of(self, agent: Subagent) -> str:
        named = (self._tasks.get(one, "") for one in (agent.agent_id, agent.run_id) if one)
        return agent.tool_id or next(filter(None, named), "")

    def _above(self, agent: Subagent) -> Subagent | None:
        """Return the sub-agent whose call started another."""
        return next((one for one in self._agents if self._leads(one).has(agent.tool_id)), None)

    def _leads(self, agent: Subagent) -> SubagentCalls:
        if agent.path not in self._inner:
            leads = self._inner[agent.path] = SubagentCalls()
            with suppress(OSError):  # the search itself reports unreadable files
                for line in read_lines(agent.path, LED_IN):
                    for record in whole_records(line.raw):
                        leads.note(record)
        return self._inner[agent.path]


def _says(path: Path, folder: Path, pattern: Pattern, tell: Tell) -> bool:
    reader = LineReader(_WHOLE, RepeatedRecords().is_copy)
    try:
        lines = read_lines(path, needed_literals(pattern), is_shown=True)
        entries = (entry for line in lines for entry in reader.entries(line.raw, line.start))
        is_said = any(has(with_whole_result(entry, folder, tell), pattern) for entry in entries)
        return is_said or any(has(entry, pattern) for entry in reader.rest())
    except OSError as error:
        tell(f"{one_line(path.name)} cannot be read: {error.strerror or error}")
        return False


def _size(path: Path) -> int:
    try:
        return os.lstat(path).st_size
    except OSError:
        return -1
