"""The flows on sessions: their questions, their acts, their messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial

from tui.core.console.cut_off_deed import DELETED
from tui.core.errors import ConsoleError, UsageError
from tui.core.models.session import Session
from tui.core.text.safe_text import cell_width, one_line
from tui.core.text.sizes import size_text
from tui.core.time.expiry import parse_duration
from tui.core.values import replace
from tui.operations.context import ActionResult
from tui.operations.running.resume import RunPlan
from tui.operations.sessions.extend import Extension
from tui.ui.actions.action_context import ActionContext, after_dashes, is_sure, named, require_some
from tui.ui.actions.outcome import Commands, Outcome, asked_by, done_by, told
from tui.ui.actions.prompting import until_taken
from tui.ui.actions.sessions import resuming
from tui.ui.actions.sessions.batch_action import each, in_one_go
from tui.ui.engine.engine import Engine
from tui.ui.state.drafts import again
from tui.view.text import formatting
from tui.view.text.lines import Cell

_DAYS = "7"
_MOST_OFFERED = 6
_PLANS = "checking what a new session would use"


async def new(
    context: ActionContext,
    listing: str,
    stage: str,
    days: int | None,
    given: str = "",
    *,
    stages: Iterable[str] = (),
) -> Outcome:
    """Ask for what is missing and start a new session; known `stages` are offered."""
    lasts = ("--days", str(days)) if days else ()
    with asked_by((("new", *((listing,) if listing else ()), *lasts),)):
        listing = listing.strip() or await _asked_listing(context, days)
    with asked_by((("new", listing, *lasts),)):
        plan = await _planned(context, listing, stage.strip(), days, stages)
    stage = plan.stage
    where = (listing, "--stage", stage, *lasts)
    about = ("new", listing, stage)
    given = given or context.drafts.text(about)

    async def start(line: str) -> Outcome:
        wanted, prompt = context.engine.with_prompt_line(plan, line)
        if not prompt:
            raise UsageError("not started: a new session needs a prompt")
        with resuming.in_sight(context, wanted, prompt):
            run_id = await context.do(partial(context.engine.start, wanted, prompt), "starting")
        return Outcome(f"started in {listing}: run {run_id}", started=run_id)

    with context.drafts.written(about, again("new", context.engine.keys)):
        asks = f"new {listing}/{formatting.stage(stage)}"
        return await resuming.ask_prompt(
            context, plan, asks, given, start, words=("new", *where), warns=plan.warnings
        )


async def _asked_listing(context: ActionContext, days: int | None) -> str:
    async def take(typed: str) -> str:
        if not typed.strip():
            raise UsageError("a new session needs a listing; Esc: cancel")
        plan = partial(context.engine.plan_new, typed.strip(), "stage", days)
        await context.learn(plan, _PLANS)
        return typed.strip()

    return await until_taken(context.question, "new session: which listing?", take)


async def _planned(
    context: ActionContext, listing: str, stage: str, days: int | None, stages: Iterable[str]
) -> RunPlan:
    """Return the plan for a stage, which is asked for if missing."""

    async def take(typed: str) -> RunPlan:
        if not typed.strip():
            raise UsageError("a new session needs a stage, such as stage_3; Esc: cancel")
        plan = partial(context.engine.plan_new, listing, typed.strip(), days)
        return await context.learn(plan, _PLANS)

    if stage:
        return await take(stage)
    offered = ", ".join(map(one_line, sorted(stages)[:_MOST_OFFERED]))
    asks = f"new session in {listing}. Stage?"
    return await until_taken(context.question, asks, take, placeholder=offered)


async def extend(
    context: ActionContext, sessions: Sequence[Session], given: str = "", *, hidden: int = 0
) -> Outcome:
    """Ask for how long, show old and new, and extend; of many also where that was given."""
    require_some(sessions)
    asks = f"extend {named(sessions, hidden)}"
    addresses = [one.address for one in sessions]

    def commands(typed: str) -> Commands:
        return (("extend", *addresses, typed.strip() or _DAYS),)

    def act(session: Session, text: str, engine: Engine) -> ActionResult:
        plan = engine.plan_extension(session, text)
        done = engine.extend(plan)
        if plan.is_needless:
            return done
        return replace(
            done, words=f"{done.words}  {extension_words(context, plan, engine.now()).text}"
        )

    async def extend_each(text: str) -> Outcome:
        _require_duration(context, sessions, text)
        work = partial(act, text=text, engine=context.engine.at_one_moment())
        already = "had that long already"
        return await each(context, sessions, work, "extended", already=already)

    async def take(typed: str) -> Outcome:
        return await done_by(commands(typed), extend_each(typed.strip() or _DAYS))

    if given and len(sessions) == 1:
        return await take(given)
    return await until_taken(
        context.question,
        asks,
        take,
        text=given,
        placeholder=_DAYS,
        preview=lambda typed: _previewed(context, sessions, typed.strip() or _DAYS, asks),
        commands=commands,
    )


def _require_duration(context: ActionContext, sessions: Sequence[Session], text: str) -> None:
    """Raise why none of the sessions can be extended so; `UsageError` for no duration."""
    reason: ConsoleError | None = None
    for session in sessions:
        try:
            context.engine.plan_extension(session, text)
            return
        except UsageError:
            raise
        except ConsoleError as error:
            reason = reason or error
    if reason is not None:
        raise reason


def _previewed(context: ActionContext, sessions: Sequence[Session], text: str, asks: str) -> Cell:
    plans: list[Extension] = []
    reason, engine = "", context.engine.at_one_moment()  # else 30 days are 29 a moment later
    for session in sessions:
        try:
            plans.append(engine.plan_extension(session, text))
        except UsageError:
            return Cell("? 7, 12h, +7d or 2026-12-24", "bad")
        except ConsoleError as error:
            reason = str(error)
    if not plans:
        return Cell(reason, "bad")
    if len(sessions) == 1:
        return extension_words(context, plans[0], engine.now())
    room = context.question.size.width - cell_width(asks) - 3
    return _sum_of(plans, text, engine.now(), room)


def _sum_of(plans: Sequence[Extension], text: str, now: datetime, room: int) -> Cell:
    """Return when several would end, the first and the last, and how many already last longer.

    In the longest words that fit into `room` cells.
    """
    needed = [plan.until for plan in plans if not plan.is_needless]
    if not needed:
        return Cell(f"all {len(plans)} already last longer", "noticed")
    first, last = (formatting.countdown(end, now) for end in (min(needed), max(needed)))
    to = f"to {first}" if first == last else f"to {first} ... {last}"
    forms = [to]
    if rest := len(plans) - len(needed):
        lasts = "lasts" if rest == 1 else "last"
        forms = [f"{to}, {rest} {same}" for same in (f"already {lasts} longer", "longer")] + forms
    if text.startswith("+"):
        by = formatting.countdown(now + parse_duration(text[1:]), now)
        forms = [f"each by {by}: {to}", f"+{by}: {to}", *forms]
    return Cell(next((one for one in forms if cell_width(one) <= room), to), "good")


def extension_words(context: ActionContext, plan: Extension, now: datetime) -> Cell:
    """Return old → new of the clock that ends first, or that it already lasts longer."""
    session = plan.session
    was = formatting.countdown(plan.ends_at, now, is_unreadable=session.expiry_is_unreadable)
    if plan.is_needless:
        return Cell(f"already lasts longer: {was}", "noticed")
    swept = " (sweep)" if session.is_swept_first else ""
    until = plan.until.astimezone(context.engine.zone).strftime("%d %b %H:%M")
    return Cell(f"{was}{swept} → {formatting.countdown(plan.until, now)}  ({until})", "good")


async def delete(
    context: ActionContext, sessions: Sequence[Session], *, hidden: int = 0
) -> Outcome:
    """Ask, default No, and move to the trash; for more than five the count must be typed."""
    require_some(sessions)
    command = "delete", *(one.address for one in sessions)
    total = size_text(sum(one.bytes for one in sessions))
    asks = (
        f"delete {named(sessions, hidden)}, {total}? can be undone for {context.engine.trash_days}d"
    )
    with asked_by((command,)):
        if not await is_sure(context, asks, len(sessions), "delete"):
            return Outcome("nothing deleted", commands=())
    if len(sessions) == 1:
        flow = each(context, sessions, context.engine.delete, DELETED)
    else:
        work, keys = partial(context.engine.delete_many, sessions), [one.key for one in sessions]
        flow = in_one_go(context, work, DELETED, keys)
    return await done_by(((*command, "--yes"),), flow)


async def acknowledge(
    context: ActionContext, sessions: Sequence[Session], *, hidden: int = 0
) -> Outcome:
    """Settle what each of them needs now, until something new happens; of many it is asked."""
    require_some(sessions)
    commands = tuple(("ack", one.address) for one in sessions)
    if len(sessions) > 1:
        asks = f"acknowledge {named(sessions, hidden)}?"
        with asked_by(commands):
            if not await is_sure(context, asks, len(sessions), "acknowledge"):
                return Outcome("nothing acknowledged", commands=())
    flow = each(
        context,
        sessions,
        context.engine.as_one_act().acknowledge,
        "acknowledged",
        already="were acknowledged already",
    )
    return await done_by(commands, flow)


async def forget(context: ActionContext, listing_id: str) -> Outcome:
    """Remove a listing from the screen whose folder is gone."""
    work, commands = partial(context.engine.forget, listing_id), (("ack", listing_id),)
    with asked_by(commands):
        unwritten = await context.do(work, f"forgetting {listing_id}")
    words = f"{listing_id} is no longer shown{unwritten}"
    return Outcome(words, "bad" if unwritten else "good", commands=commands)


async def rename(context: ActionContext, session: Session, title: str) -> Outcome:
    """Give a session a title, asked for if missing, if it still has the one shown."""

    def commands(typed: str) -> Commands:
        return (("rename", session.address, *after_dashes(typed.strip())),)

    async def take(typed: str) -> Outcome:
        work = partial(context.engine.rename, session, typed.strip())
        return await done_by(commands(typed), told(context.do(work, "renaming")))

    if title:
        return await take(title)
    asks, text = f"rename {named([session])} to", session.title
    return await until_taken(context.question, asks, take, text=text, commands=commands)


async def restore(context: ActionContext, given: str) -> Outcome:
    """Bring a session back from the trash by its id."""

    def commands(typed: str) -> Commands:
        return (("restore", *typed.split()),)

    async def take(typed: str) -> Outcome:
        if not typed.strip():
            raise UsageError("restore which? `:trash` lists the ids; Esc: cancel")
        work = partial(context.engine.restore, typed.strip())
        return await done_by(commands(typed), told(context.do(work, "restoring")))

    if given:
        return await take(given)
    asks = "restore which id from the trash?"
    return await until_taken(context.question, asks, take, commands=commands)
