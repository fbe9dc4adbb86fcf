"""Runs that an operator started at once, and prompts sent at once, and how they fare."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from tui.core.models.catalog import Catalog
from tui.core.models.run import Run, SentCommand
from tui.core.models.session import Key, Liveness, Session
from tui.core.sessions.attention import has_failed
from tui.core.values import dataclass, replace

_GOING = ("running", "waiting", "starting", "queued")
_OVER = ("done", "failed", "cut off")
_DELIVERED, _QUEUED, _BEGUN, _LOST = "delivered", "queued", "begun", "never sent"
_OF_PROMPT = (_DELIVERED, _QUEUED, _BEGUN, _LOST)
_CLOCKS_DIFFER = timedelta(seconds=2)


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


@dataclass(frozen=True, slots=True)
class SentToMany:
    """A prompt that went to the runs of several sessions at once: where it is in each.

    `fares` has the word for it by session; `runs` the id of the run that it went to.
    """

    text: str
    by: str
    at: datetime
    runs: Mapping[Key, str]
    fares: Mapping[Key, str]

    @classmethod
    def of(cls, sessions: Iterable[Session], text: str, by: str, at: datetime) -> SentToMany:
        """Return a prompt that was just delivered to the runs of these sessions."""
        runs = {one.key: one.run.run_id for one in sessions if one.run is not None}
        return cls(text.strip(), by, at, runs, dict.fromkeys(runs, _DELIVERED))

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes of it: each agent has it, or never will."""
        return not any(word in (_DELIVERED, _QUEUED) for word in self.fares.values())

    @property
    def lost(self) -> tuple[Key, ...]:
        """The sessions whose agent never got it: their run ended before."""
        return tuple(key for key, word in self.fares.items() if word == _LOST)

    @property
    def words(self) -> str:
        """How they fare: `12 prompts: 2 delivered, 3 queued, 6 begun, 1 never sent`."""
        counts = Counter(self.fares.values())
        told = (f"{counts[word]} {word}" for word in _OF_PROMPT if counts[word])
        return f"{len(self.fares)} prompts: {', '.join(told)}"

    def seen_in(self, catalog: Catalog) -> SentToMany:
        """Return what has become of it by a catalog, unless that is older than it."""
        if catalog.at <= self.at:
            return self
        there = {one.key: one.run for one in catalog.sessions if one.key in self.runs}
        fares = {
            key: self._fares(there.get(key), self.runs[key])
            if word in (_DELIVERED, _QUEUED)
            else word
            for key, word in self.fares.items()
        }
        return replace(self, fares=fares)

    def _fares(self, run: Run | None, run_id: str) -> str:
        """Return the word for it in a run; once the run is not the last one, it has ended."""
        if run is None or run.run_id != run_id:
            return _LOST
        mine = [one for one in run.sent if one.kind == "prompt" and self._is_it(one)]
        if not mine:
            return _BEGUN
        if run.is_over:
            return _LOST
        return _QUEUED if mine[-1].is_taken else _DELIVERED

    def _is_it(self, sent: SentCommand) -> bool:
        """Whether a run's prompt is this one: taken, it has the time when that was."""
        is_since = sent.at >= self.at - _CLOCKS_DIFFER
        return is_since and (sent.by, sent.text.strip()) == (self.by, self.text)


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
