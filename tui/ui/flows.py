"""What the keys do: ask what is needed, act in a thread, say what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from tui.core.errors import ConsoleError, UsageError
from tui.core.models import Session
from tui.operations.context import Act
from tui.operations.extend import Extension
from tui.ui import resuming
from tui.ui.desk import Desk, after_dashes, is_sure, named
from tui.ui.drafts import again
from tui.ui.many import each, in_one_go
from tui.view import words
from tui.view.lines import Cell

_DAYS = "7"


async def new(desk: Desk, listing: str, stage: str, days: int | None, given: str = "") -> None:
    """Ask for what is missing and start a new session."""
    lasts = ("--days", str(days)) if days else ()
    desk.stands_for("new", *((listing,) if listing else ()), *lasts)
    listing = listing or await desk.question.ask("new session in which listing?")
    desk.stands_for("new", listing.strip(), *lasts)
    stage = stage or await desk.question.ask(f"new session in {listing}, of which stage?")
    where = (listing.strip(), "--stage", stage.strip(), *lasts)
    desk.stands_for("new", *where)
    if not listing.strip() or not stage.strip():
        raise UsageError("a new session needs a listing and a stage: :new LISTING STAGE")
    plan = await asyncio.to_thread(desk.engine.plan_new, listing.strip(), stage.strip(), days)
    asks = f"new {listing}/{words.stage(stage)}"
    about = ("new", listing.strip(), stage.strip())
    given = given or desk.drafts.text(about)
    with desk.drafts.written(about, again("new", desk.engine.keys)):
        meant = partial(resuming.stands_for, desk, ("new", *where))
        line = await resuming.ask_prompt(desk, plan, asks, given, typed=meant, warns=plan.warnings)
        wanted, prompt = desk.engine.with_prompt_line(plan, line)
        if not prompt:
            raise UsageError("nothing started: a new session needs a prompt")
        desk.started = await asyncio.to_thread(desk.engine.start, wanted, prompt)
    desk.question.say(f"started in {listing}: run {desk.started}")


async def extend(
    desk: Desk, sessions: Sequence[Session], given: str = "", *, hidden: int = 0
) -> None:
    """Ask for how long, show old and new, and extend."""
    asks = f"extend {named(sessions, hidden)}"
    addresses = [one.address for one in sessions]

    def meant(typed: str) -> None:
        desk.stands_for("extend", *addresses, typed.strip() or _DAYS)

    meant(given)
    text = given or await _asked_duration(desk, sessions, asks, meant)
    engine = desk.engine.at_one_moment()

    def act(session: Session) -> Act:
        plan = engine.plan_extension(session, text)
        done = engine.extend(plan)
        if plan.is_needless:
            return done
        return replace(done, words=f"{done.words}  {extension_words(desk, plan).text}")

    await each(desk, sessions, act, "extended")


async def _asked_duration(
    desk: Desk, sessions: Sequence[Session], asks: str, meant: Callable[[str], None]
) -> str:
    """Ask until the words are a duration; what was typed stays to be mended."""
    typed = ""
    while True:
        typed = await desk.question.ask(
            asks,
            placeholder=_DAYS,
            text=typed,
            preview=lambda text: _previewed(desk, sessions, text or _DAYS),
            typed=meant,
        )
        try:
            desk.engine.plan_extension(sessions[0], typed or _DAYS)
        except UsageError:
            continue
        except ConsoleError:
            break
        break
    return typed.strip() or _DAYS


def _previewed(desk: Desk, sessions: Sequence[Session], text: str) -> Cell:
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


def _sum_of(desk: Desk, plans: Sequence[Extension]) -> Cell:
    """Return how many of several would change, and how long the first of them then lasts."""
    needed = [plan.until for plan in plans if not plan.is_needless]
    if not needed:
        return Cell(f"all {len(plans)} already last longer", "noticed")
    left = words.countdown(min(needed), desk.engine.now())
    same = f", {len(plans) - len(needed)} already" if len(needed) < len(plans) else ""
    return Cell(f"{len(needed)} → {left}{same}", "good")


def extension_words(desk: Desk, plan: Extension) -> Cell:
    """Return old → new of the clock that ends first, or that it already lasts longer."""
    now, session = desk.engine.now(), plan.session
    was = words.countdown(plan.ends_at, now, is_unreadable=session.expiry_is_unreadable)
    if plan.is_needless:
        return Cell(f"already lasts longer: {was}", "noticed")
    swept = " (sweep)" if session.is_swept_first else ""
    until = plan.until.astimezone(desk.engine.zone).strftime("%d %b %H:%M")
    return Cell(f"{was}{swept} → {words.countdown(plan.until, now)}  ({until})", "good")


async def delete(desk: Desk, sessions: Sequence[Session], *, hidden: int = 0) -> None:
    """Ask, default No, and move to the trash; over five at once the count must be typed."""
    command = "delete", *(one.address for one in sessions)
    desk.stands_for(*command)
    total = words.size(sum(one.bytes for one in sessions))
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


async def acknowledge(desk: Desk, sessions: Sequence[Session]) -> None:
    """Settle what each of them needs now, until something new happens to it."""
    desk.commands = tuple(("ack", one.address) for one in sessions)
    await each(desk, sessions, desk.engine.acknowledge, "acknowledged")


async def forget(desk: Desk, listing_id: str) -> None:
    """Take a listing off the screen whose folder is gone."""
    desk.stands_for("ack", listing_id)
    await asyncio.to_thread(desk.engine.forget, listing_id)
    desk.question.say(f"{listing_id} is no longer shown", "good")


async def rename(desk: Desk, session: Session, title: str) -> None:
    """Give a session a title, asked for if there is none, if it still has the one shown."""

    def meant(typed: str) -> None:
        desk.stands_for("rename", session.address, *after_dashes(typed.strip()))

    meant(title)
    asks = f"rename {named([session])} to"
    title = title or await desk.question.ask(asks, text=session.title, typed=meant)
    act = await asyncio.to_thread(desk.engine.rename, session, title.strip())
    desk.question.say(act.words, "good")


async def restore(desk: Desk, given: str) -> None:
    """Bring a session back from the trash by its id."""

    def meant(typed: str) -> None:
        desk.stands_for("restore", *typed.split())

    meant(given)
    text = given or await desk.question.ask("restore which id from the trash?", typed=meant)
    act = await asyncio.to_thread(desk.engine.restore, text.strip())
    desk.question.say(act.words, "good")


async def interrupt(desk: Desk, session: Session) -> None:
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
        act = await asyncio.to_thread(desk.engine.interrupt, session)
        desk.question.say(act.words, "good")


async def stop(desk: Desk, session: Session) -> None:
    """Ask, and end the run."""
    desk.stands_for("stop", session.address)
    if await desk.question.confirm(f"stop the run of {named([session])}?"):
        act = await asyncio.to_thread(desk.engine.stop, session)
        desk.question.say(act.words, "good")


async def send(desk: Desk, session: Session, given: str) -> None:
    """Send a prompt to a running agent."""

    def meant(typed: str) -> None:
        prompt = typed.strip()
        desk.stands_for("send", session.address, *(after_dashes(prompt) if prompt else ()))

    meant(given)
    if given:
        await _sent(desk, session, given)
        return
    about = ("send", *session.key)
    with desk.drafts.written(about, again("send", desk.engine.keys)):
        asks = f"send to {named([session])}"
        draft = desk.drafts.text(about)
        await _sent(desk, session, await desk.question.ask(asks, text=draft, typed=meant))


async def _sent(desk: Desk, session: Session, prompt: str) -> None:
    act = await asyncio.to_thread(desk.engine.send, session, prompt)
    desk.question.say(act.words, "good")
