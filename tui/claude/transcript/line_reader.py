"""Reads the lines of one transcript in order: a line's meaning depends on those before.

A prompt sent to a working agent waits in the CLI's queue. It usually gets a line of its own later;
if not, its text is only in the records of the queue.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from tui.claude.transcript.attached_files import file_words
from tui.claude.transcript.background_tasks import OF_TASK, named_tasks
from tui.claude.transcript.line_parser import (
    MAX_TEXT,
    SYNTHETIC,
    entries_of,
    is_api_error,
    notice_of,
    prompts_of,
    unreadable,
)
from tui.claude.transcript.notices import early_end
from tui.claude.transcript.records import SkippedPiece, records_of
from tui.claude.transcript.speaker import said_in
from tui.core.models.entry import Entry, EntryKind
from tui.core.values import dataclass, replace

_MOST_WAITING = 200
_MOST_ARRIVED = 50
_MOST_STARTED = 5000
_LONGEST_COMPARED = 100_000
_QUEUED_FOR = timedelta(seconds=5)

# Whether a record, by the place of its line and its number there, repeats an earlier one.
IsCopy = Callable[[Mapping[str, Any], int, int], bool]


@dataclass(slots=True, eq=False)
class _Waiting:
    """A prompt in the CLI's queue; `is_taken` once it was taken out."""

    words: str
    entry: Entry
    is_taken: bool = False
    is_told: bool = False


class LineReader:
    """Turns lines into entries, one after the other; texts are cut at `max_text` characters.

    Records for which `is_copy` is true are skipped.
    """

    def __init__(self, max_text: int = MAX_TEXT, is_copy: IsCopy = lambda *_: False) -> None:
        self._max_text = max_text
        self._is_copy = is_copy
        self._waiting: list[_Waiting] = []
        self._arrived: deque[str] = deque(maxlen=_MOST_ARRIVED)
        self._said: deque[str] = deque(maxlen=_MOST_ARRIVED)
        self._started: dict[str, str] = {}
        self._ended: Entry | None = None
        self._ended_id = ""

    def entries(self, raw: bytes, place: int = -1) -> tuple[Entry, ...]:
        """Return the entries of one line (without its newline) at `place`; never raises."""
        found: list[Entry] = []
        for number, record in enumerate(records_of(raw)):
            if isinstance(record, SkippedPiece):
                found.append(unreadable(record.size, place))
            elif not self._is_copy(record, place, number):
                found += self._record(record, place)
        return tuple(found)

    def passed(self, entries: Iterable[Entry]) -> tuple[Entry, ...]:
        """Return what was held back, then these entries of a line that is too long to read."""
        return (*self._early_end(""), *entries)

    @property
    def is_waiting(self) -> bool:
        """Whether a prompt is still in the queue."""
        return bool(self._waiting)

    def peek(self, raw: bytes) -> tuple[Entry, ...]:
        """Note what a line that is shown elsewhere does to the queue.

        Returns the entries that the line does not have by itself.
        """
        found: list[Entry] = []
        for record in records_of(raw):
            if isinstance(record, dict) and record.get("type") != "queue-operation":
                self._arrive(record)
            elif isinstance(record, dict) and record.get("operation") in ("remove", "popAll"):
                told = tuple(self._queue(record, -1))
                found += () if record.get("content") else told
        return tuple(found)

    def settled(self, now: datetime, *, is_over: bool = False) -> tuple[Entry, ...]:
        """Return what was held back, and the prompts that have waited for a while.

        They may still be taken up unless the run `is_over`.
        """
        how = "queued and not taken up" if is_over else "queued, not taken up yet"
        told = list(self._early_end(""))
        for one in self._waiting:
            is_due = one.entry.at is None or now - one.entry.at >= _QUEUED_FOR
            if is_due and not (one.is_told or one.is_taken):
                one.is_told = True
                told.append(_saying(one.entry, how))
        return tuple(told)

    def rest(self, *, is_over: bool = True) -> tuple[Entry, ...]:
        """Return what is still open at the end: prompts that got no line of their own.

        They may still get one unless the run `is_over`.
        """
        lost, self._waiting = self._waiting, []
        how = "queued and not taken up" if is_over else "queued"
        told = (_saying(one.entry, how) for one in lost if not one.is_told)
        return (*self._early_end(""), *told)

    def _record(self, record: dict[str, Any], place: int) -> Iterator[Entry]:
        kind, message = record.get("type"), record.get("message")
        yield from self._early_end(_id(message))
        if kind == "queue-operation":
            yield from self._queue(record, place)
            return
        if self._arrive(record):
            return
        if kind == "assistant" and not record.get("isSidechain") and not _is_synthetic(message):
            yield from self._lost(place)
        yield from self._told(record, place)
        self._note_end(record, place)

    def _told(self, record: dict[str, Any], place: int) -> Iterator[Entry]:
        """Return the entries of a record; a notification by task id gets the id of its call."""
        names = named_tasks(record.get("toolUseResult"))
        for entry in entries_of(record, self._max_text, place):
            if entry.kind is EntryKind.RESULT and entry.task:
                self._started |= dict.fromkeys(names, entry.tool_id)
            if entry.tool_id.startswith(OF_TASK) and entry.kind is EntryKind.NOTICE:
                call = self._started.get(entry.tool_id.removeprefix(OF_TASK), "")
                entry = replace(entry, tool_id=call)
            yield entry
        while len(self._started) > _MOST_STARTED:
            del self._started[next(iter(self._started))]

    def _note_end(self, record: dict[str, Any], place: int) -> None:
        """Hold back why an answer ended early until its last line, since each line repeats it."""
        message = record.get("message")
        if record.get("type") != "assistant" or not isinstance(message, dict):
            return
        words, is_refused = early_end(message)
        if words and _id(message) != self._ended_id and not is_api_error(record):
            entry = notice_of(record, words, self._max_text, place)
            kind = EntryKind.ERROR if is_refused else EntryKind.NOTICE
            self._ended = replace(entry, kind=kind, is_error=is_refused)
        self._ended_id = _id(message) if words else self._ended_id

    def _early_end(self, message_id: str) -> Iterator[Entry]:
        if self._ended is not None and (not message_id or message_id != self._ended_id):
            ended, self._ended = self._ended, None
            yield ended

    def _queue(self, record: dict[str, Any], place: int) -> Iterator[Entry]:
        given, operation = _flat(record.get("content")), record.get("operation")
        words = _compared(given)
        if operation == "enqueue" and words:
            shown = " ".join(one.text for one in said_in(given, record))
            entry = notice_of(record, shown, self._max_text, place)
            self._waiting = [*self._waiting[-_MOST_WAITING:], _Waiting(words, entry)]
        elif operation == "dequeue":
            first = next((one for one in self._waiting if not one.is_taken), None)
            if first is not None:
                first.is_taken = True
        elif operation in ("remove", "popAll"):
            yield from self._removed(words, operation == "remove", place, record)

    def _removed(
        self, words: str, is_said: bool, place: int, record: dict[str, Any]
    ) -> Iterator[Entry]:
        """Return the prompts that left the queue and have no other line."""
        if words in self._arrived:
            self._arrived.remove(words)
            return
        waited = self._leaving(words, is_one=is_said)
        self._waiting = [one for one in self._waiting if all(one is not left for left in waited)]
        entries = [one.entry for one in waited if words in ("", one.words)]
        if words and not entries:
            entries = [notice_of(record, _flat(record.get("content")), self._max_text, place)]
        if is_said and entries:
            self._said.append(words or waited[0].words)
        how = "said while it worked" if is_said else "taken back from the queue"
        for entry in entries:
            yield replace(_saying(entry, how), place=place if place >= 0 else entry.place)

    def _leaving(self, words: str, *, is_one: bool) -> list[_Waiting]:
        """Return the prompts that these words take out of the queue: one, or all they contain."""
        same = [one for one in self._waiting if words in ("", one.words)]
        if is_one or (same and words):
            return same[:1]
        lines, held = f"\n{words}\n", same
        for one in self._waiting if words else ():
            if (found := f"\n{one.words}\n") in lines:
                lines = lines.replace(found, "\n", 1)
                held = [*held, one]
        return held

    def _arrive(self, record: dict[str, Any]) -> bool:
        """Take the prompts out of the queue that a line contains, each as often as it does.

        Returns whether the line is an attachment that was shown already when it left the queue.
        """
        is_attached = record.get("type") == "attachment"
        if not self._waiting and not is_attached:
            return False
        for text in prompts_of(record):
            arrived = self._held_by(text, record)
            if is_attached and not arrived and _compared(text) in self._said:
                self._said.remove(_compared(text))
                return True
            self._waiting = [one for one in self._waiting if one not in arrived]
            left = {one.words for one in arrived if not one.is_taken}
            self._arrived.extend(left | {_compared(text)} if is_attached else left)
        return False

    def _held_by(self, text: str, record: dict[str, Any]) -> list[_Waiting]:
        """Return the queued prompts that are whole lines of a text, taken ones first."""
        lines = f"\n{_compared(text)}\n"
        pieces = [" ".join(one.text.split()) for one in said_in(text, record)]
        arrived = []
        for one in sorted(self._waiting, key=lambda one: not one.is_taken):
            whole = " ".join(one.words.split())
            if (found := f"\n{one.words}\n") in lines:
                lines = lines.replace(found, "\n", 1)
            elif whole not in pieces:
                continue
            if whole in pieces:
                pieces.remove(whole)
            arrived.append(one)
        return arrived

    def _lost(self, place: int) -> Iterator[Entry]:
        """Return what left the queue while the agent goes on without it."""
        lost = [one for one in self._waiting if one.is_taken]
        self._waiting = [one for one in self._waiting if not one.is_taken]
        for one in lost:
            yield replace(_saying(one.entry, "queued and not taken up"), place=place)


def _is_synthetic(message: object) -> bool:
    """Whether the CLI wrote an answer itself, as it does before it goes on after a broken turn."""
    return isinstance(message, dict) and message.get("model") == SYNTHETIC


def _saying(entry: Entry, how: str) -> Entry:
    return replace(entry, text=f"{how}: {entry.text}")


def _flat(given: object) -> str:
    """Return the words of what was queued, a text or blocks of any kind."""
    if not isinstance(given, list):
        return given if isinstance(given, str) else ""
    blocks = [one for one in given if isinstance(one, dict)]
    texts = (one.get("text") or file_words(one) for one in blocks)
    return "\n".join(one for one in texts if isinstance(one, str))


def _compared(text: str) -> str:
    lines = (" ".join(line.split()) for line in text[:_LONGEST_COMPARED].splitlines())
    return "\n".join(filter(None, lines))


def _id(message: object) -> str:
    given = message.get("id") if isinstance(message, dict) else ""
    return given if isinstance(given, str) else ""
