"""Searches the transcripts of sessions with a regular expression."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path

from tui.claude.transcript.branches import RepeatedRecords
from tui.claude.transcript.line_reader import LineReader
from tui.claude.transcript_files.subagent_files import Subagent, look_at_subagents
from tui.claude.transcript_files.transcript_lines import read_lines
from tui.core.limits import SKETCH
from tui.core.models.entry import Entry, EntryKind
from tui.core.models.session import Session, Transcript
from tui.core.text.safe_text import one_line, safe_text
from tui.core.values import dataclass
from tui.operations.search.pattern import Pattern
from tui.operations.search.subagent_search import CallPlaces, reader_of
from tui.operations.search.transcript_search import needed_literals
from tui.operations.transcripts.kept_results import Tell, unclaimed, with_whole_result
from tui.safe_io.folders import is_link, read_small

_AROUND = 200
_WHOLE = 1 << 40
_CLOCKS_DIFFER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrepHit:
    """One matching line, with at most 200 characters on both sides; all of it safe to show.

    `place` is the file offset of its entry in the session's stream, -1 for none; what a sub-agent
    said is at the place of its call.
    """

    listing: str
    session_id: str
    at: datetime | None
    kind: EntryKind
    before: str
    match: str
    after: str
    is_sidechain: bool = False
    place: int = -1

    @property
    def text(self) -> str:
        """The match and its context, on one line."""
        return f"{self.before}{self.match}{self.after}"


def search(
    sessions: Iterable[Session],
    pattern: Pattern | str,
    *,
    limit: int = 0,
    since: datetime | None = None,
    tell: Tell = lambda _: None,
    unread: Tell = lambda _: None,
) -> Iterator[GrepHit]:
    """Return what matches `pattern`, by session and in order; a text is one that ignores case.

    Searches what a console would show: prompts, answers, thinking, tool calls with their input and
    whole result, sub-agents. Returns at most `limit` lines unless it is 0, and none of an entry
    before `since`: files that were last written before it are not read, by some minutes, as clocks
    differ. `tell` is called with everything that could not be read, `unread` only with whole files.
    Raises as `Pattern` and its `matches` do.
    """
    wanted = _Wanted(pattern if isinstance(pattern, Pattern) else Pattern(pattern), since)
    there = (one for one in sessions if wanted.may_be_in(one))
    found = (hit for session in there for hit in _in_session(session, wanted, tell, unread))
    return islice(found, limit or None)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is searched for, and from when on."""

    pattern: Pattern
    since: datetime | None

    def may_be_in(self, session: Session) -> bool:
        """Whether anything of a session was written late enough."""
        files = session.transcript or session.remains
        if self.since is None or files is None:
            return True
        written_at = files.active_at
        if isinstance(files, Transcript):
            written_at = max(filter(None, (files.modified_at, files.active_at)))
        return written_at is None or written_at >= self.since - _CLOCKS_DIFFER

    def may_be_of(self, path: Path) -> bool:
        """Whether a file was written late enough, as far as is known."""
        if self.since is None:
            return True
        try:
            return os.lstat(path).st_mtime >= (self.since - _CLOCKS_DIFFER).timestamp()
        except OSError:
            return True

    def has(self, entry: Entry) -> bool:
        """Whether an entry is late enough; one without a time may be."""
        return self.since is None or entry.at is None or entry.at >= self.since


def _in_session(session: Session, wanted: _Wanted, tell: Tell, unread: Tell) -> Iterator[GrepHit]:
    def tell_whose(words: str) -> None:
        tell(f"{session.address}: {words}")

    def tell_unread(words: str) -> None:
        tell_whose(words)
        unread(words)

    for entry, place_of in _SessionReader(session, wanted, tell_whose, tell_unread).entries():
        if not wanted.has(entry):
            continue
        for text, match in _matches(entry, wanted.pattern):
            before, after = _around(text, match)
            yield GrepHit(
                listing=session.listing,
                session_id=session.session_id,
                at=entry.at,
                kind=entry.kind,
                before=before,
                match=one_line(match[0][:_AROUND]),
                after=after,
                is_sidechain=entry.is_sidechain,
                place=place_of(entry),
            )


_PlaceOf = Callable[[Entry], int]


class _SessionReader:
    """Reads all of a session that is searched; `tell_unread` is called for whole files."""

    def __init__(self, session: Session, wanted: _Wanted, tell: Tell, tell_unread: Tell) -> None:
        self._session = session
        self._wanted = wanted
        self._tell = tell
        self._tell_unread = tell_unread
        self._agents: tuple[Subagent, ...] = ()
        self._calls: CallPlaces | None = None
        # Shared: a sub-agent's transcript may repeat the session's lines.
        self._repeats = RepeatedRecords()

    def entries(self) -> Iterator[tuple[Entry, _PlaceOf]]:
        """Yield each entry, and what returns its place in the stream."""
        transcript, folder = self._session.transcript, self._session.own_folder
        if transcript is not None and not transcript.resumable:
            sketch = _sketch(transcript.path, self._tell_unread)
            yield from ((entry, _no_place) for entry in sketch)
        if folder is None:
            return
        self._agents, unread = look_at_subagents(folder)
        if unread:
            self._tell_unread(unread)
        if transcript is not None:
            yield from ((entry, _own_place) for entry in self._read(transcript.path, folder))
        for agent in self._agents:
            place_of = partial(self._place_of_call, agent)
            yield from ((entry, place_of) for entry in self._read(agent.path, folder))
        if transcript is None:
            yield from ((entry, _no_place) for entry in unclaimed(folder, self._tell_unread))

    def _read(self, path: Path, folder: Path) -> Iterator[Entry]:
        if not self._wanted.may_be_of(path):
            return
        sought = needed_literals(self._wanted.pattern)
        reader = LineReader(_WHOLE, self._repeats.is_copy)
        try:
            for line in read_lines(path, sought, is_shown=True):
                if line.problem:
                    self._tell(line.problem)
                for entry in reader.entries(line.raw, line.start):
                    yield with_whole_result(entry, folder, self._tell_unread)
            yield from reader.rest()
        except OSError as error:
            self._tell_unread(f"{one_line(path.name)} cannot be read: {error.strerror or error}")

    def _place_of_call(self, agent: Subagent, _: Entry) -> int:
        """Return the place of the session's own call that led to a sub-agent, -1 if unknown."""
        transcript = self._session.transcript
        if transcript is None:
            return -1
        try:
            self._calls = self._calls or CallPlaces(self._agents, reader_of(transcript.path))
            place = self._calls.place_of(agent)
        except OSError:  # it was told when the transcript itself was read
            place = None
        return -1 if place is None else place


def _own_place(entry: Entry) -> int:
    return entry.place


def _no_place(_: Entry) -> int:
    return -1


def _sketch(path: Path, tell: Tell) -> Iterator[Entry]:
    try:
        if is_link(path):
            raise OSError("a link")
        content = read_small(path, SKETCH)
    except OSError as error:
        tell(f"{path.name} cannot be read: {error.strerror or error}")
    else:
        yield Entry(EntryKind.TEXT, safe_text(content.decode("utf-8", "replace")))


def _matches(entry: Entry, pattern: Pattern) -> Iterator[tuple[str, re.Match[str]]]:
    """Return the matches in all that an entry shows unfolded, else those in the folded entry."""
    whole = f"{entry.tool}\n{entry.detail}" if entry.kind is EntryKind.TOOL else entry.detail
    for text in (whole, entry.text):
        found = pattern.matches(text)
        if (first := next(found, None)) is not None:
            yield text, first
            yield from ((text, match) for match in found)
            return


def _around(text: str, match: re.Match[str]) -> tuple[str, str]:
    """Return the text before and after a match on its lines."""
    start, end = match.span()
    before = text[max(0, start - _AROUND) : start].rpartition("\n")[2]
    after = text[end : end + _AROUND].partition("\n")[0]
    return before.replace("\t", " ").lstrip(), after.replace("\t", " ").rstrip()
