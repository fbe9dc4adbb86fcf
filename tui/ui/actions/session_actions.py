"""What the keys do: ask what is needed, act in a thread, say what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from tui.core.errors import ConsoleError, UsageError
from tui.core.models.session import Session
from tui.operations.context import ActionResult
from tui.operations.running.resume import RunPlan
from tui.operations.sessions.extend import Extension
from tui.ui.actions import resuming
from tui.ui.actions.action_context import ActionContext, after_dashes, is_sure, named, require_some
from tui.ui.actions.batch_action import each, in_one_go
from tui.ui.actions.prompting import until_taken
from tui.ui.state.drafts import again
from tui.view.text import formatting
from tui.view.text.lines import Cell

_DAYS = "7"
_PLANS = "looking what a new session would use"


async def new(
    desk: ActionContext, listing: str, stage: str, days: int | None, given: str = ""
) -> None:
    """Ask for what is missing and start a new session."""
    lasts = ("--days", str(days)) if days else ()
    desk.stands_for("new", *((listing,) if listing else ()), *lasts)
    listing = listing.strip() or await _asked_listing(desk, days)
    desk.stands_for("new", listing, *lasts)
    plan = await _planned(desk, listing, stage.strip(), days)
    stage = plan.stage
    where = (listing, "--stage", stage, *lasts)
    desk.stands_for("new", *where)
    about = ("new", listing, stage)
    given = given or desk.drafts.text(about)

    async def take(line: str) -> None:
        wanted, prompt = desk.engine.with_prompt_line(plan, line)
        if not prompt:
            raise UsageError("nothing started: a new session needs a prompt")
        desk.started = await desk.do(partial(desk.engine.start, wanted, prompt), "starting")

    with desk.drafts.written(about, again("new", desk.engine.keys)):
        meant = partial(resuming.stands_for, desk, ("new", *where))
        asks = f"new {listing}/{formatting.stage(stage)}"
        await resuming.ask_prompt(desk, plan, asks, given, take, typed=meant, warns=plan.warnings)
    desk.question.say(f"started in {listing}: run {desk.started}")


async def _asked_listing(desk: ActionContext, days: int | None) -> str:
    async def take(typed: str) -> str:
        if not typed.strip():
            raise UsageError("a new session needs a listing; Esc leaves this")
        plan = partial(desk.engine.plan_new, typed.strip(), "stage", days)
        await desk.learn(plan, _PLANS)
        return typed.strip()

    return await until_taken(desk.question, "new session in which listing?", take)


async def _planned(desk: ActionContext, listing: str, stage: str, days: int | None) -> RunPlan:
    """Return the plan for a stage, which is asked for if there is none."""

    async def take(typed: str) -> RunPlan:
        if not typed.strip():
            raise UsageError("a new session needs a stage, such as stage_3; Esc leaves this")
        plan = partial(desk.engine.plan_new, listing, typed.strip(), days)
        return await desk.learn(plan, _PLANS)

    asks = f"new session in {listing}, of which stage?"
    return await (take(stage) if stage else until_taken(desk.question, asks, take))


async def extend(
    desk: ActionContext, sessions: Sequence[Session], given: str = "", *, hidden: int = 0
) -> None:
    """Ask for how long, show old and new, and extend."""
    require_some(sessions)
    asks = f"extend {named(sessions, hidden)}"
    addresses = [one.address for one in sessions]

    def meant(typed: str) -> None:
        desk.stands_for("extend", *addresses, typed.strip() or _DAYS)

    meant(given)
    engine = desk.engine.at_one_moment()

    def act(session: Session, text: str) -> ActionResult:
        plan = engine.plan_extension(session, text)
        done = engine.extend(plan)
        if plan.is_needless:
            return done
        return replace(done, words=f"{done.words}  {extension_words(desk, plan).text}")

    async def take(typed: str) -> None:
        text = typed.strip() or _DAYS
        _require_duration(desk, sessions, text)
        await each(desk, sessions, partial(act, text=text), "extended")

    if given:
        await take(given)
        return
    await until_taken(
        desk.question,
        asks,
        take,
        placeholder=_DAYS,
        preview=lambda typed: _previewed(desk, sessions, typed or _DAYS),
        typed=meant,
    )


def _require_duration(desk: ActionContext, sessions: Sequence[Session], text: str) -> None:
    """Raise why none of the sessions can be extended so; `UsageError` for words that are none."""
    reason: ConsoleError | None = None
    for session in sessions:
        try:
            desk.engine.plan_extension(session, text)
            return
        except UsageError:
            raise
        except ConsoleError as error:
            reason = reason or error
    if reason is not None:
        raise reason


def _previewed(desk: ActionContext, sessions: Sequence[Session], text: str) -> Cell:
    plans: list[Extension] = []
    reason = ""
    for session in sessions:
        try:
            plans.append(desk.engine.plan_extension(session, text))
        except UsageError:
            return Cell("? 7, 12h, +7d or 2026-12-24", "bad")
        except ConsoleError as error:
            reason = str(error)
    if not plans:
        return Cell(reason, "bad")
    return extension_words(desk, plans[0]) if len(sessions) == 1 else _sum_of(desk, plans)


def _sum_of(desk: ActionContext, plans: Sequence[Extension]) -> Cell:
    """Return how many of several would change, and how long the first of them then lasts."""
    needed = [plan.until for plan in plans if not plan.is_needless]
    if not needed:
        return Cell(f"all {len(plans)} already last longer", "noticed")
    left = formatting.countdown(min(needed), desk.engine.now())
    same = f", {len(plans) - len(needed)} already" if len(needed) < len(plans) else ""
    return Cell(f"{len(needed)} → {left}{same}", "good")


def extension_words(desk: ActionContext, plan: Extension) -> Cell:
    """Return old → new of the clock that ends first, or that it already lasts longer."""
    now, session = desk.engine.now(), plan.session
    was = formatting.countdown(plan.ends_at, now, is_unreadable=session.expiry_is_unreadable)
    if plan.is_needless:
        return Cell(f"already lasts longer: {was}", "noticed")
    swept = " (sweep)" if session.is_swept_first else ""
    until = plan.until.astimezone(desk.engine.zone).strftime("%d %b %H:%M")
    return Cell(f"{was}{swept} → {formatting.countdown(plan.until, now)}  ({until})", "good")


async def delete(desk: ActionContext, sessions: Sequence[Session], *, hidden: int = 0) -> None:
    """Ask, default No, and move to the trash; over five at once the count must be typed."""
    require_some(sessions)
    command = "delete", *(one.address for one in sessions)
    desk.stands_for(*command)
    total = formatting.size(sum(one.bytes for one in sessions))
    asks = f"delete {named(sessions, hidden)}, {total}? undo lasts {desk.engine.trash_days} days"
    if not await is_sure(desk, asks, len(sessions), "delete"):
        desk.commands = ()
        desk.question.say("nothing deleted")
        return
    desk.stands_for(*command, "--yes")
    if len(sessions) == 1:
        await each(desk, sessions, desk.engine.delete, "deleted")
    else:
        await in_one_go(desk, partial(desk.engine.delete_many, sessions), "deleted")


async def acknowledge(desk: ActionContext, sessions: Sequence[Session]) -> None:
    """Settle what each of them needs now, until something new happens to it."""
    require_some(sessions)
    desk.commands = tuple(("ack", one.address) for one in sessions)
    await each(desk, sessions, desk.engine.acknowledge, "acknowledged")


async def forget(desk: ActionContext, listing_id: str) -> None:
    """Take a listing off the screen whose folder is gone."""
    desk.stands_for("ack", listing_id)
    work = partial(desk.engine.forget, listing_id)
    unwritten = await desk.do(work, f"forgetting {listing_id}")
    words = f"{listing_id} is no longer shown{unwritten}"
    desk.question.say(words, "bad" if unwritten else "good")


async def rename(desk: ActionContext, session: Session, title: str) -> None:
    """Give a session a title, asked for if there is none, if it still has the one shown."""

    def meant(typed: str) -> None:
        desk.stands_for("rename", session.address, *after_dashes(typed.strip()))

    meant(title)

    async def take(typed: str) -> ActionResult:
        return await desk.do(partial(desk.engine.rename, session, typed.strip()), "renaming")

    asks = f"rename {named([session])} to"
    act = await (
        take(title)
        if title
        else until_taken(desk.question, asks, take, text=session.title, typed=meant)
    )
    desk.question.say(act.words, "good")


async def restore(desk: ActionContext, given: str) -> None:
    """Bring a session back from the trash by its id."""

    def meant(typed: str) -> None:
        desk.stands_for("restore", *typed.split())

    meant(given)

    async def take(typed: str) -> ActionResult:
        if not typed.strip():
            raise UsageError("restore which? `:trash` lists the ids; Esc leaves this")
        return await desk.do(partial(desk.engine.restore, typed.strip()), "restoring")

    asks = "restore which id from the trash?"
    act = await (take(given) if given else until_taken(desk.question, asks, take, typed=meant))
    desk.question.say(act.words, "good")


async def interrupt(desk: ActionContext, session: Session) -> None:
    """Ask, and interrupt the turn; more is at stake where another program runs it."""
    sure: tuple[str, ...] = ()
    desk.stands_for("interrupt", session.address)
    asks = f"interrupt the turn of {named([session])}?"
    if session.process is not None and (session.run is None or session.run.is_over):
        sure = ("--yes",)
        whose = f"pid {session.process.pid}, run by another program"
        asks = f"interrupt {named([session])} ({whose})? it may end its whole work"
    if await desk.question.confirm(asks):
        desk.stands_for("interrupt", session.address, *sure)
        act = await desk.do(partial(desk.engine.interrupt, session), "interrupting")
        desk.question.say(act.words, "good")


async def stop(desk: ActionContext, session: Session) -> None:
    """Ask, and end the run."""
    desk.stands_for("stop", session.address)
    if await desk.question.confirm(f"stop the run of {named([session])}?"):
        act = await desk.do(partial(desk.engine.stop, session), "stopping")
        desk.question.say(act.words, "good")


async def send(desk: ActionContext, session: Session, given: str) -> None:
    """Send a prompt to a running agent."""

    def meant(typed: str) -> None:
        prompt = typed.strip()
        desk.stands_for("send", session.address, *(after_dashes(prompt) if prompt else ()))

    meant(given)

    async def take(typed: str) -> None:
        if not typed.strip():
            raise UsageError("nothing sent: a follow-up needs words; Esc leaves this")
        act = await desk.do(partial(desk.engine.send, session, typed), "sending")
        desk.question.say(act.words, "good")

    if given:
        await take(given)
        return
    about = ("send", *session.key)
    with desk.drafts.written(about, again("send", desk.engine.keys)):
        asks = f"send to {named([session])}"
        draft = desk.drafts.text(about)
        await until_taken(desk.question, asks, take, text=draft, typed=meant)
