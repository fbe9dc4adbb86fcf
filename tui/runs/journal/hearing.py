"""What a run hears of its agent: waits, stalls and what is being written."""

from __future__ import annotations

import time

from tui.runs.folder.agent_events import (
    AgentIdle,
    AgentMessage,
    StreamChunks,
    TurnEnded,
    TurnStarted,
)
from tui.runs.journal.api_waits import ApiWaits
from tui.runs.journal.partial_message import PartialMessage
from tui.runs.journal.run_journal import Journal
from tui.runs.journal.stall_detector import StallDetector

_TELLS_EVERY_S = 0.07  # of what is being written, as it grows


class Hearing:
    """Listens to an agent for its run; `stall_timeout_s` as in the settings.

    The first words of a message are told at once, further ones as they come but at a pace, and the
    end of it by `tell`.
    """

    def __init__(self, journal: Journal, stall_timeout_s: float) -> None:
        self._journal = journal
        self._waits, self._writing = ApiWaits(journal), PartialMessage()
        self._stalls = StallDetector(journal, stall_timeout_s, time.monotonic)
        self._is_at_rest = False
        self._told_at, self._told_of = float("-inf"), 0

    def begin_turn(self) -> None:
        """Note that a turn begins."""
        self._is_at_rest = False
        self._stalls.begin()

    def begin_wait(self, by: str, prompt_id: str, words: str = "") -> None:
        """Note that a prompt is handed to the CLI; for `words` see `ApiWaits.begin`."""
        self._waits.begin(by, prompt_id, words)

    def hear(self, one: AgentMessage) -> bool:
        """Note a message; at rest, what background work has ended may begin a turn of its own.

        Returns whether somebody follows what is being written.
        """
        if self._is_at_rest and isinstance(one.happening, TurnStarted):
            self._journal.event("woken")
        elif self._is_at_rest and isinstance(one.happening, TurnEnded | AgentIdle):
            self._journal.event("resting")
        self._waits.heard(one)
        self._stalls.heard(one.happening)
        if isinstance(one.happening, StreamChunks):
            now = self._journal.now()
            for event in one.happening.events:
                self._writing.add(event, now)
            is_first = self._writing.begun != self._told_of
            if is_first or time.monotonic() - self._told_at >= _TELLS_EVERY_S:
                self._tell_writing(is_first=is_first)
        return self._journal.is_followed

    def end_turn(self) -> None:
        """Forget the message that was being written."""
        self._writing.clear()

    def rest(self) -> None:
        """Note that nothing is to be done until a pipeline, or an operator, sends a prompt."""
        self._is_at_rest = True
        self._journal.event("resting")

    def tell(self, *, is_waiting: bool) -> None:
        """Write what is being written, and a stall; `is_waiting`: an operator is asked."""
        self._tell_writing()
        self._stalls.look(is_waiting=is_waiting)

    def _tell_writing(self, *, is_first: bool = False) -> None:
        self._told_at, self._told_of = time.monotonic(), self._writing.begun
        self._journal.partial(self._writing.shown(self._journal.now()), is_first=is_first)
