"""Resume and fork from the keys: one prompt line, and before Enter what will be used."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from tui.core.errors import ConsoleError, UsageError
from tui.core.models import Session
from tui.operations.context import Act
from tui.operations.queue import MOST_QUEUED
from tui.operations.resume import DEFAULT_PROMPT, Plan
from tui.ui.desk import Desk, after_dashes, named
from tui.ui.drafts import again
from tui.ui.many import each
from tui.ui.possible import why_not
from tui.view.lines import Cell


async def resume(desk: Desk, session: Session, *, is_fork: bool = False, given: str = "") -> None:
    """Ask for a prompt and start a run with it; options of the agent may stand before it."""
    words = ("resume", session.address, *(("--fork",) if is_fork else ()))
    stands_for(desk, words, given)
    plan = await asyncio.to_thread(desk.engine.plan_resume, session, is_fork=is_fork)
    verb = "fork" if is_fork else "resume"
    asks, warns = f"{verb} {named([session])}", plan.warnings
    about = (verb, *session.key)
    given = given or desk.drafts.text(about)
    with desk.drafts.written(about, again(verb, desk.engine.keys)):
        meant, default = partial(stands_for, desk, words), DEFAULT_PROMPT
        line = await ask_prompt(
            desk, plan, asks, given, typed=meant, placeholder=default, warns=warns
        )
        wanted, prompt = desk.engine.with_prompt_line(plan, line)
        start = partial(desk.engine.start, wanted, prompt or DEFAULT_PROMPT)
        desk.started = await asyncio.to_thread(start)
    done = "forked" if is_fork else "resumed"
    desk.question.say(f"{done} {named([session])}: run {desk.started}", "good")


async def resume_many(desk: Desk, sessions: Sequence[Session], given: str = "") -> None:
    """Ask once and start a run in each that can be resumed; some wait in the queue for a place."""
    possible = [one for one in sessions if not why_not("resume", one, desk)]
    if not possible:
        raise UsageError(why_not("resume", sessions[0], desk))
    begun = possible[:MOST_QUEUED]
    others = (word for one in begun[1:] for word in ("--also", one.address))
    words = ("resume", begun[0].address, *others)
    stands_for(desk, words, given)
    plan = await asyncio.to_thread(_any_plan, desk, possible)
    most = desk.engine.max_runs
    queued = f", {most} at once, the others queued" if len(possible) > most else ""
    asks = f"resume {named(possible)}{queued}"
    about = ("resume", "", "")
    with desk.drafts.written(about, again("resume", desk.engine.keys)):
        line = given or desk.drafts.text(about)
        meant = partial(stands_for, desk, words)
        line = await ask_prompt(desk, plan, asks, line, typed=meant, placeholder=DEFAULT_PROMPT)

    def act(session: Session) -> Act:
        own = desk.engine.plan_resume(session)
        wanted, prompt = desk.engine.with_prompt_line(own, line)
        run_id = desk.engine.start(wanted, prompt or DEFAULT_PROMPT)
        return Act("resume", session.listing, session.session_id, desk.engine.now(), run_id)

    await each(desk, begun, act, "resumed")
    kept = {one.key for one in sessions} - {one.key for one in begun}
    if kept and desk.failed is not None:
        desk.failed |= kept
        desk.question.say(f"{desk.question.message.text}; {len(kept)} stay marked")


def stands_for(desk: Desk, words: Sequence[str], line: str) -> None:
    """Take note that a verb with these words and this prompt line does what is asked for now."""
    desk.stands_for(*words, *spelled(line))


def spelled(line: str) -> tuple[str, ...]:
    """Return a prompt line as the words of a command: its options, and the prompt as one word."""
    words: list[str] = []
    rest = line.strip()
    while rest.startswith("--"):
        name, _, rest = rest.partition(" ")
        if name == "--":
            break
        value, _, rest = rest.lstrip().partition(" ")
        words += [name, value]
        rest = rest.lstrip()
    prompt = rest.strip()
    return (*words, *(after_dashes(prompt) if prompt else ()))


async def ask_prompt(
    desk: Desk,
    plan: Plan,
    asks: str,
    given: str,
    *,
    typed: Callable[[str], None],
    placeholder: str = "",
    warns: Sequence[str] = (),
) -> str:
    """Ask until the options before the prompt are such; what was typed stays to be mended.

    Why they are not stands there in full; `typed` hears the line at each change.
    """
    line, refused = given, _refusal(desk, plan, given)
    while True:
        line = await desk.question.ask(
            asks,
            placeholder=placeholder,
            text=line,
            preview=lambda text: _previewed(desk, plan, text),
            warns=warns,
            typed=typed,
            refused=refused,
        )
        refused = _refusal(desk, plan, line)
        if not refused:
            return line


def _refusal(desk: Desk, plan: Plan, line: str) -> str:
    try:
        desk.engine.with_prompt_line(plan, line)
    except UsageError as error:
        return f"refused: {error}"
    return ""


def _previewed(desk: Desk, plan: Plan, text: str) -> Cell:
    """Return what will be used, with the options typed so far."""
    if refused := _refusal(desk, plan, text):
        return Cell(refused, "bad")
    wanted, _ = desk.engine.with_prompt_line(plan, text)
    return Cell(wanted.words, "good" if wanted.agent != plan.agent else "muted")


def _any_plan(desk: Desk, sessions: Sequence[Session]) -> Plan:
    """Return the plan of the first that can be resumed; raises why the last of them cannot."""
    for one in sessions[:-1]:
        try:
            return desk.engine.plan_resume(one)
        except ConsoleError:
            continue
    return desk.engine.plan_resume(sessions[-1])
