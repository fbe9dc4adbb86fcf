"""How many sessions are at work: the one count of what is live, starts or is queued."""

from __future__ import annotations

from collections.abc import Iterable

from tui.core.models.session import Liveness, Session
from tui.core.values import dataclass


@dataclass(frozen=True, slots=True)
class WorkCounts:
    """Sessions by how far their runs are: each is in one of the counts, or in none.

    `live` work or wait for an answer, `starting` have begun without their CLI, `queued` have not
    begun. Of what is only attached, or unknown, nobody can tell that it works.
    """

    live: int = 0
    starting: int = 0
    queued: int = 0

    @classmethod
    def of(cls, sessions: Iterable[Session]) -> WorkCounts:
        """Count the sessions."""
        live = starting = queued = 0
        for one in sessions:
            live += one.is_at_work
            starting += one.is_starting
            queued += one.liveness is Liveness.QUEUED
        return cls(live, starting, queued)

    @property
    def words(self) -> str:
        """Those that are there, as in `8 live, 3 starting, 2 queued`; empty when none is."""
        each = ((self.live, "live"), (self.starting, "starting"), (self.queued, "queued"))
        return ", ".join(f"{number} {word}" for number, word in each if number)
