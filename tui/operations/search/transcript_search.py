"""Searches one transcript of any size for the places of matching lines."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from tui.claude.transcript.branches import RepeatedRecords
from tui.claude.transcript.line_reader import LineReader
from tui.claude.transcript.search_prefilter import told_in
from tui.claude.transcript_files.kept_results import KEPT_IN
from tui.claude.transcript_files.transcript_lines import Line, read_lines
from tui.core.errors import ConsoleError
from tui.core.models.entry import Entry
from tui.core.text.safe_text import one_line
from tui.core.values import dataclass, field, replace
from tui.operations.search.pattern import Pattern
from tui.operations.transcripts.kept_results import with_whole_result

_WHOLE = 1 << 40
_MOST = 1_000_000


class SearchStopped(Exception):
    """The search was cancelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchHits:
    """The places of the lines that contain `sought`, in order, in the first `size` bytes.

    `is_whole` is false when the search was stopped; it then has what was found so far. `agents` are
    the sub-agents that were searched, each with its size; `beside` counts the searched entries that
    are in no line. `unsearched` and `unsearched_agents` say what could not be searched.
    """

    sought: str
    places: array[int] = field(default_factory=lambda: array("Q"))
    size: int = 0
    is_whole: bool = True
    agents: Mapping[Path, int] = field(default_factory=dict)
    beside: int = 0
    unsearched: tuple[str, ...] = ()
    unsearched_agents: tuple[str, ...] = ()

    @property
    def not_searched(self) -> tuple[str, ...]:
        """Why there may be more hits, a line for each reason."""
        return tuple(dict.fromkeys((*self.unsearched, *self.unsearched_agents)))

    def next(self, place: int, step: int) -> int | None:
        """Return the number of the hit after `place` (or before it), wrapping around; or `None`."""
        if not self.places:
            return None
        if step > 0:
            after = bisect_right(self.places, place) if place >= 0 else 0
            return after % len(self.places)
        return (bisect_left(self.places, max(place, 0)) - 1) % len(self.places)


def seek(
    path: Path,
    sought: str,
    size: int,
    *,
    told: Callable[[float], None] = lambda _: None,
    is_stopped: Callable[[], bool] = lambda: False,
    known: SearchHits | None = None,
) -> SearchHits:
    """Return where the first `size` bytes of a transcript contain `sought`, ignoring case.

    Searches what the stream would show, unfolded; the bytes that `known` covers are not read again.
    `told` gets the fraction done. Raises `ConsoleError` when the file cannot be read.
    """
    pattern, places = pattern_of(sought), array("Q", known.places if known else ())
    known, folder = known or SearchHits(sought=sought), path.with_suffix("")
    unread = dict.fromkeys(known.unsearched)

    def reached(at: int) -> None:
        if is_stopped():
            raise SearchStopped
        told(at / size if size else 1.0)

    try:
        part = {"size": size, "start": known.size}
        lines = read_lines(path, needed_literals(pattern), **part, is_shown=True, reached=reached)
        for entry in _entries_of(lines):
            at = bisect_left(places, entry.place)  # an entry completed at the end comes before it
            is_new = at == len(places) or places[at] != entry.place
            if not is_new or len(places) >= _MOST:
                continue
            if has(with_whole_result(entry, folder, unread.setdefault), pattern):
                places.insert(at, entry.place)
    except SearchStopped:
        return SearchHits(sought=sought, places=places, size=size, is_whole=False)
    except OSError as error:
        said = f"{one_line(path.name)} cannot be read: {error.strerror or error}"
        raise ConsoleError(said) from error
    return replace(known, places=places, size=size, unsearched=tuple(unread))


def pattern_of(sought: str) -> Pattern:
    """Return the pattern that finds these words literally, ignoring case."""
    return Pattern(re.escape(sought))


def needed_literals(pattern: Pattern) -> tuple[bytes, ...]:
    """Return the literals of lines that match or refer to a kept result; none for any line."""
    return told_in((*pattern.literals, KEPT_IN) if pattern.literals else ())


def _entries_of(lines: Iterable[Line]) -> Iterator[Entry]:
    reader = LineReader(_WHOLE, RepeatedRecords().is_copy)
    for line in lines:
        yield from reader.entries(line.raw, line.start)
    yield from reader.rest()


def has(entry: Entry, pattern: Pattern) -> bool:
    """Whether an entry matches in what it shows unfolded."""
    texts = (entry.text, entry.tool, entry.detail)
    return any(next(pattern.matches(text), None) is not None for text in texts if text)
