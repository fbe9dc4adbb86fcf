"""The Live pane: the stream of the selected session, whoever runs it, at any size."""

from __future__ import annotations

from datetime import UTC, datetime

from textual.message import Message

from tui.core.models.entry import Entry, EntryKind
from tui.core.models.run import SentCommand
from tui.core.models.session import Session
from tui.core.text.safe_text import cut
from tui.core.values import replace
from tui.operations.stream.follow import StreamPage, StreamUpdate
from tui.ui.terminal.paint_throttle import PaintThrottle
from tui.ui.widgets.page_request import PageRequest
from tui.ui.widgets.pane import Pane, PaneSettings
from tui.view.stream import entry_lines, stream_title
from tui.view.stream.run_lines import RunContext, asked_lines, latest, run_lines
from tui.view.stream.stream_buffer import Place, StreamBuffer
from tui.view.stream.subagent_lines import SubagentLines
from tui.view.text.lines import Cell, Line, title_room
from tui.view.text.styled_text import wrap

_NEAR = 40  # entries from an edge of what is in memory


class LivePane(Pane):
    """A window on the stream; follows the end only while the operator is at the end.

    Entries between the file offsets `start` and `end` are in memory; the file is known to go on to
    `known_end`.
    """

    class Wished(Message):
        """The pane lacks a page."""

        def __init__(self, wish: PageRequest) -> None:
            super().__init__()
            self.wish = wish

    def __init__(self, settings: PaneSettings) -> None:
        super().__init__(settings)
        self._pace = PaintThrottle(is_remote=settings.is_remote)
        self._follows, self._resumes = settings.follow_key, settings.resume_key
        self._access = settings.access
        self._found: Place | None = None
        self.aim = (-1, "")  # the last place that was gone to, and what was sought there
        self._awaited: tuple[int, str, Place] | None = None
        self.quiet_after = settings.quiet_after
        self.now = datetime.fromtimestamp(0, UTC)
        self.session: Session | None = None
        self.has_rule = self.is_following = True
        self.is_full = self._is_waiting = False
        self.unseen = 0
        self.says = ""
        self.wish: PageRequest | None = None
        self.start = self.end = self.known_end = 0
        self.top: Place = (0, 0)
        self._buffer = StreamBuffer(settings.zone)
        self._added = StreamUpdate()
        self.sending: SentCommand | None = None
        self._current: int | None = None
        self._shown: list[tuple[Place, Line]] = []

    # What comes in ---------------------------------------------------------------------------

    def begin(self, session: Session | None, says: str = "") -> None:
        """Empty the pane for another session; show `says` until something comes."""
        self.session = session
        self.is_following, self.unseen, self.says = True, 0, says
        self._forget(0)
        self._buffer.asides = SubagentLines()
        self._added, self.known_end = StreamUpdate(), 0
        self._settle_now()

    def update(self, session: Session | None, now: datetime) -> None:
        """Take the session's new state; another session is shown only after `begin`."""
        if session is not None and self.session is not None and session.key == self.session.key:
            self.session = session
        self.now = now
        today = now.astimezone(self._buffer.zone).date()
        if today != self._buffer.today:
            self._buffer.today = today
            self._buffer.redraw()
        self._settle_soon()

    def add(self, update: StreamUpdate) -> None:
        """Show what is new in the stream; far from the end only count it."""
        if update == self._added and not update.is_news:
            return
        before, self._added = self._added, update
        is_anew = update.was_reset or update.is_restated
        if is_anew or not (self._buffer.entries or self.known_end):
            self._forget(update.start)
            self._buffer.asides = SubagentLines()
            self.end = self.known_end = update.start
        is_attached = self.end == self.known_end
        self.known_end = update.end
        if is_attached:
            self.end = update.end
            self._buffer.append(update.entries)
        notices = tuple(Entry(EntryKind.NOTICE, text) for text in update.notices)
        self._buffer.append(notices)
        self._buffer.put_aside(update.asides, update.ended)
        if self._awaited and update.asides and self.top == self._awaited[2]:
            self.go_to(*self._awaited[:2])
        if not (self.is_following or update.is_restated):
            self.unseen += sum(one.kind is not EntryKind.RESULT for one in update.entries)
        self._trim()
        if update.entries or is_anew or update.notices or update.begins_words(before):
            self._settle_now()
        else:
            self._settle_soon()

    def put(self, wish: PageRequest, *pages: StreamPage) -> None:
        """Take the requested pages, as far as they still fit."""
        self.wish = None
        for page in pages:
            if page.is_void:
                break
            if wish.side in ("start", "end", "around") and page is pages[0]:
                self._forget(page.start)
                self.end = page.stop
                self._buffer.append(page.entries)
            elif page.stop == self.start and wish.side == "before":
                moved = self._buffer.prepend(page.entries)
                self.start = page.start
                self._move_places(moved)
            elif page.start == self.end:
                self._buffer.append(page.entries)
                self.end = page.stop
        if wish.side == "end":
            self.is_following = True
        self._trim()
        self._settle()

    def _forget(self, start: int) -> None:
        self._buffer = self._buffer.anew()
        self.start = self.end = start
        self.top, self._current = (0, 0), None
        self.wish = self._found = self._awaited = None

    def _trim(self) -> None:
        """Drop entries far from where the operator reads; they can be read again."""
        roll = self._buffer
        while roll.is_full and len(roll.entries) > 1:
            if self.is_following or self.top[0] > len(roll.entries) // 2 or self.end <= 0:
                self._move_places(-roll.drop_first())
                self.start = max(self.start, roll.entries[0].place) if roll.entries else self.end
            elif (first := roll.drop_last()) >= 0:
                self.end = first
            else:
                return

    def _move_places(self, moved: int) -> None:
        index, row = self.top
        self.top = (index + moved, row) if index + moved >= 0 else (0, 0)
        if self._found is not None:
            index, row = self._found
            self._found = (index + moved, row) if index + moved >= 0 else None
        if self._current is not None:
            self._current = self._current + moved if self._current + moved >= 0 else None

    # Where the operator reads ----------------------------------------------------------------

    @property
    def is_at_end(self) -> bool:
        """Whether the end of the file is in memory."""
        return self.end >= self.known_end

    def scroll_lines(self, lines: int) -> None:
        """Scroll; at the end, follow again."""
        top = self._buffer.moved(self.top, lines)
        self.follow(is_on=top >= self._lowest() and lines > 0, top=top)

    def go_to_start(self) -> None:
        """Show the first lines of the file."""
        self.is_following, self._current, self.top = False, None, (0, 0)
        if self.start > 0:
            self._wish(PageRequest("start", 0, self.known_end))
        self._settle()

    def go_to_end(self) -> None:
        """Show the last lines of the file, and follow."""
        if not self.is_at_end:
            self._wish(PageRequest("end", self.known_end))
        self.follow(is_on=True)

    def follow(self, *, is_on: bool, top: Place | None = None) -> None:
        """Follow the end, or stay where the operator reads."""
        self.is_following = is_on and self.is_at_end
        if top is not None:
            self.top = top
        if self.is_following:
            self.unseen, self._current, self._found = 0, None, None
        elif is_on and self.wish is None:
            self._wish(PageRequest("end", self.known_end))
        self._settle()

    def go_to(self, place: int, sought: str) -> bool:
        """Show the entry at a file offset with `sought` in sight; false if it is not in memory."""
        found = self._buffer.sought(place, sought) if self.start <= place < self.end else None
        if found is None:
            return False
        self.is_following = False
        if found[1] < 0:
            self._buffer.open(found[0])
            found = self._buffer.sought(place, sought) or found
        index, row = found
        self._current, self._found, self.aim = index, (index, max(0, row)), (place, sought)
        self.top = self._buffer.moved((index, max(0, row)), -(self.body_height // 3))
        self._settle()
        self._awaited = (place, sought, self.top) if row < 0 else None
        return True

    @property
    def place(self) -> int:
        """The file offset that a search goes on from, perhaps of a call's result; -1 for none."""
        if self._found is not None and self._found[0] == self._current:
            return self.aim[0]
        if self._current is not None and self._current < len(self._buffer.entries):
            return self._buffer.entries[self._current].place
        return max(-1, self._buffer.place_at(self.top[0]) - 1)

    def step(self, step: int) -> None:
        """Mark the next visible entry, or the one before."""
        current = self._marked()
        index = len(self._buffer.entries) if current is None else current
        while 0 <= (index := index + step) < len(self._buffer.entries):
            if self._buffer.lines(index):
                break
        if 0 <= index < len(self._buffer.entries):
            self._current = index
            self._bring_in_sight(index)
        self._settle()

    def toggle(self) -> None:
        """Open or fold the marked entry."""
        if (index := self._marked()) is not None:
            self._buffer.toggle(index)
            self._current, self.is_following = index, False
            self._bring_in_sight(index)
            self._settle()

    def next_tools(self) -> str:
        """Show tools short, in full, or not at all; return which."""
        shown = self._buffer.next_tools()
        self._settle()
        return shown

    @property
    def entry(self) -> tuple[Entry | None, Entry | None]:
        """The marked entry, and its result."""
        if (index := self._marked()) is None:
            return None, None
        entry = self._buffer.entries[index]
        return entry, self._buffer.results.get(entry.tool_id)

    def _marked(self) -> int | None:
        """Return the chosen entry if it is visible, else the first that begins on the screen.

        At the end of the stream it is the last one, which cannot be scrolled to the top.
        """
        there = [place[0] for place, _ in self._shown if place[0] < len(self._buffer.entries)]
        if self._current in there or not there:
            return self._current if there else None
        begun = [index for (index, row), _ in self._shown if row == 0 and index in there]
        if self.is_following:
            return there[-1]
        return begun[0] if begun else there[0]

    def _bring_in_sight(self, index: int) -> None:
        self.is_following = False
        bottom = self._buffer.moved(self.top, self.body_height - 1)
        if (index, 0) < self.top:
            self.top = (index, 0)
        elif (index, 0) > bottom:
            last = self._buffer.moved((index, 0), len(self._buffer.lines(index)))
            top = self._buffer.moved(last, -self.body_height)
            self.top = min(top, (index, 0))

    @property
    def has_asides(self) -> bool:
        """Whether there are sub-agents, which may still be writing."""
        return self._buffer.asides.has_any

    # What is shown ---------------------------------------------------------------------------

    @property
    def count(self) -> int:
        """How many of the session's entries are in memory."""
        return len(self._buffer.entries)

    def title(self) -> str:
        room = title_room(self.note(), self.body_width)
        session, run = self.session, latest(self.session, self._added.run)
        now = replace(session, run=run) if session is not None and run is not None else session
        return cut(
            stream_title.title(now, self.now, self.quiet_after, self._added.spent, room), room
        )

    def note(self) -> str:
        if self.wish is not None and self.wish.side not in ("before", "after"):
            return "reading..."
        day, place = self._buffer.other_day(self.top), self._buffer.place_at(self.top[0])
        if self._shown:
            day = stream_title.unmarked(day, place, self._added.branches_from)
        if self.is_following or not self._shown:
            return day
        is_part = self.known_end > 0 and (self.start > 0 or not self.is_at_end)
        share = max(0, place) / self.known_end if is_part else None
        return stream_title.paused(day, share, self.unseen, self._follows)

    def note_style(self) -> str:
        return "muted" if self.is_following else "noticed"

    def body_line(self, y: int) -> Line:
        if y < len(self._shown):
            (index, row), line = self._shown[y]
            if (index, row) == self._found:
                return (Cell(">", "mark"), Cell("".join(cell.text for cell in line), "current"))
            if index == self._current and self.is_full:
                return (Cell(">" if row == 0 else " ", "mark"), *line)
            return (Cell(" "), *line)
        says = wrap(self.says, self._text_width) if not self.count else ()
        return (Cell(f" {says[y]}", "muted"),) if y < len(says) else ()

    def resized(self) -> None:
        """Wrap again what is visible."""
        self._settle_now()

    def is_same_at(self, moment: datetime) -> bool:
        return not self._buffer.tail and super().is_same_at(moment)

    @property
    def _text_width(self) -> int:
        return max(20, self.body_width - 2)

    def _lowest(self) -> Place:
        return self._buffer.bottom(self.body_height)

    def _settle_soon(self) -> None:
        """Settle once the last frame has been sent."""
        wait = self._pace.wait_s
        if wait <= 0:
            self._settle_now()
        elif not self._is_waiting:
            self._is_waiting = True
            self.set_timer(wait, self._settle_now)

    def _settle_now(self) -> None:
        self._is_waiting = False
        self._end_lines()
        self._settle()

    def _settle(self) -> None:
        """Clamp the scroll position, request what is missing, and draw."""
        self._buffer.fit(self._text_width)
        if self.body_height:  # out of sight, it keeps its place
            lowest = self._lowest()
            self.top = lowest if self.is_following else min(self.top, lowest)
        self._shown = self._buffer.visible(self.top, self.body_height)
        self._wish_for_more()
        self._pace.pay(self.redraw())

    def _wish_for_more(self) -> None:
        if self.wish is not None or not self.body_height:
            return
        last = self._shown[-1][0][0] if self._shown else 0
        is_short = len(self._shown) < self.body_height
        is_near = self.top[0] < _NEAR and not self.is_following
        if self.start > 0 and (is_near or is_short):
            self._wish(PageRequest("before", self.start, at=self._buffer.time(1)))
        elif not self.is_at_end and last > len(self._buffer.entries) - _NEAR:
            self._wish(PageRequest("after", self.end, self.known_end, self._buffer.time(-1)))

    def _wish(self, wish: PageRequest) -> None:
        self.wish = wish
        self.post_message(self.Wished(wish))

    def wish_around(self, place: int) -> PageRequest:
        """Request the page around a file offset; the caller fetches it."""
        self.wish = PageRequest("around", place, self.known_end)
        return self.wish

    def _end_lines(self) -> None:
        """Wrap what stands at the end: text being written, and a request that waits."""
        width, added = self._text_width, self._added
        run = latest(self.session, added.run)
        at = RunContext(now=self.now, zone=self._buffer.zone, entries=self._buffer.entries)
        at = replace(at, sending=self.sending, session=self.session, resume=self._resumes)
        at = replace(at, is_ascii=self.is_ascii, access=self._access, is_whole=self.start <= 0)
        tail = entry_lines.branch_lines(added.branches if self.is_at_end else "", width)
        tail += asked_lines(run, at, width) if self.is_at_end else ()
        if self.is_at_end and added.partial is not None:
            tail += entry_lines.writing_lines(added.partial, width)
        self._buffer.tail = tail + (run_lines(run, at, width) if self.is_at_end else ())
