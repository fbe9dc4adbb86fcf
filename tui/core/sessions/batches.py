"""Runs that an operator started at once, and how they fare."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from tui.core.models.session import Liveness, Session
from tui.core.sessions.attention import has_failed

_GOING = ("running", "waiting", "starting", "queued")
_OVER = ("done", "failed", "cut off")


@dataclass(frozen=True, slots=True)
class Batch:
    """The sessions whose last run the act `act_id` started."""

    act_id: str
    sessions: tuple[Session, ...]

    @property
    def counts(self) -> Counter[str]:
        """How many are in which state."""
        return Counter(map(_fares, self.sessions))

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes of it by itself."""
        return not any(self.counts[word] for word in _GOING)

    @property
    def words(self) -> str:
        """How they fare: `40 runs: 31 running, 6 queued, 2 done, 1 failed`."""
        counts = self.counts
        told = (f"{counts[word]} {word}" for word in (*_GOING, *_OVER) if counts[word])
        ended = " are over" if self.is_over else ""
        return f"{len(self.sessions)} runs{ended}: {', '.join(told)}"


def latest_batch(sessions: Iterable[Session], operator: str) -> Batch | None:
    """Return what an operator started last of what was started at once, if any."""
    acts = defaultdict[str, list[Session]](list)
    begun = dict[str, str]()
    for one in sessions:
        run = one.run
        if run is not None and run.act_id and run.operator == operator:
            acts[run.act_id].append(one)
            begun[run.act_id] = max(begun.get(run.act_id, ""), run.run_id)
    many = [act_id for act_id, found in acts.items() if len(found) > 1]
    latest = max(many, key=lambda act_id: begun[act_id], default=None)
    return None if latest is None else Batch(latest, tuple(acts[latest]))


def _fares(session: Session) -> str:
    """Return the word for how the last run of a session fares."""
    run = session.run
    if session.liveness is Liveness.QUEUED:
        return "queued"
    if session.liveness is Liveness.WAITING:
        return "waiting"
    if session.is_starting:
        return "starting"
    if session.is_live or run is None or not run.is_over:
        return "running"
    if has_failed(session):
        return "failed"
    if session.cut_off_at is not None:
        return "cut off"
    return "failed" if run.state == "failed" else "done"
