"""The Live pane: the stream of the selected session, whoever runs it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

from tui.core.models import Entry, EntryKind, Request, Session
from tui.operations.follow import Update
from tui.ui.pane import Pane
from tui.view import page, stream
from tui.view.lines import Cell, Line

MOST_ENTRIES = 4000


class LivePane(Pane):
    """Entries as wrapped lines; follows the end only while the operator is at the end."""

    def __init__(
        self, *, id: str, zone: tzinfo, quiet_after: timedelta, is_ascii: bool = False
    ) -> None:
        super().__init__(id=id, is_ascii=is_ascii)
        self.zone = zone
        self.quiet_after = quiet_after
        self.now = datetime.fromtimestamp(0, UTC)
        self.session: Session | None = None
        self.has_rule = True
        self.is_following = True
        self.top = 0
        self.unseen = 0
        self.says = ""
        self._entries: list[Entry] = []
        self._results: dict[str, Entry] = {}
        self._lines: list[Line] = []
        self._starts: list[int] = []
        self._tail: tuple[Line, ...] = ()
        self._writing: stream.Writing | None = None
        self._found = -1

    def begin(self, session: Session | None, says: str = "") -> None:
        """Empty the pane for another session; `says` stands there until something comes."""
        self.session = session
        self.is_following = True
        self.unseen = 0
        self._writing = None
        self.says = says
        self._forget()
        self._settle()

    def update(self, session: Session | None, now: datetime) -> None:
        """Take note of what the session is now; another one is not shown before `begin`."""
        if session is not None and self.session is not None and session.key == self.session.key:
            self.session = session
        self.now = now
        self._end_lines()
        self._settle()

    def add(self, news: Update) -> None:
        """Show what is new in the stream."""
        if news.was_reset:
            self._forget()
        notices = tuple(Entry(EntryKind.NOTICE, text) for text in news.notices)
        for entry in (*news.entries, *notices):
            self._add(entry)
        self._trim()
        self._writing = news.partial
        self._end_lines()
        if news.entries and not self.is_following:
            self.unseen += len(news.entries)
        self._settle()

    def scroll_lines(self, lines: int) -> None:
        """Scroll; reaching the end follows it again."""
        lowest = self._lowest()
        self.top = max(0, min(self.top + lines, lowest))
        self.follow(is_on=self.top >= lowest)

    def follow(self, *, is_on: bool) -> None:
        """Follow the end, or stay where the operator reads."""
        self.is_following = is_on
        if is_on:
            self.unseen = 0
        self._settle()

    def find(self, words: str, step: int) -> bool:
        """Go to the next line that has `words`; answer whether there is one."""
        texts = ["".join(cell.text for cell in line) for line in (*self._lines, *self._tail)]
        start = self.top if self._found < 0 else self._found + step
        found = page.find(texts, words, start, step)
        self._found = -1 if found is None else found
        if found is not None:
            self.scroll_lines(found - self.top)
        return found is not None

    @property
    def count(self) -> int:
        """How many entries of the session's stream are shown."""
        return len(self._entries)

    def title(self) -> str:
        return stream.title(self.session, self.now, self.quiet_after)

    def note(self) -> str:
        if self.is_following:
            return ""
        return f"{self.unseen} new ↓" if self.unseen else "F follows"

    def body_line(self, y: int) -> Line:
        index = self.top + y
        line = next(iter((*self._lines[index : index + 1], *self._tail_at(index))), None)
        if line is not None and index == self._found:
            return (Cell(" "), Cell("".join(cell.text for cell in line), "current"))
        if line is not None:
            return (Cell(" "), *line)
        if not self._lines and not self._tail and y == 0:
            return (Cell(f" {self.says}", "muted"),)
        return ()

    def _tail_at(self, index: int) -> tuple[Line, ...]:
        index -= len(self._lines)
        return self._tail[index : index + 1] if index >= 0 else ()

    def on_resize(self) -> None:
        """Wrap everything again."""
        super().on_resize()
        entries, results, top = self._entries, self._results, self.top
        self._forget()
        self._results, self.top = results, top
        for entry in entries:
            self._add(entry)
        self._end_lines()
        self._settle()

    @property
    def _text_width(self) -> int:
        return max(20, self.body_width - 2)

    def _lowest(self) -> int:
        return max(0, len(self._lines) + len(self._tail) - self.body_height)

    def _settle(self) -> None:
        lowest = self._lowest()
        self.top = lowest if self.is_following else min(self.top, lowest)
        self.redraw()

    def _forget(self) -> None:
        self._entries, self._lines, self._starts, self._results = [], [], [], {}
        self._tail = ()
        self.top = 0
        self._found = -1

    def _add(self, entry: Entry) -> None:
        if entry.kind is EntryKind.RESULT:
            self._results[entry.tool_id] = entry
            self._rewrap(entry.tool_id)
            return
        self._entries.append(entry)
        self._starts.append(len(self._lines))
        self._lines += self._wrapped(len(self._entries) - 1)

    def _wrapped(self, index: int) -> tuple[Line, ...]:
        entry = self._entries[index]
        minute = stream.minute(entry, self.zone)
        before = stream.minute(self._entries[index - 1], self.zone) if index else ""
        result = self._results.get(entry.tool_id) if entry.kind is EntryKind.TOOL else None
        return stream.entry_lines(
            entry, result, self._text_width, self.zone, shows_time=minute != before
        )

    def _rewrap(self, tool_id: str) -> None:
        """Wrap a tool call again, now that its result is known."""
        for index in range(len(self._entries) - 1, -1, -1):
            entry = self._entries[index]
            if entry.kind is EntryKind.TOOL and entry.tool_id == tool_id:
                start = self._starts[index]
                end = (self._starts[index + 1 :] or [len(self._lines)])[0]
                lines = self._wrapped(index)
                self._lines[start:end] = lines
                grown = len(lines) - (end - start)
                for later in range(index + 1, len(self._starts)):
                    self._starts[later] += grown
                return

    def _trim(self) -> None:
        """Let go of the oldest entries, so that a day's stream does not fill the memory."""
        extra = len(self._entries) - MOST_ENTRIES
        if extra < MOST_ENTRIES // 4:
            return
        cut = self._starts[extra]
        del self._lines[:cut], self._entries[:extra]
        self._starts = [start - cut for start in self._starts[extra:]]
        self.top = max(0, self.top - cut)
        self._found = max(-1, self._found - cut)
        kept = {entry.tool_id for entry in self._entries}
        self._results = {key: one for key, one in self._results.items() if key in kept}

    def _end_lines(self) -> None:
        """Wrap what stands at the end: what is being written, and what waits for an answer."""
        tail: tuple[Line, ...] = ()
        if self._writing is not None:
            tail += stream.writing_lines(self._writing, self._text_width)
        if (request := self._request()) is not None:
            tail += stream.request_lines(request, self._text_width, self.zone)
        run = self.session.run if self.session else None
        if run is not None:
            tail += stream.sent_lines(run, self._text_width, self.now)
        self._tail = tail

    def _request(self) -> Request | None:
        run = self.session.run if self.session else None
        return run.request if run and not run.is_over else None
