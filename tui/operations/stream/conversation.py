"""Turns a transcript into blocks of Markdown, sub-agents under their call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tui.claude.transcript.branches import NO_LINEAGE, BranchTracker, RepeatedRecords
from tui.claude.transcript.line_reader import LineReader
from tui.claude.transcript_files.subagent_files import Subagent
from tui.claude.transcript_files.transcript_lines import read_lines
from tui.core.errors import ConsoleError
from tui.core.models.entry import Entry, EntryKind
from tui.core.text.markdown_quoting import code, details, escaped, fence, nested, quoted
from tui.core.text.safe_text import one_line
from tui.operations.transcripts.branches import branch_mark
from tui.operations.transcripts.kept_results import Tell, ignore, unclaimed, with_whole_result
from tui.operations.transcripts.unlinked_subagents import NO_CALL

_WHOLE = 1 << 40
_DEEPEST = 6
_MOST_CALLS = 10_000
_SPOKEN = {EntryKind.PROMPT: "Prompt", EntryKind.TEXT: "Answer", EntryKind.ERROR: "Error"}


class Conversation:
    """Turns one transcript after the other into blocks; each sub-agent appears once.

    `folder` is the session's own, where long results are kept. `tell` is called with what cannot be
    read.
    """

    def __init__(
        self, agents: Iterable[Subagent], folder: Path | None = None, tell: Tell = ignore
    ) -> None:
        self._folder = folder
        self._tell = tell
        self._repeats = RepeatedRecords()
        self._agents = {agent.path: agent for agent in agents}
        self._tools: dict[str, str] = {}
        self._deeper: set[Path] = set()

    def blocks(
        self, path: Path, size: int | None = None, lineage: BranchTracker = NO_LINEAGE
    ) -> Iterator[str]:
        """Return the blocks of a session, with uncalled sub-agents at the end.

        Raises `ConsoleError` when the transcript cannot be read.
        """
        yield from self._transcript(path, size, 0, lineage)
        yield from self.uncalled(f": {NO_CALL}")

    def uncalled(self, says: str = "") -> Iterator[str]:
        """Return the blocks of the sub-agents that no call started, with their own sub-agents.

        Each heading ends with `says`. Those nested too deeply to be shown at their call come here
        too.
        """
        while self._agents:
            agents = self._agents.values()
            outer = (one for one in agents if not one.is_inner)
            agent = next(outer, None) or next(iter(agents))
            yield from self._agent(agent, 0, "" if agent.path in self._deeper else says)

    def unclaimed(self) -> Iterator[str]:
        """Return the blocks of kept results that no line refers to any more."""
        for entry in unclaimed(self._folder, self._tell) if self._folder is not None else ():
            yield f"### {_headed(f'Result kept in {code(entry.text)}', entry)}"
            yield fence(entry.detail)

    def _transcript(
        self, path: Path, size: int | None, depth: int, lineage: BranchTracker = NO_LINEAGE
    ) -> Iterator[str]:
        def is_copy(record: Mapping[str, Any], place: int, number: int) -> bool:
            is_again = self._repeats.is_copy(record)
            return is_again if depth else lineage.is_copy(record, place, number)

        reader = LineReader(_WHOLE, is_copy)
        with readable(path):
            for line in read_lines(path, size=size):
                if line.problem:
                    yield f"*{line.problem}*"
                told = reader.entries(line.raw, line.start)
                for entry in (*branch_mark(lineage, line.start, told), *told):
                    yield from self._entry_blocks(entry, depth)
            for entry in reader.rest():
                yield from self._entry_blocks(entry, depth)

    def _entry_blocks(self, entry: Entry, depth: int) -> Iterator[str]:
        yield from self._entry(with_whole_result(entry, self._folder, self._tell))
        started = self._started_by(entry)
        if depth >= _DEEPEST:
            self._deeper.update(agent.path for agent in started)
            return
        for agent in started:
            yield from self._agent(agent, depth)

    def _started_by(self, entry: Entry) -> list[Subagent]:
        """Return the sub-agents that a call started: by its id, or by what its result names."""
        if entry.kind is EntryKind.TOOL and entry.tool_id:
            return [one for one in self._agents.values() if one.tool_id == entry.tool_id]
        if entry.kind is EntryKind.RESULT and entry.task:
            return [one for one in self._agents.values() if one.is_of_task(entry.task)]
        return []

    def _agent(self, agent: Subagent, depth: int, says: str = "") -> Iterator[str]:
        if self._agents.pop(agent.path, None) is None:
            return
        yield f"### Sub-agent: {code(agent.about)}{says}"
        try:
            for block in self._transcript(agent.path, None, depth + 1):
                yield nested(block)
        except ConsoleError as problem:
            self._tell(one_line(problem))
            yield f"*{escaped(one_line(problem))}*"

    def _entry(self, entry: Entry) -> Iterator[str]:
        if entry.kind in _SPOKEN:
            yield f"## {_headed(_SPOKEN[entry.kind], entry)}"
            yield quoted(entry.text)
        elif entry.kind is EntryKind.THINKING:
            if entry.text.strip():
                yield details("Thinking", quoted(entry.text))
        elif entry.kind is EntryKind.TOOL:
            yield f"### {_headed(f'Tool: {code(entry.tool)}', entry)}"
            yield fence(entry.detail, "json")
            self._remember(entry)
        elif entry.kind is EntryKind.RESULT:
            yield self._result(entry)
            yield fence(entry.detail or entry.text)
        else:
            yield f"*{_headed(escaped(one_line(entry.text)), entry)}*"
            if entry.detail:
                yield quoted(entry.detail)

    def _remember(self, call: Entry) -> None:
        """Remember a call's name until its result comes; only the last ones of very many."""
        self._tools[call.tool_id] = call.tool
        if len(self._tools) > _MOST_CALLS:
            del self._tools[next(iter(self._tools))]

    def _result(self, entry: Entry) -> str:
        tool = self._tools.pop(entry.tool_id, "")
        failed = ", failed" if entry.is_error else ""
        return f"### {_headed(f'Result of {code(tool)}' if tool else 'Result', entry)}{failed}"


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn an `OSError` into a `ConsoleError`."""
    try:
        yield
    except OSError as error:
        raise ConsoleError(f"{path} cannot be read: {error.strerror or error}") from error


def _headed(words: str, entry: Entry) -> str:
    side = " (sub-agent)" if entry.is_sidechain else ""
    return f"{words}{side}{_clock(entry.at)}"


def _clock(at: datetime | None) -> str:
    return f", {at.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}" if at else ""
