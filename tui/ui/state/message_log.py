"""The last messages of this console with their times, kept until it ends."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime

from tui.view.panes.messages import Said

MOST = 300
LONGEST = 8000  # characters: the ids of hundreds of sessions


class MessageLog:
    """Keeps the last `MOST` messages; one that is said again at once is counted."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._said: deque[Said] = deque(maxlen=MOST)

    def note(self, text: str, style: str) -> datetime:
        """Keep a message, and return its time."""
        now, kept, times = self._now(), text[:LONGEST], 1
        if self._said and (self._said[-1].text, self._said[-1].style) == (kept, style):
            times = self._said.pop().times + 1
        self._said.append(Said(kept, style, at=now, times=times))
        return now

    @property
    def all(self) -> tuple[Said, ...]:
        """All messages, the newest last."""
        return tuple(self._said)
