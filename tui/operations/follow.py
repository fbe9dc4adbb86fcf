"""Follow one session's stream: its transcript, whoever writes it, and what a run writes now."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tui.core.models import Entry, EntryKind, Session
from tui.core.transcript import parse_line
from tui.runs.protocol import Partial, read_partial
from tui.storage.transcripts import Tail

_LAST_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Update:
    """What is new since the last poll.

    `was_reset` means that the transcript is another one now: what was shown is void. `partial` is
    what is being written, token by token; it is `None` once the transcript has it. `has_more`
    means that the next poll finds more at once.
    """

    entries: tuple[Entry, ...] = ()
    was_reset: bool = False
    partial: Partial | None = None
    notices: tuple[str, ...] = ()
    has_more: bool = False


class Follow:
    """Follows one session from the last `last_bytes` of its transcript on; not thread-safe."""

    def __init__(self, session: Session, *, last_bytes: int = _LAST_BYTES) -> None:
        self._last_bytes = last_bytes
        self._tail: Tail | None = None
        self._path: Path | None = None
        self._last_message_id = ""
        self._point_at(session)

    def poll(self, session: Session) -> Update:
        """Return what is new; `session` is its latest picture. Blocking, never raises `OSError`."""
        was_moved = self._point_at(session)
        if self._tail is None:
            return Update(was_reset=was_moved, partial=self._partial(session))
        growth = self._tail.read()
        entries = tuple(entry for line in growth.lines for entry in parse_line(line))
        self._note_messages(entries)
        notices = (growth.notice,) if growth.notice else ()
        was_reset = growth.was_reset or was_moved
        return Update(entries, was_reset, self._partial(session), notices, growth.has_more)

    def _point_at(self, session: Session) -> bool:
        """Open the session's transcript; true when it is another file than before."""
        path = session.transcript.path if session.transcript else None
        if path is None or path == self._path:
            return False
        was_moved = self._path is not None
        self._path = path
        self._tail = Tail(path, last_bytes=self._last_bytes)
        return was_moved

    def _note_messages(self, entries: tuple[Entry, ...]) -> None:
        for entry in entries:
            if entry.message_id and entry.kind is not EntryKind.PROMPT:
                self._last_message_id = entry.message_id

    def _partial(self, session: Session) -> Partial | None:
        if session.run is None or session.run.is_over:
            return None
        partial = read_partial(session.run.folder)
        if partial is None or partial.message_id == self._last_message_id:
            return None
        return partial


def last_entries(session: Session, count: int) -> tuple[Follow, tuple[Entry, ...]]:
    """Return the last `count` entries, however long, and the `Follow` that goes on from there."""
    window = _LAST_BYTES
    while True:
        follow = Follow(session, last_bytes=window)
        entries = _everything(follow, session)
        if len(entries) >= count or session.transcript is None:
            break
        if window >= session.transcript.bytes:
            break
        window *= 8
    return follow, entries[-count:] if count > 0 else ()


def _everything(follow: Follow, session: Session) -> tuple[Entry, ...]:
    update = follow.poll(session)
    entries = list(update.entries)
    while update.has_more:
        update = follow.poll(session)
        entries += update.entries
    return tuple(entries)
