"""The part of a stream that is in memory: its entries, and the lines of the visible ones.

A position is an entry and a line of it. Lines are made when they become visible, so that a resize
or an earlier page costs no more than one screen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo

from tui.core.models.entry import Entry, EntryKind
from tui.core.values import replace
from tui.view.stream import entry_lines
from tui.view.stream.entry_lines import TOOLS, RenderContext, Tools
from tui.view.stream.subagent_lines import SubagentLines
from tui.view.text import formatting
from tui.view.text.lines import Line

Place = tuple[int, int]
Name = tuple[object, ...]
MOST_ENTRIES = 4000
MOST_BYTES = 8 * 1024 * 1024
_MOST_DRAWN = 1000
_MODEL_WITHIN = _DAY_WITHIN = 40


class StreamBuffer:
    """Entries in order, results joined to their calls; `tail` follows the last."""

    def __init__(self, zone: tzinfo = UTC) -> None:
        self.zone = zone
        self.today: date | None = None
        self.tools: Tools = TOOLS[0]
        self.entries: list[Entry] = []
        self.results: dict[str, Entry] = {}
        self.tail: tuple[Line, ...] = ()
        self.asides = SubagentLines()
        self._calls: set[str] = set()
        self._opened: set[Name] = set()
        self._lines: list[tuple[Line, ...] | None] = []
        self._width = 80
        self._bytes = 0
        self._drawn = 0

    def anew(self) -> StreamBuffer:
        """Return an empty buffer with the same display settings and sub-agents."""
        fresh = StreamBuffer(self.zone)
        fresh.tools, fresh.tail, fresh.asides = self.tools, self.tail, self.asides
        fresh.today = self.today
        fresh.fit(self._width)
        return fresh

    # Contents ---------------------------------------------------------------------------------

    def append(self, entries: Sequence[Entry]) -> None:
        """Add entries at the end."""
        if entries and entries[0].left_out:
            self._redraw_alike(len(self.entries) - 1)
        self.entries += entries
        self._lines += [None] * len(entries)
        self._take(entries)

    def prepend(self, entries: Sequence[Entry]) -> int:
        """Insert entries at the start, and return by how many positions that moved the others."""
        self.entries[:0] = entries
        self._lines[:0] = [None] * len(entries)
        for index in range(len(entries), len(self.entries)):
            is_near = index < len(entries) + _MODEL_WITHIN
            if is_near or self.entries[index].kind is EntryKind.RESULT:
                self._lines[index] = None
        self._take(entries)
        return len(entries)

    def put_aside(self, said: Mapping[str, Sequence[Entry]], ended: Sequence[Entry] = ()) -> None:
        """Add sub-agents' output, by the id of their call, and notices of those that ended."""
        for tool_id in self.asides.add(said, ended):
            self._redraw_call(self.asides.root_of(tool_id))

    @property
    def is_full(self) -> bool:
        """Whether entries must be dropped."""
        return len(self.entries) > MOST_ENTRIES or self._bytes > MOST_BYTES

    def drop_first(self) -> int:
        """Drop the first quarter, in whole lines of the file, and return how many entries."""
        cut = self._boundary(max(1, len(self.entries) // 4))
        self._forget(self.entries[:cut])
        del self.entries[:cut], self._lines[:cut]
        return cut

    def drop_last(self) -> int:
        """Drop the last quarter, and return the file offset where it began."""
        cut = self._boundary(len(self.entries) - max(1, len(self.entries) // 4))
        if cut >= len(self.entries):
            return -1
        first = self.entries[cut].place
        self._forget(self.entries[cut:])
        del self.entries[cut:], self._lines[cut:]
        return first

    def _take(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            self._bytes += _size(entry)
            if entry.kind is EntryKind.TOOL:
                self._calls.add(entry.tool_id)
        for tool_id in self.asides.note(entries):
            self._redraw_call(self.asides.root_of(tool_id))
        for entry in entries:
            if entry.kind is EntryKind.RESULT:
                self.results[entry.tool_id] = entry
                self._redraw_call(entry.tool_id)

    def _boundary(self, cut: int) -> int:
        """Return the next index from `cut` on that begins a line of the file."""
        while 0 < cut < len(self.entries) and (
            self.entries[cut].place == self.entries[cut - 1].place >= 0
        ):
            cut += 1
        return cut

    def _forget(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            self._bytes -= _size(entry)
            if entry.kind is EntryKind.RESULT:
                self.results.pop(entry.tool_id, None)
            elif entry.kind is EntryKind.TOOL:
                self._calls.discard(entry.tool_id)

    # Lines --------------------------------------------------------------------------------

    def lines(self, index: int) -> tuple[Line, ...]:
        """Return the lines of an entry, or of the tail after the last."""
        if index >= len(self.entries):
            return self.tail
        lines = self._lines[index]
        if lines is None:
            if self._drawn >= _MOST_DRAWN:
                self._lines, self._drawn = [None] * len(self.entries), 0
            lines = entry_lines.entry_lines(self.entries[index], self._around(index), self._width)
            if self._is_shown_elsewhere(index):
                lines = ()
            self._lines[index], self._drawn = lines, self._drawn + 1
        return lines

    def fit(self, width: int) -> None:
        """Rewrap everything to another width, when it becomes visible."""
        if width != self._width:
            self._width = width
            self.redraw()

    def redraw(self) -> None:
        """Remake all lines when they become visible."""
        self._lines, self._drawn = [None] * len(self.entries), 0

    def next_tools(self) -> Tools:
        """Switch to the next display of tools: short, full, off."""
        self.tools = TOOLS[(TOOLS.index(self.tools) + 1) % len(TOOLS)]
        self._opened.clear()
        self.redraw()
        return self.tools

    def toggle(self, index: int) -> None:
        """Open an entry, or fold it again."""
        self._opened ^= {_name(self.entries[index])}
        self._lines[index] = None

    def open(self, index: int) -> None:
        """Open an entry."""
        self._opened.add(_name(self.entries[index]))
        self._lines[index] = None

    def find(self, place: int) -> int | None:
        """Return the entry at a file offset, or the next; for a result, that of its call."""
        found = (index for index, one in enumerate(self.entries) if one.place >= place)
        index = next(found, None)
        if index is None or self.entries[index].kind is not EntryKind.RESULT:
            return index
        call = self._call(self.entries[index].tool_id)
        return index if call is None else call

    def sought(self, place: int, wanted: str) -> Place | None:
        """Return the line that contains `wanted`, of the entry at a file offset.

        For an entry that is folded or is not in the file: the entry itself, row -1.
        """
        first = self.find(place)
        if first is None:
            return None
        at, folded = first, wanted.casefold()
        while at < len(self.entries) and (at == first or self.entries[at].place == place):
            is_result = at == first and self.entries[at].place < place
            above = _rows_with(folded, self._call_alone(at)) if is_result else []
            if rows := _rows_with(folded, self.lines(at))[len(above) :]:
                return at, rows[0]
            at += 1
        return first, -1

    def _call_alone(self, index: int) -> tuple[Line, ...]:
        """Return the lines of a call without its result, which has hits of its own."""
        alone = replace(self._around(index), result=None)
        return entry_lines.entry_lines(self.entries[index], alone, self._width)

    def place_at(self, index: int) -> int:
        """Return the file offset of an entry, or of the last before it; -1 for none."""
        at = min(index, len(self.entries) - 1)
        return self.entries[at].place if at >= 0 else -1

    def time(self, step: int) -> datetime | None:
        """Return the time of the first entry that has one; with -1, of the last."""
        return next((one.at for one in self.entries[::step] if one.at), None)

    def _is_shown_elsewhere(self, index: int) -> bool:
        """Whether another entry's line shows this one: a result's call, the first of a group."""
        entry = self.entries[index]
        if entry.kind is EntryKind.RESULT:
            return entry.tool_id in self._calls
        return bool(entry.left_out) and self._is_alike(index - 1)

    def _before(self, index: int) -> Entry | None:
        """Return the last entry before it that has lines of its own."""
        while index > 0:
            index -= 1
            if not self._is_shown_elsewhere(index):
                return self.entries[index]
        return None

    def _around(self, index: int) -> RenderContext:
        entry, before = self.entries[index], self._before(index)
        is_call = entry.kind is EntryKind.TOOL
        return RenderContext(
            self.zone,
            result=self.asides.outcome(entry, self.results.get(entry.tool_id)) if is_call else None,
            before=entry_lines.minute(before, self.zone) if before else "",
            day=self._day_before(index),
            model=self._model_before(index) if entry.model else "",
            asides=self.asides,
            alike=self._alike(index) if entry.left_out else (),
            tools=self.tools,
            is_open=_name(entry) in self._opened,
        )

    def _day_before(self, index: int) -> date | None:
        """Return the day shown last before an entry; at the start, today."""
        for at in range(index - 1, max(-1, index - 1 - _DAY_WITHIN), -1):
            entry = self.entries[at]
            is_off = self.tools == "off" and entry.kind in (EntryKind.TOOL, EntryKind.THINKING)
            if entry.at and not is_off and not self._is_shown_elsewhere(at):
                return entry_lines.day_of(entry, self.zone)
        return self.today

    def _model_before(self, index: int) -> str:
        entry = self.entries[index]
        if entry.model.startswith("<"):
            return ""
        before = self.entries[max(0, index - _MODEL_WITHIN) : index]
        same = (
            one.model
            for one in reversed(before)
            if one.model and one.is_sidechain == entry.is_sidechain and one.model[0] != "<"
        )
        return next(same, "")

    def _is_alike(self, index: int) -> bool:
        return 0 <= index < len(self.entries) and bool(self.entries[index].left_out)

    def _alike(self, index: int) -> list[Entry]:
        """Return the notices of left-out lines from here on that share one line."""
        end = index
        while self._is_alike(end):
            end += 1
        return self.entries[index:end]

    def _redraw_alike(self, index: int) -> None:
        while self._is_alike(index):
            self._lines[index] = None
            index -= 1

    def _redraw_call(self, tool_id: str) -> None:
        if (index := self._call(tool_id)) is not None:
            self._lines[index] = None

    def _call(self, tool_id: str) -> int | None:
        if tool_id not in self._calls:
            return None
        for index in range(len(self.entries) - 1, -1, -1):
            entry = self.entries[index]
            if entry.kind is EntryKind.TOOL and entry.tool_id == tool_id:
                return index
        return None

    # Positions ------------------------------------------------------------------------------

    def visible(self, top: Place, height: int) -> list[tuple[Place, Line]]:
        """Return the lines from `top` on that fill a height, each with its position.

        The first has a time.
        """
        shown: list[tuple[Place, Line]] = []
        index, row = top
        while index <= len(self.entries) and len(shown) < height:
            lines = self.lines(index)[row : row + height - len(shown)]
            shown += [((index, row + at), line) for at, line in enumerate(lines)]
            index, row = index + 1, 0
        if shown and shown[0][0][0] < len(self.entries):
            place, line = shown[0]
            at = self._last_time(place[0])
            shown[0] = (place, entry_lines.begun(line, at, self.zone) if at else line)
        return shown

    def other_day(self, top: Place) -> str:
        """Return the day of the entry at a position; empty if it is today, or not known."""
        at = self._last_time(min(top[0], len(self.entries) - 1))
        day = at.astimezone(self.zone).date() if at else None
        return formatting.day(day, self.today) if day and self.today and day != self.today else ""

    def _last_time(self, index: int) -> datetime | None:
        """Return the time of an entry, else of the last before it that has one."""
        first = max(0, index - _DAY_WITHIN)
        near = (self.entries[at].at for at in range(index, first - 1, -1))
        return next((one for one in near if one), None)

    def moved(self, top: Place, lines: int) -> Place:
        """Return the position that many lines forward or back; never past the ends."""
        index, row = top
        row += lines
        while row < 0 and index > 0:
            index -= 1
            row += len(self.lines(index))
        while index < len(self.entries) and row >= len(self.lines(index)):
            row -= len(self.lines(index))
            index += 1
        return index, max(0, min(row, len(self.lines(index))))

    def bottom(self, height: int) -> Place:
        """Return the position from which the last lines fill a height."""
        return self.moved((len(self.entries), len(self.tail)), -height) if height else (0, 0)


def _rows_with(folded: str, lines: Sequence[Line]) -> list[int]:
    texts = ("".join(cell.text for cell in line).casefold() for line in lines)
    return [row for row, text in enumerate(texts) if folded in text]


def _size(entry: Entry) -> int:
    return 400 + len(entry.text) + len(entry.detail)


def _name(entry: Entry) -> Name:
    return entry.tool_id or (entry.place, entry.kind, entry.at, entry.text[:40]), entry.kind
