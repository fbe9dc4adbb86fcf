"""The title above a stream: its session, who runs it, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tui.claude.transcript.usage.usage_meter import NOTHING_SPENT, SessionUsage
from tui.core.console.pane_table import LIVE, PANES
from tui.core.models.run import Phase
from tui.core.models.session import Session
from tui.core.sessions.attention import is_all_settled
from tui.core.sessions.session_state import progress_of
from tui.core.text.safe_text import cell_width, cut_middle, one_line
from tui.view.text import formatting
from tui.view.text.signs import RUNNING_COST

_PANE = next(row.label for row in PANES if row.number == LIVE)
_LEAST_NAME, _HOST = 10, 20


def title(
    session: Session | None,
    now: datetime,
    quiet_after: timedelta,
    spent: SessionUsage = NOTHING_SPENT,
    width: int = 1000,
) -> str:
    """Return which session it is, who runs it, its state, and as many more facts as fit.

    One of another host has that before who runs it. A listing's name that leaves no room for these
    is shortened in its middle, then the id to its start; the stage goes before the state is cut.
    """
    if session is None:
        return _PANE
    said, is_whole = _title(session, now, quiet_after, spent, width, id_width=8)
    return said if is_whole else _title(session, now, quiet_after, spent, width, id_width=4)[0]


def _title(
    session: Session,
    now: datetime,
    quiet_after: timedelta,
    spent: SessionUsage,
    width: int,
    *,
    id_width: int,
) -> tuple[str, bool]:
    """Return the title, and whether each fact that matters has room in it."""
    state, _ = formatting.state_in_full(session, now, quiet_after)
    runner = one_line(session.run.operator) if session.run and not session.run.is_over else ""
    if session.is_orphan:
        runner = "runner died"
    elif not runner and session.is_live:
        runner = "pipeline"
    stage = formatting.stage(one_line(session.stage)) if session.stage else ""
    short = formatting.short_id(session.session_id)[:id_width]
    where = f"@{cut_middle(one_line(session.host), _HOST)}" if session.host else ""
    first, *others = *_more(session, spent, now), ""
    cost, remark = _cost(session, spent), _remark(session, now, quiet_after)
    spare = (_context(spent), cost, runner, remark, first)
    name, said, room, count = one_line(session.listing), "", -1, 0
    shapes = [(count, stage) for count in range(len(spare), -1, -1)]
    for count, stage in (*shapes, (0, "")):
        context, dollars, who, *more = (*spare[:count], *[""] * (len(spare) - count))
        named = f"stage {stage}" if stage else ""
        facts = (named, short, where, who, state, context, dollars, *more)
        said = "".join(f"  {fact}" for fact in facts if fact)
        room = width - cell_width(f"{_PANE}  {said}")
        if room >= min(_LEAST_NAME, cell_width(name)):
            break
    said = f"{_PANE}  {cut_middle(name, max(_LEAST_NAME, room))}{said}"
    is_whole = count == len(spare)
    for fact in others if is_whole else ():
        if cell_width(said) + 2 + cell_width(fact) > width:
            break
        said += f"  {fact}" if fact else ""
    return said, is_whole


def unmarked(day: str, place: int, branches_from: int | None) -> str:
    """Return the day, and that lines at an offset may be of another branch without saying so."""
    if branches_from is None:
        return f"reading branches...  {day}".rstrip()
    return f"branches unknown  {day}".rstrip() if max(0, place) < branches_from else day


def paused(day: str, share: float | None, new: int, follows: str) -> str:
    """Return where one reads, how much came since, or else the key that follows the end."""
    said = f"paused, {new} new ↓" if new else f"paused: {follows} follows"
    return "  ".join(filter(None, (day, "" if share is None else f"{share:.0%}", said)))


def _context(spent: SessionUsage) -> str:
    """Return how full the context is: as a share, or in tokens where the window is unknown."""
    share = spent.context_share
    if share is not None:
        return f"ctx {share:.0%}"
    return f"ctx {formatting.tokens(spent.context)}" if spent.context else ""


def _cost(session: Session, spent: SessionUsage) -> str:
    """Return the cost so far, and that of the last turn, or that the running one is not in it."""
    taken, told = session.inherited_usd, spent.cost_usd
    told = None if told is None or taken is None else max(0.0, told - taken)
    known = [cost for cost in (session.cost_usd, told) if cost is not None]
    if not known:
        return ""
    so_far = formatting.cost(max(known))
    if session.is_in_a_turn and (spent.turn_cost_usd is None or _is_asking(session)):
        return f"{so_far}{RUNNING_COST}"
    turn = formatting.cost(spent.turn_cost_usd or 0.0)
    return so_far if turn == formatting.cost(0.0) else f"{so_far} +{turn}"


def _more(session: Session, spent: SessionUsage, now: datetime) -> Iterator[str]:
    if model := one_line(spent.model or session.model):
        yield model.removeprefix("claude-")
    until = now if session.is_in_a_turn else spent.turn_to
    until = None if _is_asking(session) else until
    if spent.turn_from is not None and until is not None:
        passed = max(timedelta(), until - spent.turn_from)
        if passed < timedelta(days=1):
            yield f"turn {_passed(passed)}"
    if spent.written:
        yield f"{formatting.tokens(spent.written)} out"
    if spent.context_share is not None:
        yield f"{formatting.tokens(spent.context)} of {formatting.tokens(spent.window)}"


def _is_asking(session: Session) -> bool:
    """Whether a turn has no answer yet: the turn that is known is the one before."""
    progress = progress_of(session)
    return progress is not None and progress.phase in (Phase.CLI, Phase.API)


def _passed(passed: timedelta) -> str:
    """Return a duration that does not change, and so is not repainted, every second."""
    if passed >= timedelta(minutes=1):
        return formatting.span(passed)
    return f"{int(passed.total_seconds()) // 10 * 10}s"


def _remark(session: Session, now: datetime, quiet_after: timedelta) -> str:
    """Return who acknowledged it, or the verb that fixes what is wrong with it."""
    if session.ack is not None and is_all_settled(session, now, quiet_after):
        by, until = one_line(session.ack.by), session.ack.until
        left = f", {formatting.span(until - now)} left" if until is not None else ""
        return f"snoozed by {by}{left}" if until is not None else f"acknowledged by {by}"
    if session.overwritten is not None:
        return ":reapply restores what the pipeline overwrote"
    return ":adopt moves it into its listing" if session.is_stray else ""
