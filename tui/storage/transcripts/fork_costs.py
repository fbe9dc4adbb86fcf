"""What a fork has cost by itself: its transcript repeats its parent's lines, and its costs.

The CLI copies the lines of the parent with their ids, and counts on from what the parent had cost.
Each message is paid once, by the transcript in which it was first: so the sum over the sessions
that are there is what was spent on the lines that are there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from tui.claude.transcript.line_parser import stamp
from tui.claude.transcript.paid_messages import PAID_IN, paid_message
from tui.claude.transcript.records import whole_records
from tui.claude.transcript_facts import cost_of
from tui.claude.transcript_lines import read_lines
from tui.core.limits import FAMILY_BYTES
from tui.core.models.session import Transcript
from tui.storage.transcripts.facts_cache import ListingFacts

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class _Turn:
    """The messages up to a line that says what all had cost by then, with their weights."""

    messages: dict[str, float] = field(default_factory=dict)
    cost_usd: float = 0.0
    ended_at: datetime | None = None


@dataclass(slots=True)
class _Told:
    """What a transcript tells of its turns; `copied` are messages that say they are copies."""

    place: str
    begun_at: datetime
    turns: list[_Turn] = field(default_factory=list)
    stamps: dict[str, datetime] = field(default_factory=dict)
    copied: set[str] = field(default_factory=set)

    def is_author(self, key: str) -> bool:
        """Whether a message was answered here first, as far as anything tells."""
        return key not in self.copied and self.stamps.get(key, _NEVER) >= self.begun_at

    def spent_by(self, at: datetime) -> float:
        """Return what all had cost at a moment."""
        costs = (one.cost_usd for one in self.turns if one.ended_at and one.ended_at <= at)
        return max(costs, default=0.0)


def with_own_costs(
    transcripts: Sequence[Transcript], facts: ListingFacts
) -> tuple[Transcript, ...]:
    """Return the transcripts, forks with what they have taken over from their parents.

    Transcripts are read for it only when a family has a new member, or one that costs by now. Of
    those that cannot be read, or are too large, nobody knows.
    """
    known: dict[str, Mapping[str, float]] = {}
    shares: dict[str, float | None] = {}
    for family in _families(transcripts):
        name = _name(family)
        found = facts.shares(name) or _shares(family)
        if found is None:
            shares |= dict.fromkeys(map(_place, family))
        else:
            known[name] = found
            shares |= found
    facts.put_shares(known)
    if not any(one is None or one > 0 for one in shares.values()):
        return tuple(transcripts)
    return tuple(_with_share(one, shares.get(_place(one), 0.0)) for one in transcripts)


def _with_share(one: Transcript, share: float | None) -> Transcript:
    if one.inherited_usd == share:
        return one
    return replace(one, inherited_usd=share)


def _families(transcripts: Iterable[Transcript]) -> list[list[Transcript]]:
    """Return those that may have lines in common: of one beginning, or copied from one another."""
    by_origin: dict[str, list[Transcript]] = {}
    for one in transcripts:
        if one.origin and one.cost_usd is not None:
            by_origin.setdefault(one.origin, []).append(one)
    return [sorted(one, key=_place) for one in by_origin.values() if len(one) > 1]


def _place(one: Transcript) -> str:
    return str(one.place)


def _name(family: Iterable[Transcript]) -> str:
    return "\n".join(_place(one) for one in family)


def _shares(family: Sequence[Transcript]) -> dict[str, float] | None:
    """Return what each has taken over; `None` where there is too much to read, or no way to."""
    if sum(one.size for one in family) > FAMILY_BYTES:
        return None
    try:
        told = [_told(one) for one in family]
    except OSError:
        return None
    return _settled(sorted(told, key=lambda one: (len(one.copied), one.begun_at, one.place)))


def _settled(family: Iterable[_Told]) -> dict[str, float]:
    """Share out the costs, parents before their forks; return what each has taken over."""
    paid: dict[str, tuple[float, _Told]] = {}
    return {one.place: _taken_over(one, paid) for one in family}


def _taken_over(one: _Told, paid: dict[str, tuple[float, _Told]]) -> float:
    """Pay what nobody has paid yet, and return what is left: it was taken over.

    A fork at an earlier message costs from the start what its parent had cost by then, not only
    what its own lines tell of.
    """
    total, before, at_least = 0.0, 0.0, _restored(one, paid)
    for turn in one.turns:
        more, before = max(0.0, turn.cost_usd - before), max(before, turn.cost_usd)
        old = sum(paid[key][0] for key in turn.messages if key in paid)
        old, at_least = min(more, max(old, at_least)), 0.0
        total += old
        fresh = {key: weight for key, weight in turn.messages.items() if key not in paid}
        weights = sum(fresh.values())
        for key, weight in fresh.items():
            share = weight / weights if weights else 1 / len(fresh)
            paid[key] = ((more - old) * share, one)
    return total


def _restored(one: _Told, paid: Mapping[str, tuple[float, _Told]]) -> float:
    """Return what its parent had cost when it was forked, 0 for what is no fork."""
    messages = [key for turn in one.turns[:1] for key in turn.messages]
    copies = [key for key in messages if key in paid]
    if not copies:
        return 0.0
    last = max(one.stamps.get(key, one.begun_at) for key in copies)
    own = (one.stamps.get(key, _NEVER) for key in messages if key not in paid)
    forked_at = one.begun_at if one.begun_at > last else min(own, default=last)
    parent = paid[copies[-1]][1]
    return parent.spent_by(forked_at) if parent.is_author(copies[-1]) else 0.0


def _told(transcript: Transcript) -> _Told:
    begun_at = transcript.first_at or _NEVER
    told, turn, last = _Told(_place(transcript), begun_at), _Turn(), None
    seen = set[str]()
    for line in read_lines(Path(transcript.place), PAID_IN):
        for record in whole_records(line.raw):
            cost = cost_of(record)
            if cost is not None:
                turn.cost_usd, turn.ended_at = cost, last
                told.turns.append(turn)
                turn = _Turn()
            elif (paid := paid_message(record)) is not None:
                key, last = paid.key, stamp(record) or last
                told.copied |= {key} if paid.is_copy else set()
                if last is not None:
                    told.stamps.setdefault(key, last)
                if key in turn.messages or key not in seen:
                    turn.messages[key] = max(paid.weight, turn.messages.get(key, 0.0))
                seen.add(key)
    return told
