"""The hand-over as Markdown: what is open comes first, each thing with the verb that goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from tui.cli.declarations.table import BY_NAME
from tui.core.act_summary import action_word
from tui.core.models.audit import AuditEvent
from tui.core.models.line_target import LineTarget
from tui.core.models.session import Key, Session
from tui.core.sessions.attention import FailureGroup, failed_at
from tui.core.text.markdown_quoting import code, escaped
from tui.core.text.safe_text import one_line
from tui.core.time.zones import LOCAL
from tui.operations.formatting import count
from tui.operations.formatting import moment as whole_moment
from tui.operations.monitor.hand_over import HandOver, Spending, act_command, is_turn
from tui.operations.monitor.history import LoggedAct
from tui.operations.monitor.needs import Alert
from tui.view.panes.audit_line import act_words
from tui.view.text.formatting import cost, moment

ShellLine = Callable[[Sequence[str]], str]
_MOST_OF_A_CAUSE = 20
_MOST_OF_A_KIND = 100
_ELSEWHERE = (
    "Not in the audit: sessions that something else wrote to, such as a pipeline, and what they "
    "have cost from their first turn on."
)
_NO_REASON = "no reason was recorded"


class CommandLines:
    """Makes a command line of a verb's words, with short ids, and knows where each leads."""

    def __init__(self, shell_line: ShellLine, sessions: Iterable[Session]) -> None:
        self._shell_line = shell_line
        there = tuple(sessions)
        self._shorter = _short_addresses(there)
        self._keys = {one.address: one.key for one in there}
        self._words: dict[str, tuple[str, ...]] = {}

    def __call__(self, words: Sequence[str]) -> str:
        line = self._shell_line([self._shorter.get(word, word) for word in words])
        self._words[code(one_line(line))] = tuple(words)
        return line

    def targets(self, lines: Sequence[str]) -> list[LineTarget | None]:
        """Return where each line leads: a command's to its verb, the one above to its session."""
        below = [*lines[1:], ""]
        return [self._target(*both) for both in zip(lines, below, strict=True)]

    def _target(self, line: str, below: str) -> LineTarget | None:
        words, of_below = self._words.get(line.strip()), self._words.get(below.strip(), ())
        if words and BY_NAME[words[0]].acts:
            return LineTarget(command=words)
        key = next((self._keys[one] for one in words or of_below if one in self._keys), None)
        return LineTarget(listing=key[0], session_id=key[1]) if key else None


def hand_over_markdown(found: HandOver, root: str, line: CommandLines) -> Iterator[str]:
    """Return the hand-over of a root as blocks, to be joined by empty lines.

    Everything that others wrote is escaped.
    """
    titles = {one.key: _label(one) for one in found.sessions}
    where = f" of {escaped(one_line(found.listing))}" if found.listing else ""
    yield f"# Hand-over{where}: {escaped(one_line(root))}"
    yield f"From {whole_moment(found.since)} to {whole_moment(found.at)}. {_summary(found)}"
    if found.unread:
        yield "**Not everything could be read: there may be more of everything.**"
        yield "\n".join(f"- {escaped(one_line(words))}" for words in found.unread)
    yield from _alerts("Waits for somebody", found.waits, titles, line)
    yield from _failures(found, line)
    yield from _alerts("Ends next", found.ends, titles, line)
    if not found.ends and found.next_end is not None:
        yield _soonest(found.next_end, line)
    yield from _alerts("Needs a look", found.attention, titles, line)
    yield from _done(found.acts, line)
    yield from _costs(found.spending, line)


def _short_addresses(sessions: Iterable[Session]) -> Mapping[str, str]:
    """Return the addresses that can be shortened, with what they become."""
    shorts: dict[str, list[str]] = {}
    for one in sessions:
        shorts.setdefault(_place(one.listing, one.session_id), []).append(one.address)
    return {many[0]: short for short, many in shorts.items() if len(many) == 1}


def _summary(found: HandOver) -> str:
    failed, causes = sum(len(one.sessions) for one in found.failures), len(found.failures)
    operators = {one.first.operator for one in found.acts}
    whole = found.spending[-1]
    parts = (
        f"{len(found.waits)} waiting",
        f"{failed} failed" + (f" for {count(causes, 'cause')}" if causes else ""),
        f"{len(found.ends)} ending soon",
        f"{count(len(found.acts), 'action')} by {count(len(operators), 'operator')}",
        f"{count(whole.turns, 'turn')} for {cost(whole.cost_usd)}{'+?' if whole.unknown else ''}",
    )
    return f"{', '.join(parts)}."


def _alerts(
    head: str, alerts: Sequence[Alert], titles: Mapping[Key, str], line: CommandLines
) -> Iterator[str]:
    yield f"## {head} ({len(alerts)})"
    shown = alerts[:_MOST_OF_A_KIND]
    lines = [_alert(one, titles, line) for one in shown]
    if len(alerts) > len(shown):
        lines.append(f"- and {len(alerts) - len(shown)} more: {code(line(('check',)))}")
    yield "\n".join(lines) or "None."


def _alert(one: Alert, titles: Mapping[Key, str], line: CommandLines) -> str:
    place = _place(one.listing, one.session_id) if one.session_id else one.listing
    where = code(one_line(place)) or "the root"
    title = titles.get((one.listing, one.session_id), "")
    return f"- {where}{title}: {escaped(one.fact or one.words)}{_goes_on(line(one.command))}"


def _place(listing: str, session_id: str) -> str:
    return f"{listing}/{session_id[:8]}"


def _label(session: Session) -> str:
    """Return a session's title, and the note that operators keep."""
    title = f" {escaped(one_line(session.title)[:100])}" if session.title else ""
    note = escaped(one_line(session.note)[:300])
    return f"{title} (note: {note})" if note else title


def _goes_on(command: str) -> str:
    return f"\n  {code(one_line(command))}" if command else ""


def _failures(found: HandOver, line: CommandLines) -> Iterator[str]:
    sessions = sum(len(one.sessions) for one in found.failures)
    yield f"## Failed ({sessions})"
    if not sessions and not found.recovered:
        yield "None."
    for group in found.failures:
        yield from _failure(group, line)
    if found.recovered:
        yield f"### Failed meanwhile, and not any more ({len(found.recovered)})"
        yield "\n".join(_recovered(one, line) for one in found.recovered[:_MOST_OF_A_KIND])


def _failure(group: FailureGroup, line: CommandLines) -> Iterator[str]:
    many = len(group.sessions)
    since = f" since {moment(group.since, LOCAL)}" if group.since else ""
    reason = escaped(one_line(group.reason)[:300]) or _NO_REASON
    yield f"### {reason} ({count(many, 'session')}{since})"
    shown = group.sessions[:_MOST_OF_A_CAUSE]
    lines = [_failed(one, line) for one in shown]
    if many > len(shown):
        lines.append(f"- and {many - len(shown)} more: {code(line(('ls', '--filter', 'failed')))}")
    yield "\n".join(lines)
    first, *others = (one.address for one in shown)
    if others:
        words = ("resume", first, *(word for one in others for word in ("--also", one)))
        yield f"All of these again: {code(one_line(line(words)))}"


def _failed(session: Session, line: CommandLines) -> str:
    at, ack = failed_at(session), session.ack
    settled = f", acknowledged by {escaped(one_line(ack.by)[:64])}" if ack is not None else ""
    when = f", {moment(at, LOCAL)}" if at else ""
    where = code(one_line(_place(session.listing, session.session_id)))
    return (
        f"- {where}{_label(session)}{when}{settled}"
        f"{_goes_on(line(('show', session.address)))}"
        f"{_goes_on(line(('resume', session.address)))}"
    )


def _recovered(event: AuditEvent, line: CommandLines) -> str:
    where = code(one_line(_place(event.listing, event.session_id)))
    words = escaped(one_line(act_words(event))[:300])
    return f"- {where} {moment(event.at, LOCAL)}: {words}{_goes_on(line(act_command(event, 1)))}"


def _soonest(session: Session, line: CommandLines) -> str:
    where = code(one_line(_place(session.listing, session.session_id)))
    ends = f"The next to end is {where}{_label(session)}, {moment(session.ends_at, LOCAL)}:"
    return f"{ends} {code(one_line(line(('extend', session.address, '7d'))))}"


def _done(acts: Sequence[LoggedAct], line: CommandLines) -> Iterator[str]:
    yield f"## Done ({len(acts)})"
    if not acts:
        yield "Nothing."
    for operator in sorted({one.first.operator for one in acts}):
        own = [one for one in acts if one.first.operator == operator]
        turns = [event for one in own for event in one.events if is_turn(event)]
        others = [one for one in own if not is_turn(one.first)]
        yield f"### {escaped(one_line(operator)) or 'somebody'} ({len(own)})"
        lines = [_act(one, line) for one in others[-_MOST_OF_A_KIND:]]
        if len(others) > len(lines):
            command = code(line(("log", "-n", str(len(acts)))))
            lines.insert(0, f"- {len(others) - len(lines)} earlier ones: {command}")
        yield "\n".join((*lines, *_turns(turns)))


def _act(act: LoggedAct, line: CommandLines) -> str:
    event = act.first
    where = code(_place(event.listing, event.session_id)) if event.session_id else ""
    if act.sessions > 1:
        listings = {one.listing for one in act.events}
        named = event.listing if len(listings) == 1 else f"{len(listings)} listings"
        where = f"{act.sessions} sessions of {escaped(named)}"
    words = "" if act.sessions > 1 else escaped(one_line(act_words(event))[:300])
    said = " ".join(filter(None, (escaped(action_word(event.action)), where)))
    told = f": {words}" if words else ""
    command = line(act_command(event, act.sessions))
    return f"- {moment(event.at, LOCAL)} {said}{told}{_goes_on(command)}"


def _turns(turns: Sequence[AuditEvent]) -> Iterator[str]:
    if not turns:
        return
    sessions = len({(one.listing, one.session_id) for one in turns})
    kinds = Counter(one.action for one in turns)
    known = [one.cost_usd for one in turns if one.cost_usd is not None]
    spent = cost(sum(known) if known else None)
    words = f"- {count(len(turns), 'turn')} of {count(sessions, 'session')}, {spent}"
    failed = f", {kinds['fail']} of them failed" if kinds["fail"] else ""
    yield f"{words}{failed}"


def _costs(spending: Sequence[Spending], line: CommandLines) -> Iterator[str]:
    yield "## Cost"
    rows: list[tuple[str, ...]] = [
        ("listing", "turns", "cost", "not in the audit"),
        ("---", "--:", "--:", "---"),
    ]
    rows += [_cost(one) for one in spending]
    yield "\n".join(f"| {' | '.join(cells)} |" for cells in rows)
    whole = spending[-1]
    notes = (
        "`+?`: some turns have no known cost." if whole.unknown else "",
        _ELSEWHERE if whole.elsewhere else "",
        f"All costs: {code(line(('stats',)))}",
    )
    yield " ".join(filter(None, notes))


def _cost(one: Spending) -> tuple[str, ...]:
    name = escaped(one_line(one.listing)) or "**all**"
    cost_usd = f"{cost(one.cost_usd)}{'+?' if one.unknown else ''}" if one.turns else "-"
    elsewhere = ""
    if one.elsewhere:
        known = "" if one.elsewhere_usd is None else f", {cost(one.elsewhere_usd)}"
        elsewhere = f"{count(one.elsewhere, 'session')}{known}"
    return name, str(one.turns), cost_usd, elsewhere
