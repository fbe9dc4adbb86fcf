"""A stream that is polled until nothing more comes at once, as the Live pane shows it."""

from __future__ import annotations

from dataclasses import replace

from tui.core.models.entry import Entry
from tui.core.models.session import Session
from tui.operations.stream.follow import StreamFollower, StreamUpdate


def read_out(follow: StreamFollower, session: Session) -> StreamUpdate:
    """Return all polls as one: the entries and asides that stand in the end."""
    entries, asides = tuple[Entry, ...](), dict[str, tuple[Entry, ...]]()
    for _ in range(10_000):
        update = follow.poll(session)
        if update.was_reset or update.is_restated:
            entries, asides = (), {}
        entries += update.entries
        for call, said in update.asides.items():
            asides[call] = (*asides.get(call, ()), *said)
        if not update.has_more:
            return replace(update, entries=entries, asides=asides)
    raise AssertionError("there is always more at once")
