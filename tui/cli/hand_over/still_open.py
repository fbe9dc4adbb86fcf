"""The sections on what is open: what waits, failed, ends, is odd, put off or noted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from tui.cli.hand_over.rows import (
    MOST_AT_ONCE,
    CommandLines,
    Row,
    by_listing,
    label,
    section,
    shown,
    since_words,
    where,
)
from tui.core.models.audit import AuditEvent
from tui.core.models.session import Key, Session
from tui.core.sessions.attention import FEW, FailureGroup, failed_at
from tui.core.sessions.session_state import StateWord
from tui.core.time.zones import LOCAL
from tui.core.values import dataclass
from tui.operations.formatting import count
from tui.operations.monitor.hand_over import HandOver, act_command
from tui.operations.monitor.needs import Alert
from tui.view.panes.audit_line import act_words
from tui.view.text.formatting import moment

_FIRST = 6  # rows of a section, unless all are asked for
_NO_REASON = "no reason was recorded"
_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)
_STATES = frozenset(str(one) for one in StateWord)


@dataclass(frozen=True, slots=True)
class StillOpen:
    """Writes these sections; `has_all` lists everything that is else counted."""

    found: HandOver
    line: CommandLines
    has_all: bool

    def rows(self) -> list[Row]:
        """Return the sections that have anything, the most urgent first."""
        found = self.found
        failed = sum(len(one.sessions) for one in found.failures)
        errors = [one for one in found.attention if one.level == "error"]
        others = [one for one in found.attention if one.level != "error"]
        return [
            *section(f"Waits for somebody ({len(found.waits)})", self._waits()),
            *section(f"Failed ({failed})", self._failures()),
            *section(f"Needs help ({len(errors)})", self._odd(errors)),
            *section(f"Ends next ({len(found.ends)})", self._ends()),
            *section(f"Needs a look ({len(others)})", self._odd(others)),
            *section(f"Ended since then ({len(found.expired)})", self._expired()),
            *section(f"Snoozed ({len(found.snoozed)})", self._snoozed()),
            *section(f"Notes and tags ({len(found.noted)})", self._noted()),
        ]

    @property
    def _titles(self) -> Mapping[Key, Session]:
        return {one.key: one for one in self.found.sessions}

    def _most(self, number: int) -> int:
        return number if self.has_all else _FIRST

    def _ls(self, *words: str) -> tuple[str, ...]:
        return ("ls", *((self.found.listing,) if self.found.listing else ()), *words)

    def _waits(self) -> Iterator[Row]:
        return self._each(self.found.waits, self._ls("--filter", "waiting or queued"))

    def _each(self, alerts: Sequence[Alert], others: Sequence[str]) -> Iterator[Row]:
        """Yield the first of them, and how many more there are, which `others` lists."""
        titles, most = self._titles, self._most(len(alerts))
        yield from (self._alert(one, titles) for one in alerts[:most])
        if len(alerts) > most:
            yield self.line.row(f"- and {len(alerts) - most} more", others)

    def _alert(self, one: Alert, titles: Mapping[Key, Session]) -> Row:
        named = where(one.listing, one.session_id) or "the root"
        title = label(titles.get((one.listing, one.session_id)))
        return self.line.row(f"- {named}{title}: {shown(one.fact or one.words, 200)}", one.command)

    def _failures(self) -> Iterator[Row]:
        causes, most = self.found.failures, self._most(len(self.found.failures))
        for group in causes[:most]:
            yield from self._failure(group)
        if len(causes) > most:
            sessions = sum(len(one.sessions) for one in causes[most:])
            words = f"- and {count(sessions, 'more', 'more')} for {len(causes) - most} other causes"
            yield self.line.row(words, self._ls("--filter", "failed"))
        yield from self._recovered(self.found.recovered)

    def _failure(self, group: FailureGroup) -> Iterator[Row]:
        reason = shown(group.reason, 200) or _NO_REASON
        if len(group.sessions) == 1:
            (one,) = group.sessions
            at = failed_at(one)
            when = f", {moment(at, LOCAL)}" if at else ""
            named = f"{where(*one.key)}{label(one)}{when}{_settled(one)}"
            verb = "resume" if one.transcript else "show"
            yield self.line.row(f"- **{reason}**: {named}", (verb, one.address))
            return
        since = f" since {moment(group.since, LOCAL)}" if group.since else ""
        many = f"{len(group.sessions)} sessions{since}{_by_whom(group.sessions)}"
        listings = by_listing(one.listing for one in group.sessions)
        text = f"- **{reason}**: {many} ({listings}){_bound(group.sessions)}"
        begun = [one.key for one in group.sessions if one.transcript]
        if begun:
            yield from self.line.for_all(text, "resume", begun, also="--also")
        else:
            yield self.line.row(text, self._ls("--filter", "failed"))
        if self.has_all:
            yield from (self._failed(one) for one in group.sessions)

    def _failed(self, one: Session) -> Row:
        at = failed_at(one)
        when = f", {moment(at, LOCAL)}" if at else ""
        words = f"  - {where(*one.key)}{label(one)}{when}{_settled(one)}"
        return self.line.row(words, ("show", one.address))

    def _recovered(self, events: Sequence[AuditEvent]) -> Iterator[Row]:
        if not events:
            return
        listings = by_listing(one.listing for one in events)
        if len(events) > 1 and not self.has_all:
            words = f"- {len(events)} failed meanwhile, and not any more ({listings})"
            yield self.line.row(words, ("report", *since_words(self.found), "--all"))
            return
        for one in events:
            words = f"failed at {moment(one.at, LOCAL)}, and not any more"
            reason = shown(act_words(one), 200)
            text = f"- {where(one.listing, one.session_id)} {words}: {reason}"
            yield self.line.row(text, act_command(one, 1))

    def _ends(self) -> Iterator[Row]:
        ends, soonest = self.found.ends, self.found.next_end
        yield from self._each(ends, self._ls("--ends", duration(self.found.within)))
        if len(ends) > 1:
            words = f"- for all of them a week from now at least{_bound(ends)}"
            yield from self.line.for_all(
                words, "extend", [(one.listing, one.session_id) for one in ends], "7d"
            )
        elif not ends and soonest is not None:
            words = f"{where(*soonest.key)}{label(soonest)}, {moment(soonest.ends_at, LOCAL)}"
            yield self.line.row(f"- the first is {words}", ("extend", soonest.address, "7d"))

    def _odd(self, alerts: Sequence[Alert]) -> Iterator[Row]:
        """Yield what is odd; more than a few of one kind are one line."""
        titles = self._titles
        for what in dict.fromkeys(one.what for one in alerts):
            alike = [one for one in alerts if one.what == what]
            if len(alike) <= FEW or self.has_all:
                yield from (self._alert(one, titles) for one in alike)
                continue
            listings = by_listing(one.listing for one in alike)
            words = f"- {len(alike)} {_kind(alike[0])} ({listings})"
            if alike[0].command[:1] == ("resume",):
                keys = [(one.listing, one.session_id) for one in alike]
                text = f"{words}{_bound(alike)}"
                yield from self.line.for_all(text, "resume", keys, also="--also")
            else:
                listed = self._ls("--status", what) if what in _STATES else ("check",)
                yield self.line.row(words, listed)

    def _expired(self) -> Iterator[Row]:
        expired = self.found.expired
        most = self._most(len(expired)) if self.has_all or len(expired) <= FEW else 0
        for one in expired[:most]:
            words = f"- {where(*one.key)}{label(one)}, {moment(one.ends_at, LOCAL)}"
            yield self.line.row(words, ("extend", one.address, "7d"))
        if len(expired) > most:
            listings = by_listing(one.listing for one in expired)
            words = f"- {len(expired)} sessions ({listings}); what clean-up would take"
            named = (self.found.listing,) if self.found.listing else ()
            yield self.line.row(words, ("cleanup", *named, "--expired", "--dry-run"))

    def _snoozed(self) -> Iterator[Row]:
        return self._each(self.found.snoozed, self._ls("--filter", "snoozed"))

    def _noted(self) -> Iterator[Row]:
        noted = self.found.noted
        most = self._most(len(noted))
        for one in noted[:most]:
            tags = ", ".join(shown(name, 40) for name in one.tags[:FEW])
            note = one.annotation.note
            by = f" ({shown(note.by, 40)}, {moment(note.at, LOCAL)})" if note is not None else ""
            said = "; ".join(filter(None, (f"{shown(one.note, 160)}{by}", tags and f"tags {tags}")))
            words = f"- {where(*one.key)} {shown(one.title, 60)}".rstrip()
            yield self.line.row(f"{words}: {said}", ("show", one.address))
        if len(noted) > most:
            others = self._ls("--filter", "tagged or noted")
            yield self.line.row(f"- and {len(noted) - most} more", others)


def _settled(session: Session) -> str:
    ack = session.ack
    return f", acknowledged by {shown(ack.by, 64)}" if ack is not None else ""


def _by_whom(sessions: Sequence[Session]) -> str:
    settled = sum(one.ack is not None for one in sessions)
    return f", {settled} acknowledged" if settled else ""


def _bound(things: Sequence[object]) -> str:
    """Return which of them a command names, if there are more than it may name."""
    return f"; the first {MOST_AT_ONCE}" if len(things) > MOST_AT_ONCE else ""


def _kind(alert: Alert) -> str:
    return alert.what.replace("_", " ")


def duration(length: timedelta) -> str:
    """Return a duration as options take it, rounded up to minutes, or hours where they are even."""
    if length % _HOUR:
        return f"{-(-length // _MINUTE)}m"
    return f"{length // _HOUR}h"
