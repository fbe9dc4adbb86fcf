"""Follows a session's stream: its transcript, whoever writes it, and a run's partial message."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tui.claude.transcript.branches import NO_LINEAGE, BranchTracker
from tui.claude.transcript.line_reader import LineReader
from tui.claude.transcript.records import whole_records
from tui.claude.transcript.usage.context_usage import ContextUsage
from tui.claude.transcript.usage.cost_state import COST_IN, cost_of
from tui.claude.transcript.usage.usage_meter import UsageMeter
from tui.claude.transcript_files import transcript_pages
from tui.claude.transcript_files.transcript_pages import RawLine
from tui.claude.transcript_files.transcript_tail import Growth, Tail
from tui.core.models.entry import Entry, EntryKind
from tui.core.models.session import Session
from tui.core.values import replace
from tui.operations.cause import unknown_transcript_words
from tui.operations.search.subagent_search import reader_of, remaining, with_hits, with_subagents
from tui.operations.search.transcript_search import SearchHits, pattern_of, seek
from tui.operations.stream.partial_reply import KINDS, without_shown
from tui.operations.stream.run_facts import RunFacts
from tui.operations.stream.run_notices import RunNotices, interleaved, since
from tui.operations.stream.stream_update import StreamPage as StreamPage
from tui.operations.stream.stream_update import StreamUpdate as StreamUpdate
from tui.operations.transcripts.branches import branch_mark, marked
from tui.operations.transcripts.kept_results import in_sight
from tui.operations.transcripts.last_line import LastLine
from tui.operations.transcripts.late_branches import LateBranches
from tui.operations.transcripts.page_context import MAX_TEXT, following, page_entries, unrepeated
from tui.operations.transcripts.remains import remaining_calls
from tui.operations.transcripts.subagent_tails import SubagentTails, SubagentUpdate
from tui.operations.transcripts.unlinked_subagents import UnlinkedSubagents
from tui.runs.folder.protocol import PartialBlock, read_partial

_LAST_BYTES = 256 * 1024
_EACH_POLL = 2 * 1024 * 1024
_MOST_MESSAGES = 64
_MOST_BARREN = 64
_LONGEST_COST = 64 * 1024
_FAR = datetime(9999, 1, 1, tzinfo=UTC)


class StreamFollower:
    """Follows one session from the last `last_bytes` of its transcript on.

    The first poll of a long one returns these before its branches are known, unless it `waits`.
    `poll` is for one thread at a time; pages and searches may run beside it.
    """

    def __init__(
        self, session: Session, *, last_bytes: int = _LAST_BYTES, waits: bool = False
    ) -> None:
        self._last_bytes, self._waits = last_bytes, waits
        self._tail: Tail | None = None
        self._path: Path | None = None
        self._asides: SubagentTails | None = None
        self._first_at: datetime | None = None
        self._happened, self._facts = RunNotices(), RunFacts()
        self._is_begun = self._is_due = False
        self._noting = threading.Lock()
        self._left: tuple[Entry, ...] = ()
        self._left_folder: Path | None = None
        self._unread: dict[str, None] = {}
        self._unseen = ""
        self._forget()
        self._point_at(session)

    def poll(self, session: Session) -> StreamUpdate:
        """Return what is new; `session` is its latest snapshot. Blocking; no `OSError`."""
        was_moved = self._point_at(session)
        happened = self._happened.poll(session.run.folder if session.run else None)
        if self._tail is None:
            return self._remaining(session, happened, was_moved=was_moved)
        growth = self._tail.read(limit=_EACH_POLL)
        was_reset = growth.was_reset or was_moved
        if growth.was_reset:
            self._forget()
        was_late = self._branches is not None and self._branches.are_late
        again = self._again(growth)
        is_restated, growth = again is not None, again or growth
        entries = self._new_entries(growth, is_over=not (session.is_live or growth.has_more))
        self._note_filled()
        aside = self._said_aside(session)
        uncalled = self._uncalled_entries(session)
        self._is_due = self._is_due or (was_late and not is_restated and bool(uncalled))
        happened = happened if self._is_due else (*happened, *uncalled)
        if was_reset or is_restated or not self._is_begun:
            happened = since(self._beside, entries)
            self._first_at = next((one.at for one in entries if one.at), None)
        happened = self._without_known(happened, entries)
        self._is_begun = self._is_begun or bool(entries or happened)
        return StreamUpdate(
            entries=interleaved(entries, happened),
            was_reset=was_reset,
            is_restated=is_restated,
            partial=self._partial(session),
            notices=(*filter(None, (growth.notice,)), *aside.notices, *self._new_unread()),
            has_more=growth.has_more or aside.has_more or bool(uncalled) or self._is_reading,
            start=self._start,
            end=self._shown_to,
            asides=aside.entries,
            ended=aside.ended,
            spent=self._meter.spent,
            branches=self._branched,
            branches_from=self._branches.known_from if self._branches else 0,
            run=self._facts.poll(session.run),
        )

    def _remaining(
        self, session: Session, happened: tuple[Entry, ...], *, was_moved: bool
    ) -> StreamUpdate:
        """Return what can be shown as long as there is no transcript."""
        entries, folder = tuple[Entry, ...](), session.own_folder
        if folder is not None and self._asides is None:
            self._asides, entries = SubagentTails(folder), remaining_calls(folder)
            self._left = tuple(replace(one, place=at) for at, one in enumerate(entries))
            self._left_folder, entries = folder, self._left
            self._note(entries)
        aside, writing = self._said_aside(session), self._partial(session)
        self._is_begun = self._is_begun or bool(happened or entries)
        known, self._unseen = self._unseen, unknown_transcript_words(session)
        notices = (*aside.notices, *((self._unseen,) if self._unseen not in ("", known) else ()))
        return StreamUpdate(
            entries=(*entries, *happened),
            was_reset=was_moved,
            partial=writing,
            notices=notices,
            has_more=aside.has_more,
            end=len(self._left),
            asides=aside.entries,
            ended=aside.ended,
            run=self._facts.poll(session.run),
        )

    def before(self, place: int, until: datetime | None) -> StreamPage:
        """Return the page before `place`; `until` is the time of the entry there."""
        last, told_to = self._last, self._tail.told_to if self._tail else 0
        is_last = place > told_to and place == last.stop
        page = self._page(told_to if is_last else place, 0, transcript_pages.before)
        if is_last and not page.is_void:
            page = replace(page, entries=(*page.entries, *last.entries), stop=place)
        return replace(page, entries=self._with_notices(page.entries, None, until))

    def after(self, place: int, stop: int, since: datetime | None) -> StreamPage:
        """Return the page from `place` to `stop` at most; `since` is the time of the last entry."""
        last, told_to = self._last, self._tail.told_to if self._tail else 0
        whole = min(stop, told_to)
        page = self._page(place, whole, lambda fd, at: transcript_pages.after(fd, at, whole))
        if page.stop == told_to < last.stop == stop and not page.is_void:
            page = replace(page, entries=(*page.entries, *last.entries), stop=stop)
        until = _FAR if page.stop >= stop else None
        return replace(page, entries=self._with_notices(page.entries, since, until))

    def seek(
        self,
        sought: str,
        told: Callable[[float], None],
        is_stopped: Callable[[], bool],
        known: SearchHits | None = None,
    ) -> SearchHits:
        """Search everything returned by now, or what is new since `known`; raises `ConsoleError`.

        What sub-agents said is found at their calls.
        """
        path, folder = self._path, self._own_folder or self._left_folder
        if folder is None:
            return SearchHits(sought=sought)
        if path is None:
            hits, entries = SearchHits(sought=sought), remaining(self._left)
        else:
            hits = seek(path, sought, self._shown_to, told=told, is_stopped=is_stopped, known=known)
            entries = reader_of(path)
        if not hits.is_whole:
            return hits
        pattern, marks = pattern_of(sought), self._known.marks
        hits = with_subagents(hits, folder, pattern, entries, self._beside, is_stopped=is_stopped)
        return with_hits(hits, pattern, self._left if path is None else marked(marks))

    def _point_at(self, session: Session) -> bool:
        """Open the session's transcript; true when it is another file than before."""
        path = session.transcript.path if session.transcript else None
        if path is None or path == self._path:
            return False
        was_moved = self._path is not None or self._asides is not None
        self._path, self._tail = path, Tail(path, last_bytes=self._last_bytes)
        self._forget()
        return was_moved

    @property
    def _shown_to(self) -> int:
        """The place up to which everything was returned, with a last line without a newline."""
        return max(self._last.stop, self._tail.told_to if self._tail else 0)

    @property
    def _own_folder(self) -> Path | None:
        return self._path.with_suffix("") if self._path is not None else None

    def _forget(self, branches: LateBranches | None = None) -> None:
        """Begin anew; `branches` are those of the same transcript."""
        self._meter, self._reader = UsageMeter(), LineReader(MAX_TEXT, self._is_copy)
        self._messages: dict[str, Counter[EntryKind]] = {}
        self._is_first, self._tells_servers, self._first_at = True, False, None
        self._branched, self._start = "", 0
        self._asides = SubagentTails(self._own_folder, self._has) if self._own_folder else None
        self._uncalled, self._last = UnlinkedSubagents(), LastLine()
        anew = LateBranches(self._path, waits=self._waits) if self._path else None
        self._branches, self._is_due = branches or anew, False

    @property
    def _is_reading(self) -> bool:
        """Whether branches are read while the last lines are shown."""
        return self._branches is not None and self._branches.is_reading

    def _again(self, growth: Growth) -> Growth | None:
        """Read on for branches; return the last lines again if these change what was returned."""
        path, tail, branches = self._path, self._tail, self._branches
        if path is None or tail is None or branches is None:
            return None
        with suppress(OSError):
            self._is_due = branches.read_on(self._shown_to) or self._is_due
            if not self._is_due:
                return None
            with transcript_pages.opened(path) as fd:
                if transcript_pages.identity(fd) == tail.identity:
                    lines = transcript_pages.before(fd, tail.told_to, self._last_bytes)
                    self._forget(branches)
                    return replace(growth, lines=lines)
        return None

    def _new_entries(self, growth: Growth, *, is_over: bool) -> tuple[Entry, ...]:
        entries: list[Entry] = []
        last, named = self._last_line() if is_over else (None, ())
        if self._is_first and growth.lines:
            self._start, self._is_first = growth.lines[0].start, False
        lineage = self._lineage(last)
        for line in (*self._lines_to_show(growth, lineage), *((last,) if last else ())):
            said = line.told_by(self._reader, MAX_TEXT)
            entries += branch_mark(lineage, line.start, said)
            self._meter.note(said)
            self._note_cost(line)
            self._note_messages(said)
            entries += said
        if last is not None:
            self._last.note(last, said)
        entries += named
        if growth.lines or last is not None:
            self._branched = lineage.words
        if not growth.has_more:
            entries += self._reader.settled(datetime.now(UTC), is_over=is_over)
        self._note(entries)
        return in_sight(entries, self._own_folder, self._unread.setdefault)

    def _new_unread(self) -> tuple[str, ...]:
        """Return, once, which kept results could not be read."""
        told, self._unread = tuple(self._unread), {}
        return told

    def _lines_to_show(self, growth: Growth, lineage: BranchTracker) -> Iterable[RawLine]:
        """Return the new lines, long ones only if they add something."""
        if self._path is not None and any(line.end for line in growth.lines):
            with suppress(OSError), transcript_pages.opened(self._path) as fd:
                return tuple(unrepeated(fd, growth.lines, lineage))
        return growth.lines

    def _without_known(
        self, happened: tuple[Entry, ...], entries: tuple[Entry, ...]
    ) -> tuple[Entry, ...]:
        """Leave out run notices that the transcript states better: servers that failed."""
        told = any(one.names_failed_servers for one in entries)
        self._tells_servers = self._tells_servers or told
        if not self._tells_servers:
            return happened
        return tuple(one for one in happened if not one.names_failed_servers)

    @property
    def _known(self) -> BranchTracker:
        """The lineage of the lines returned so far."""
        return self._branches.lineage if self._branches is not None else NO_LINEAGE

    def _has(self, record: Mapping[str, Any]) -> bool:
        """Whether the transcript has a record, which a sub-agent's transcript may repeat."""
        return self._known.has(record)

    def _is_copy(self, record: Mapping[str, Any], place: int, number: int) -> bool:
        return self._last.has(place, number) or self._known.is_copy(record, place, number)

    def _last_line(self) -> tuple[RawLine | None, tuple[Entry, ...]]:
        """Return what is behind the last newline, once nobody writes any more."""
        if self._path is None or self._tail is None or self._tail.identity is None:
            return None, ()
        return self._last.read(self._path, self._tail.told_to)

    def _lineage(self, last: RawLine | None) -> BranchTracker:
        """Return the lineage with the new lines."""
        if self._branches is not None and self._tail is not None:
            with suppress(OSError):
                self._branches.read(last.stop - 1 if last is not None else self._tail.told_to)
        return self._known

    def _note(self, entries: Iterable[Entry]) -> None:
        if self._asides is not None:
            with self._noting:
                self._asides.note(entries)

    def _said_aside(self, session: Session) -> SubagentUpdate:
        """Return what sub-agents said, once it is known which of it the transcript has too."""
        with self._noting:
            if self._asides is None or self._is_reading:
                return SubagentUpdate()
            return self._asides.poll(is_live=session.is_live)

    def _uncalled_entries(self, session: Session) -> tuple[Entry, ...]:
        """Return the entries for sub-agents that no call names, as far as known.

        Of those found after the stream began, entries that belong before it are left to its pages.
        """
        asides, leads = self._asides, self._branches.leads if self._branches else None
        if asides is None or asides.unread or leads is None:
            return ()
        found = self._uncalled.fresh(asides.agents, leads, is_live=session.is_live)
        self._note(found)
        first = self._first_at
        return tuple(one for one in found if first is None or one.at is None or one.at >= first)

    @property
    def _beside(self) -> tuple[Entry, ...]:
        """All entries of the stream that are in no line of the transcript."""
        return (*self._happened.known, *self._uncalled.known)

    def _note_filled(self) -> None:
        """Learn how full the context was before the new entries, and what that proves."""
        filled = self._branches.filled if self._branches is not None else ContextUsage()
        self._meter.note_windows({**filled.windows, **self._happened.windows})
        self._meter.note_before(filled.model, filled.tokens)

    def _note_cost(self, line: RawLine) -> None:
        if line.size < _LONGEST_COST and COST_IN in line.raw:
            for record in whole_records(line.raw):
                if (cost := cost_of(record)) is not None:
                    self._meter.note_cost(cost)

    def _note_messages(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            if entry.message_id and entry.kind in KINDS.values():
                self._messages.setdefault(entry.message_id, Counter())[entry.kind] += 1
        while len(self._messages) > _MOST_MESSAGES:
            self._messages.pop(next(iter(self._messages)))

    def _partial(self, session: Session) -> PartialBlock | None:
        """Return the partial message without the blocks that the transcript already has."""
        if session.run is None or session.run.is_over:
            return None
        partial = read_partial(session.run.folder)
        return without_shown(partial, self._messages) if partial is not None else None

    def _page(
        self, origin: int, limit: int, read: Callable[[int, int], tuple[RawLine, ...]]
    ) -> StreamPage:
        """Read from `origin` towards `limit` until there is something to show."""
        place, entries = origin, tuple[Entry, ...]()
        path, tail = self._path, self._tail
        if path is None or tail is None:
            return StreamPage((), origin, origin)
        with suppress(OSError), transcript_pages.opened(path) as fd:
            if transcript_pages.identity(fd) != tail.identity:
                return StreamPage(is_void=True)
            for _ in range(_MOST_BARREN):
                lines = read(fd, place) if place != limit else ()
                if not lines or entries:
                    break
                place = lines[0].start if limit < origin else lines[-1].stop
                ahead = following(fd, lines[-1].stop, tail.told_to)
                entries = page_entries(fd, lines, ahead, self._known)
        self._note(entries)
        unread = dict[str, None]()
        entries = in_sight(entries, self._own_folder, unread.setdefault)
        return StreamPage(entries, min(origin, place), max(origin, place), problems=tuple(unread))

    def _with_notices(
        self, entries: tuple[Entry, ...], after: datetime | None, until: datetime | None
    ) -> tuple[Entry, ...]:
        """Return entries with the run notices `after` a time (or the first entry) up to `until`."""
        times = [one.at for one in entries if one.at]
        if not times:
            return entries
        known = [one for one in self._beside if one.at and one.at < (until or times[-1])]
        if after is None:
            return interleaved(entries, since(known, entries))
        return interleaved(entries, [one for one in known if one.at and one.at > after])
