"""The output of sub-agents under the calls that started them, at any depth; at most the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from tui.core.models.entry import Entry, EntryKind
from tui.core.text.safe_text import cut
from tui.core.values import dataclass, replace
from tui.view.text import signs
from tui.view.text.lines import Cell, Line

_MOST_CALLS, _MOST_ENTRIES, _MOST_BYTES = 5000, 1000, 8 * 1024 * 1024
_DEEPEST, _MOST_LINES = 6, 5000
_BAR = Cell(signs.BESIDE.sign, "rule")
_CUT = "earlier steps are not shown here: `export` has them"
_DEEPER = "the sub-agents below are not shown here: `export` has them"

Draw = Callable[[Entry, Entry | None, int], list[Line]]


@dataclass(frozen=True, slots=True)
class SubagentStep:
    """One entry of a sub-agent of `call`; the first of each has a `heading`."""

    call: str
    depth: int
    entry: Entry
    result: Entry | None = None
    heading: str = ""


class SubagentLines:
    """Entries of sub-agents by the id of their call, and how those calls ended."""

    def __init__(self) -> None:
        self._said: dict[str, list[Entry]] = {}
        self._cut: set[str] = set()
        self._owners: dict[str, str] = {}
        self._ended: dict[str, Entry] = {}
        self._bytes = 0

    def add(self, said: Mapping[str, Sequence[Entry]], ended: Iterable[Entry] = ()) -> list[str]:
        """Add entries, and notices of ends that the stream has not shown.

        Returns the ids of all calls whose lines change.
        """
        changed = list(said)
        for call, entries in said.items():
            self._said.setdefault(call, []).extend(entries)
            self._bytes += sum(map(_size, entries))
            for one in entries:
                if one.kind is EntryKind.TOOL and one.tool_id != call:
                    self._owners[one.tool_id] = call
            changed += self.note(entries)
            self._shorten(call)
        for one in ended:
            self._ended.setdefault(one.tool_id, one)
            changed.append(one.tool_id)
        _trim(self._owners)
        while self._bytes > _MOST_BYTES and len(self._said) > 1:
            changed.append(next(iter(self._said)))
            self._cut.add(changed[-1])
            self._bytes -= sum(map(_size, self._said.pop(changed[-1])))
        return changed

    @property
    def has_any(self) -> bool:
        """Whether there is anything in it."""
        return bool(self._said)

    def note(self, entries: Iterable[Entry]) -> list[str]:
        """Record the notices of an end, and return the ids of their calls."""
        found = [one for one in entries if _tells_of_end(one)]
        self._ended.update({one.tool_id: one for one in found})
        _trim(self._ended)
        return [one.tool_id for one in found]

    def root_of(self, call: str) -> str:
        """Return the session's own call above a sub-agent's call."""
        for _ in range(_DEEPEST + 1):
            call = self._owners.get(call, call)
        return call

    def outcome(self, call: Entry, result: Entry | None) -> Entry | None:
        """Return the result of a call; for one in the background, that of its end."""
        if result is None or not result.is_launch:
            return result
        end = self._ended.get(call.tool_id)
        if end is None:
            return replace(result, text="in the background …", at=None)
        return replace(result, text=end.task, at=end.at)

    def lines(self, call: str, draw: Draw, width: int) -> Iterator[Line]:
        """Yield the output of a call's sub-agents in turn, each with its own below it."""
        steps, drawn, count = list(self.below(call)), list[list[Line]](), 0
        while steps and count <= _MOST_LINES:
            drawn.append(list(self._lines(steps.pop(), draw, width)))
            count += len(drawn[-1])
        lines = [line for of_step in reversed(drawn) for line in of_step]
        if steps or count > _MOST_LINES:
            yield from self._lines(SubagentStep(call, 1, _notice(_CUT)), draw, width)
        yield from lines[-_MOST_LINES:]

    def _lines(self, step: SubagentStep, draw: Draw, width: int) -> Iterator[Line]:
        bars, inner = (_BAR,) * step.depth, max(8, width - 2 * step.depth)
        if step.heading:
            yield (*bars, Cell(cut(step.heading, inner), "strong"))
        if step.entry.kind is not EntryKind.RESULT:
            lines = draw(step.entry, self.outcome(step.entry, step.result), inner)
            yield from ((*bars, *line) for line in lines)

    def below(self, call: str) -> Iterator[SubagentStep]:
        """Yield all entries below a call, one sub-agent after the other, at any depth."""
        return self._below(call, {call}, 1)

    def _below(self, call: str, drawn: set[str], depth: int) -> Iterator[SubagentStep]:
        said = self._said.get(call, ())
        results = {one.tool_id: one for one in said if one.kind is EntryKind.RESULT}
        agents: dict[str, list[Entry]] = {}
        for one in said:
            agents.setdefault(one.agent, []).append(one)
        if call in self._cut:
            yield SubagentStep(call, depth, _notice(_CUT))
        for agent, entries in agents.items():
            heading = agent if len(agents) > 1 else ""
            for one in entries:
                yield SubagentStep(call, depth, one, results.get(one.tool_id), heading)
                heading = ""
                if not self._is_below(one, drawn):
                    continue
                drawn.add(one.tool_id)
                if depth < _DEEPEST:
                    yield from self._below(one.tool_id, drawn, depth + 1)
                else:
                    yield SubagentStep(call, depth, _notice(_DEEPER))

    def _is_below(self, entry: Entry, drawn: set[str]) -> bool:
        """Whether this call's sub-agents are still to be drawn: each only once, even in a cycle."""
        is_call = entry.kind is EntryKind.TOOL and entry.tool_id in self._said
        return is_call and entry.tool_id not in drawn

    def _shorten(self, call: str) -> None:
        said = self._said[call]
        if len(said) > _MOST_ENTRIES:
            self._cut.add(call)
            self._bytes -= sum(map(_size, said[:-_MOST_ENTRIES]))
            del said[:-_MOST_ENTRIES]


def _notice(words: str) -> Entry:
    return Entry(EntryKind.NOTICE, words, is_sidechain=True)


def _tells_of_end(entry: Entry) -> bool:
    return bool(entry.tool_id) and entry.kind not in (EntryKind.TOOL, EntryKind.RESULT)


def _trim(known: dict[str, Entry] | dict[str, str]) -> None:
    while len(known) > _MOST_CALLS:
        del known[next(iter(known))]


def _size(entry: Entry) -> int:
    return 400 + len(entry.text) + len(entry.detail)
