"""What the keys do: ask what is needed, act in a thread, say what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial

from tui.core.errors import ConsoleError, UsageError
from tui.core.models.session import Session
from tui.core.text.safe_text import one_line
from tui.operations.context import ActionResult
from tui.operations.running.resume import RunPlan
from tui.operations.sessions.extend import Extension
from tui.ui.actions.action_context import ActionContext, after_dashes, is_sure, named, require_some
from tui.ui.actions.outcome import Outcome
from tui.ui.actions.prompting import until_taken
from tui.ui.actions.sessions import resuming
from tui.ui.actions.sessions.batch_action import each, in_one_go
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
    """Ask for what is missing and start a new session; `stages` are offered."""
    lasts = ("--days", str(days)) if days else ()
    context.record_command("new", *((listing,) if listing else ()), *lasts)
    listing = listing.strip() or await _asked_listing(context, days)
    context.record_command("new", listing, *lasts)
    plan = await _planned(context, listing, stage.strip(), days, stages)
    stage = plan.stage
    where = (listing, "--stage", stage, *lasts)
    context.record_command("new", *where)
    about = ("new", listing, stage)
    given = given or context.drafts.text(about)

    async def take(line: str) -> str:
        wanted, prompt = context.engine.with_prompt_line(plan, line)
        if not prompt:
            raise UsageError("not started: a new session needs a prompt")
        return await context.do(partial(context.engine.start, wanted, prompt), "starting")

    with context.drafts.written(about, again("new", context.engine.keys)):
        record = partial(resuming.record_command, context, ("new", *where))
        asks = f"new {listing}/{formatting.stage(stage)}"
        run_id = await resuming.ask_prompt(
            context, plan, asks, given, take, record=record, warns=plan.warnings
        )
    return Outcome(f"started in {listing}: run {run_id}", started=run_id)


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
    """Return the plan for a stage, which is asked for if there is none."""

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
    """Ask for how long, show old and new, and extend."""
    require_some(sessions)
    asks = f"extend {named(sessions, hidden)}"
    addresses = [one.address for one in sessions]

    def record(typed: str) -> None:
        context.record_command("extend", *addresses, typed.strip() or _DAYS)

    record(given)
    engine = context.engine.at_one_moment()

    def act(session: Session, text: str) -> ActionResult:
        plan = engine.plan_extension(session, text)
        done = engine.extend(plan)
        if plan.is_needless:
            return done
        return replace(done, words=f"{done.words}  {extension_words(context, plan).text}")

    async def take(typed: str) -> Outcome:
        text = typed.strip() or _DAYS
        _require_duration(context, sessions, text)
        return await each(context, sessions, partial(act, text=text), "extended")

    if given:
        return await take(given)
    return await until_taken(
        context.question,
        asks,
        take,
        placeholder=_DAYS,
        preview=lambda typed: _previewed(context, sessions, typed or _DAYS),
        record=record,
    )


def _require_duration(context: ActionContext, sessions: Sequence[Session], text: str) -> None:
    """Raise why none of the sessions can be extended so; `UsageError` for words that are none."""
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


def _previewed(context: ActionContext, sessions: Sequence[Session], text: str) -> Cell:
    plans: list[Extension] = []
    reason = ""
    for session in sessions:
        try:
            plans.append(context.engine.plan_extension(session, text))
        except UsageError:
            return Cell("? 7, 12h, +7d or 2026-12-24", "bad")
        except ConsoleError as error:
            reason = str(error)
    if not plans:
        return Cell(reason, "bad")
    return extension_words(context, plans[0]) if len(sessions) == 1 else _sum_of(context, plans)


def _sum_of(context: ActionContext, plans: Sequence[Extension]) -> Cell:
    """Return how long the first of several would last, and how many already last longer."""
    needed = [plan.until for plan in plans if not plan.is_needless]
    if not needed:
        return Cell(f"all {len(plans)} already last longer", "noticed")
    left = formatting.countdown(min(needed), context.engine.now())
    rest = len(plans) - len(needed)
    same = f", {rest} of them already last longer" if rest else ""
    return Cell(f"to {left}{same}", "good")


def extension_words(context: ActionContext, plan: Extension) -> Cell:
    """Return old → new of the clock that ends first, or that it already lasts longer."""
    now, session = context.engine.now(), plan.session
    was = formatting.countdown(plan.ends_at, now, is_unreadable=session.expiry_is_unreadable)
    if plan.is_needless:
        return Cell(f"already lasts longer: {was}", "noticed")
    swept = " (sweep)" if session.is_swept_first else ""
    until = plan.until.astimezone(context.engine.zone).strftime("%d %b %H:%M")
    return Cell(f"{was}{swept} → {formatting.countdown(plan.until, now)}  ({until})", "good")


async def delete(
    context: ActionContext, sessions: Sequence[Session], *, hidden: int = 0
) -> Outcome:
    """Ask, default No, and move to the trash; over five at once the count must be typed."""
    require_some(sessions)
    command = "delete", *(one.address for one in sessions)
    context.record_command(*command)
    total = formatting.size(sum(one.bytes for one in sessions))
    asks = (
        f"delete {named(sessions, hidden)}, {total}? can be undone for {context.engine.trash_days}d"
    )
    if not await is_sure(context, asks, len(sessions), "delete"):
        context.commands = ()
        return Outcome("nothing deleted")
    context.record_command(*command, "--yes")
    if len(sessions) == 1:
        return await each(context, sessions, context.engine.delete, "deleted")
    return await in_one_go(context, partial(context.engine.delete_many, sessions), "deleted")


async def acknowledge(context: ActionContext, sessions: Sequence[Session]) -> Outcome:
    """Settle what each of them needs now, until something new happens to it."""
    require_some(sessions)
    context.commands = tuple(("ack", one.address) for one in sessions)
    return await each(context, sessions, context.engine.acknowledge, "acknowledged")


async def forget(context: ActionContext, listing_id: str) -> Outcome:
    """Take a listing off the screen whose folder is gone."""
    context.record_command("ack", listing_id)
    work = partial(context.engine.forget, listing_id)
    unwritten = await context.do(work, f"forgetting {listing_id}")
    words = f"{listing_id} is no longer shown{unwritten}"
    return Outcome(words, "bad" if unwritten else "good")


async def rename(context: ActionContext, session: Session, title: str) -> Outcome:
    """Give a session a title, asked for if there is none, if it still has the one shown."""

    def record(typed: str) -> None:
        context.record_command("rename", session.address, *after_dashes(typed.strip()))

    record(title)

    async def take(typed: str) -> ActionResult:
        return await context.do(partial(context.engine.rename, session, typed.strip()), "renaming")

    asks = f"rename {named([session])} to"
    act = await (
        take(title)
        if title
        else until_taken(context.question, asks, take, text=session.title, record=record)
    )
    return Outcome(act.words, "good")


async def restore(context: ActionContext, given: str) -> Outcome:
    """Bring a session back from the trash by its id."""

    def record(typed: str) -> None:
        context.record_command("restore", *typed.split())

    record(given)

    async def take(typed: str) -> ActionResult:
        if not typed.strip():
            raise UsageError("restore which? `:trash` lists the ids; Esc: cancel")
        return await context.do(partial(context.engine.restore, typed.strip()), "restoring")

    asks = "restore which id from the trash?"
    act = await (take(given) if given else until_taken(context.question, asks, take, record=record))
    return Outcome(act.words, "good")


async def interrupt(context: ActionContext, session: Session) -> Outcome:
    """Ask, and interrupt the turn; more is at stake where another program runs it."""
    sure: tuple[str, ...] = ()
    context.record_command("interrupt", session.address)
    asks = f"interrupt the turn of {named([session])}?"
    if session.process is not None and (session.run is None or session.run.is_over):
        sure = ("--yes",)
        whose = f"pid {session.process.pid}, run by another program"
        asks = f"interrupt {named([session])} ({whose})? it may end all of its work"
    if not await context.question.confirm(asks):
        return Outcome()
    context.record_command("interrupt", session.address, *sure)
    act = await context.do(partial(context.engine.interrupt, session), "interrupting")
    return Outcome(act.words, "good")


async def stop(context: ActionContext, session: Session) -> Outcome:
    """Ask, and end the run."""
    context.record_command("stop", session.address)
    if not await context.question.confirm(f"stop the run of {named([session])}?"):
        return Outcome()
    act = await context.do(partial(context.engine.stop, session), "stopping")
    return Outcome(act.words, "good")


async def send(context: ActionContext, session: Session, given: str) -> Outcome:
    """Send a prompt to a running agent."""

    def record(typed: str) -> None:
        prompt = typed.strip()
        context.record_command("send", session.address, *(after_dashes(prompt) if prompt else ()))

    record(given)

    async def take(typed: str) -> Outcome:
        if not typed.strip():
            raise UsageError("nothing sent: a follow-up needs a prompt; Esc: cancel")
        act = await context.do(partial(context.engine.send, session, typed), "sending")
        return Outcome(act.words, "good")

    if given:
        return await take(given)
    about = ("send", *session.key)
    with context.drafts.written(about, again("send", context.engine.keys)):
        asks = f"send to {named([session])}"
        draft = context.drafts.text(about)
        return await until_taken(context.question, asks, take, text=draft, record=record)
