"""Searches the transcripts of sessions with a regular expression."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from tui.claude.transcript.branches import RepeatedRecords
from tui.claude.transcript.line_reader import LineReader
from tui.claude.transcript.search_prefilter import told_in
from tui.claude.transcript_files.kept_results import KEPT_IN
from tui.claude.transcript_files.subagent_files import look_at_subagents
from tui.claude.transcript_files.transcript_lines import read_lines
from tui.core.limits import SKETCH
from tui.core.models.entry import Entry, EntryKind
from tui.core.models.session import Session
from tui.core.text.safe_text import one_line, safe_text
from tui.operations.search.pattern import Pattern
from tui.operations.transcripts.kept_results import Tell, unclaimed, with_whole_result
from tui.safe_io.folders import is_link, read_small

_AROUND = 200
_WHOLE = 1 << 40


@dataclass(frozen=True, slots=True, kw_only=True)
class GrepHit:
    """One matching line, with at most 200 characters on both sides; all of it safe to show."""

    listing: str
    session_id: str
    at: datetime | None
    kind: EntryKind
    before: str
    match: str
    after: str
    is_sidechain: bool = False

    @property
    def text(self) -> str:
        """The match and its context, on one line."""
        return f"{self.before}{self.match}{self.after}"


def search(
    sessions: Iterable[Session],
    pattern: str,
    *,
    limit: int = 0,
    tell: Tell = lambda _: None,
    unread: Tell = lambda _: None,
) -> Iterator[GrepHit]:
    """Return what matches `pattern`, ignoring case, by session and in order.

    Searches what a console would show: prompts, answers, thinking, tool calls with their input and
    whole result, sub-agents. Returns at most `limit` lines unless it is 0; `tell` is called with
    everything that could not be read, `unread` only with whole files. Raises as `Pattern` and its
    `matches` do.
    """
    compiled = Pattern(pattern)
    found = (hit for session in sessions for hit in _in_session(session, compiled, tell, unread))
    return islice(found, limit or None)


def _in_session(session: Session, pattern: Pattern, tell: Tell, unread: Tell) -> Iterator[GrepHit]:
    def tell_whose(words: str) -> None:
        tell(f"{session.address}: {words}")

    def tell_unread(words: str) -> None:
        tell_whose(words)
        unread(words)

    for entry in _entries(session, pattern.literals, tell_whose, tell_unread):
        for text, match in _matches(entry, pattern):
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
            )


def _entries(
    session: Session, literals: tuple[bytes, ...], tell: Tell, tell_unread: Tell
) -> Iterator[Entry]:
    transcript, folder = session.transcript, session.own_folder
    if transcript is not None and not transcript.resumable:
        yield from _sketch(transcript.path, tell_unread)
    if folder is None:
        return
    agents, unread = look_at_subagents(folder)
    if unread:
        tell_unread(unread)
    sought = (*literals, KEPT_IN) if literals else ()
    repeats = RepeatedRecords()  # shared: a sub-agent's transcript may repeat the session's lines
    own = (transcript.path,) if transcript is not None else ()
    for path in (*own, *(agent.path for agent in agents)):
        try:
            reader = LineReader(_WHOLE, repeats.is_copy)
            for line in read_lines(path, told_in(sought), is_shown=True):
                if line.problem:
                    tell(line.problem)
                for entry in reader.entries(line.raw):
                    yield with_whole_result(entry, folder, tell_unread)
            yield from reader.rest()
        except OSError as error:
            tell_unread(f"{one_line(path.name)} cannot be read: {error.strerror or error}")
    if transcript is None:
        yield from unclaimed(folder, tell_unread)


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
