"""Computes a fork's own cost: its transcript repeats its parent's lines and costs.

The CLI copies the parent's lines with their ids, and continues its cost counter. Each message is
charged once, to the transcript in which it came first: so the sum over all sessions is what was
spent on the lines that exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tui.claude.transcript.line_parser import stamp
from tui.claude.transcript.records import whole_records
from tui.claude.transcript.usage.cost_state import cost_of
from tui.claude.transcript.usage.paid_messages import PAID_IN, paid_message
from tui.claude.transcript_files.transcript_lines import read_lines
from tui.core.limits import FAMILY_BYTES
from tui.core.models.session import Transcript
from tui.core.values import dataclass, field, replace
from tui.storage.transcripts.facts_cache import ListingFacts

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class _Turn:
    """The messages up to a line with the total cost, with their weights."""

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
        """Whether a message was first in this transcript, as far as is known."""
        return key not in self.copied and self.stamps.get(key, _NEVER) >= self.begun_at

    def spent_by(self, at: datetime) -> float:
        """Return the total cost at a moment."""
        costs = (one.cost_usd for one in self.turns if one.ended_at and one.ended_at <= at)
        return max(costs, default=0.0)


def with_own_costs(
    transcripts: Sequence[Transcript], facts: ListingFacts
) -> tuple[Transcript, ...]:
    """Return the transcripts, forks with the cost they inherited from their parents.

    Transcripts are only read when a family has a new member, or one with a first cost. The
    inherited cost is `None` for a family that cannot be read, or is too large.
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
    """Return the groups of transcripts that may share lines, since they begin with the same one."""
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
    """Return what each inherited; `None` if the family is too large or cannot be read."""
    if sum(one.size for one in family) > FAMILY_BYTES:
        return None
    try:
        told = [_told(one) for one in family]
    except OSError:
        return None
    return _settled(sorted(told, key=lambda one: (len(one.copied), one.begun_at, one.place)))


def _settled(family: Iterable[_Told]) -> dict[str, float]:
    """Distribute the costs, parents before their forks; return what each inherited."""
    paid: dict[str, tuple[float, _Told]] = {}
    return {one.place: _taken_over(one, paid) for one in family}


def _taken_over(one: _Told, paid: dict[str, tuple[float, _Told]]) -> float:
    """Charge messages that are not charged yet, and return the rest: it was inherited.

    A fork from an earlier message starts at the parent's total at that time, which is more than
    its own lines account for.
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
    """Return its parent's cost when it was forked, 0 if it is not a fork."""
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
