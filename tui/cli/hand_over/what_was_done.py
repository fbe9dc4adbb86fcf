"""The sections on what was done: by whom, of which kind, and at what cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from tui.cli.hand_over.rows import (
    EMPTY,
    CommandLines,
    Row,
    by_listing,
    section,
    shown,
    since_words,
    where,
)
from tui.core.act_summary import GRAVE, Source, action_word, source_of
from tui.core.models.audit import AuditEvent
from tui.core.text.bounded_json import json_object
from tui.core.text.markdown_quoting import code, escaped
from tui.core.time.zones import LOCAL
from tui.core.values import dataclass
from tui.operations.formatting import count
from tui.operations.monitor.hand_over import HandOver, Spending, act_command
from tui.operations.monitor.history import LoggedAct
from tui.view.panes.audit_line import act_words, answer_words
from tui.view.text.formatting import cost, moment

_MOST_OPERATORS, _MOST_KINDS, _MOST_LISTINGS = 8, 6, 8
_ANSWERS = ("answer",)
_MOVED = ("delete", "clean-up")
_ENDED = ((("undo", "restore"), "taken back"), (("purge",), "erased since"))
_ELSEWHERE = (
    "Not in the audit: sessions that something else wrote to, such as a pipeline, and what they "
    "have cost from their first turn on."
)


@dataclass(frozen=True, slots=True)
class WhatWasDone:
    """Writes these sections; `has_all` lists every act and every listing."""

    found: HandOver
    line: CommandLines
    has_all: bool

    def rows(self) -> list[Row]:
        """Return the sections that have anything."""
        return [
            *section(f"Done ({len(self.found.deeds)})", self._done()),
            *section("Cost since then, in US dollars", self._costs()),
        ]

    def _done(self) -> Iterator[Row]:
        acts = self.found.acts
        by_operator: dict[str, list[LoggedAct]] = {}
        for one in acts:
            by_operator.setdefault(_whose(one), []).append(one)
        names = sorted(by_operator, key=lambda name: -len(by_operator[name]))
        most = len(names) if self.has_all else _MOST_OPERATORS
        for name in names[:most]:
            yield from self._of(f"**{shown(name, 64) or 'somebody'}**", by_operator[name])
        if rest := names[most:]:
            others = [one for one in acts if _whose(one) in rest]
            yield from self._of(f"**{count(len(rest), 'other operator')}**", others)
        if acts:
            words = ("log", *since_words(self.found), "-n", str(len(acts)))
            yield self.line.row("- each of them", words)

    def _of(self, by: str, acts: Sequence[LoggedAct]) -> Iterator[Row]:
        """Yield what an operator did: a line for each kind, one for answers, one for the turns."""
        turns, answers, deeds = list[AuditEvent](), list[AuditEvent](), list[LoggedAct]()
        for one in acts:
            if source_of(one.first) is Source.TURN:
                turns += one.events
            elif one.first.action in _ANSWERS and not self.has_all:
                answers += one.events
            else:
                deeds.append(one)
        if self.has_all:
            yield from (self._act(by, one) for one in deeds)
        else:
            yield from self._kinds(by, deeds)
        if answers:
            yield Row(f"- {by} answer: {escaped(answer_words(answers))}")
        if turns:
            yield Row(f"- {by} {_turns(turns)}")

    def _kinds(self, by: str, deeds: Sequence[LoggedAct]) -> Iterator[Row]:
        """Yield a line for each kind: all that are grave, and the first of the others."""
        kinds = Counter(one.first.action for one in deeds)
        named = sorted(kinds, key=lambda kind: (kind not in GRAVE, -kinds[kind]))
        most = max(_MOST_KINDS, sum(kind in GRAVE for kind in named))
        for action in named[:most]:
            yield self._kind(by, [one for one in deeds if one.first.action == action])
        if rest := named[most:]:
            told = ", ".join(f"{escaped(action_word(kind))} {kinds[kind]}" for kind in rest[:most])
            more = ", ..." if len(rest) > most else ""
            number = sum(kinds[kind] for kind in rest)
            yield Row(f"- {by} and {count(number, 'other action')}: {told}{more}")

    def _kind(self, by: str, acts: Sequence[LoggedAct]) -> Row:
        if len(acts) == 1:
            return self._act(by, acts[0])
        word = escaped(action_word(acts[0].first.action))
        events = [event for one in acts for event in one.events]
        keys = {(one.listing, one.session_id) for one in events if one.session_id}
        on = f"{count(len(keys), 'session')} ({by_listing(listing for listing, _ in keys)})"
        many = "" if keys and len(keys) == len(acts) else f"{len(acts)} times"
        said = ", ".join(filter(None, (many, on if keys else "")))
        first, last = (moment(acts[at].first.at, LOCAL) for at in (0, -1))
        when = first if first == last else f"{first} to {last}"
        return Row(f"- {by} {word}: {said}, {when}")

    def _act(self, by: str, act: LoggedAct) -> Row:
        event, many = act.first, act.sessions > 1
        named = f"{act.sessions} sessions ({by_listing(one.listing for one in act.events)})"
        on = named if many else where(event.listing, event.session_id) if event.session_id else ""
        words = "" if many else shown(act_words(event), 200)
        said = " ".join(filter(None, (escaped(action_word(event.action)), on)))
        told = f"{said}: {words}" if words else said
        command = act_command(event, act.sessions)
        return self.line.row(f"- {by} {moment(event.at, LOCAL)} {told}", command)

    def _costs(self) -> Iterator[Row]:
        *listings, whole = self.found.spending
        if not whole.turns and not whole.elsewhere:
            return
        dearest = sorted(listings, key=lambda one: (-one.cost_usd, -(one.elsewhere_usd or 0)))
        most = len(dearest) if self.has_all else _MOST_LISTINGS
        head = [("listing", "turns", "cost", "not in the audit"), ("---", "--:", "--:", "---")]
        rows = [*head, *(_cost(one) for one in (*dearest[:most], whole))]
        yield from (Row(f"| {' | '.join(cells)} |") for cells in rows)
        yield EMPTY
        notes = (
            f"{count(len(dearest) - most, 'more listing')}." if len(dearest) > most else "",
            "As the CLI counts them, at the API's list prices.",
            f"{code('+?')}: some turns have no known cost." if whole.unknown else "",
            _ELSEWHERE if whole.elsewhere else "",
        )
        yield self.line.row(f"{' '.join(filter(None, notes))} Cost in all", ("stats",))


def grave_words(deeds: Sequence[LoggedAct]) -> Iterator[str]:
    """Yield how many acts of each grave kind there were, on how many sessions, and what became of
    those: `1 clean-up of 112 sessions, all taken back`."""
    kinds = Counter(one.first.action for one in deeds if one.first.action in GRAVE)
    for kind, number in kinds.most_common():
        if kind in _ANSWERS:
            continue
        acts = [one for one in deeds if one.first.action == kind]
        sessions = sum(one.sessions for one in acts)
        on = f" of {count(sessions, 'session')}" if sessions > number else ""
        times = f"{number}\u00d7" if number > 1 else "1"
        ended = [_since(acts, deeds, ways, words) for ways, words in _ENDED if kind in _MOVED]
        yield f"{times} {action_word(kind)}{on}{''.join(ended)}"


def _since(
    acts: Sequence[LoggedAct], deeds: Sequence[LoggedAct], ways: Sequence[str], words: str
) -> str:
    """Return how many of the sessions of these acts met one of the `ways` since then."""
    last = {
        (event.listing, event.session_id): event.at
        for one in deeds
        if one.first.action in ways
        for event in one.events
    }
    every = {(event.listing, event.session_id): event.at for one in acts for event in one.events}
    met = sum(key in last and last[key] >= at for key, at in every.items())
    number = "" if len(every) == 1 else " all" if met == len(every) else f" {met}"
    return f",{number} {words}" if met else ""


def _whose(act: LoggedAct) -> str:
    """Return whose act it was; of a turn, who prompted it."""
    event = act.first
    prompted = json_object(event.detail).get("by") if source_of(event) is Source.TURN else None
    return prompted if isinstance(prompted, str) and prompted else event.operator


def _turns(turns: Sequence[AuditEvent]) -> str:
    sessions = len({(one.listing, one.session_id) for one in turns})
    failed = sum(one.action == "fail" for one in turns)
    known = [one.cost_usd for one in turns if one.cost_usd is not None]
    spent = cost(sum(known) if known else None)
    words = f"{count(len(turns), 'turn')} of {count(sessions, 'session')}, {spent}"
    return f"{words}, {failed} of them failed" if failed else words


def _cost(one: Spending) -> tuple[str, ...]:
    name = shown(one.listing, 64) or "**all**"
    cost_usd = f"{cost(one.cost_usd)}{'+?' if one.unknown else ''}" if one.turns else "-"
    elsewhere = ""
    if one.elsewhere:
        known = "" if one.elsewhere_usd is None else f", {cost(one.elsewhere_usd)}"
        elsewhere = f"{count(one.elsewhere, 'session')}{known}"
    return name, str(one.turns), cost_usd, elsewhere
