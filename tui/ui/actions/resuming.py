"""Resume and fork from the keys: one prompt line, and before Enter what will be used."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from tui.core.errors import ConsoleError, UsageError
from tui.core.models.session import Session
from tui.operations.context import ActionResult
from tui.operations.running.resume import DEFAULT_PROMPT, RunPlan
from tui.operations.running.start_many import MOST_QUEUED
from tui.ui.actions.action_context import ActionContext, after_dashes, named
from tui.ui.actions.batch_action import each
from tui.ui.actions.disabled_reason import why_not
from tui.ui.actions.prompting import until_taken
from tui.ui.state.drafts import again
from tui.view.text.lines import Cell


async def resume(
    desk: ActionContext,
    session: Session,
    *,
    is_fork: bool = False,
    given: str = "",
    hidden: int = 0,
) -> None:
    """Ask for a prompt and start a run with it; options of the agent may stand before it."""
    words = ("resume", session.address, *(("--fork",) if is_fork else ()))
    stands_for(desk, words, given)
    verb = "fork" if is_fork else "resume"
    work = partial(desk.engine.plan_resume, session, is_fork=is_fork)
    plan = await desk.learn(work, f"looking what a {verb} would use")
    about = (verb, *session.key)

    async def take(line: str) -> None:
        wanted, prompt = desk.engine.with_prompt_line(plan, line)
        start = partial(desk.engine.start, wanted, prompt or DEFAULT_PROMPT)
        desk.started = await desk.do(start, "starting")

    with desk.drafts.written(about, again(verb, desk.engine.keys)):
        await ask_prompt(
            desk,
            plan,
            f"{verb} {named([session], hidden)}",
            given or desk.drafts.text(about),
            take,
            typed=partial(stands_for, desk, words),
            placeholder=DEFAULT_PROMPT,
            warns=plan.warnings,
        )
    done = "forked" if is_fork else "resumed"
    desk.question.say(f"{done} {named([session])}: run {desk.started}", "good")


async def resume_many(
    desk: ActionContext, sessions: Sequence[Session], given: str = "", *, hidden: int = 0
) -> None:
    """Ask once and start a run in each that can be resumed; some wait in the queue for a place."""
    possible = [one for one in sessions if not why_not("resume", one, desk)]
    if not possible:
        raise UsageError(why_not("resume", sessions[0] if sessions else None, desk))
    begun = possible[:MOST_QUEUED]
    others = (word for one in begun[1:] for word in ("--also", one.address))
    words = ("resume", begun[0].address, *others)
    stands_for(desk, words, given)
    plan = await desk.learn(partial(_any_plan, desk, possible), "looking what a resume would use")
    many = len(possible) > desk.engine.max_runs
    queued = f", {desk.engine.max_runs} at once, the others queued" if many else ""
    about = ("resume", "", "")

    def act(session: Session, line: str) -> ActionResult:
        wanted, prompt = desk.engine.with_prompt_line(desk.engine.plan_resume(session), line)
        run_id = desk.engine.start(wanted, prompt or DEFAULT_PROMPT)
        now = desk.engine.now()
        return ActionResult("resume", session.listing, session.session_id, now, run_id)

    async def take(line: str) -> None:
        desk.engine.with_prompt_line(plan, line)
        await each(desk, begun, partial(act, line=line), "resumed")

    with desk.drafts.written(about, again("resume", desk.engine.keys)):
        await ask_prompt(
            desk,
            plan,
            f"resume {named(possible, hidden)}{queued}",
            given or desk.drafts.text(about),
            take,
            typed=partial(stands_for, desk, words),
            placeholder=DEFAULT_PROMPT,
        )
    kept = {one.key for one in sessions} - {one.key for one in begun}
    if kept and desk.failed is not None:
        desk.failed |= kept
        desk.question.say(f"{desk.question.message.text}; {len(kept)} stay marked")


def stands_for(desk: ActionContext, words: Sequence[str], line: str) -> None:
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
    desk: ActionContext,
    plan: RunPlan,
    asks: str,
    given: str,
    take: Callable[[str], Awaitable[None]],
    *,
    typed: Callable[[str], None],
    placeholder: str = "",
    warns: Sequence[str] = (),
) -> None:
    """Ask for a prompt until `take` takes it; what was typed stays to be mended.

    Why it was refused stands there in full; `typed` hears the line at each change.
    """
    await until_taken(
        desk.question,
        asks,
        take,
        text=given,
        refused=_refusal(desk, plan, given),
        placeholder=placeholder,
        preview=lambda text: _previewed(desk, plan, text),
        warns=warns,
        typed=typed,
    )


def _refusal(desk: ActionContext, plan: RunPlan, line: str) -> str:
    try:
        desk.engine.with_prompt_line(plan, line)
    except UsageError as error:
        return f"refused: {error}"
    return ""


def _previewed(desk: ActionContext, plan: RunPlan, text: str) -> Cell:
    """Return what will be used, with the options typed so far."""
    if refused := _refusal(desk, plan, text):
        return Cell(refused, "bad")
    wanted, _ = desk.engine.with_prompt_line(plan, text)
    return Cell(wanted.words, "good" if wanted.agent != plan.agent else "muted")


def _any_plan(desk: ActionContext, sessions: Sequence[Session]) -> RunPlan:
    """Return the plan of the first that can be resumed; raises why the last of them cannot."""
    for one in sessions[:-1]:
        try:
            return desk.engine.plan_resume(one)
        except ConsoleError:
            continue
    return desk.engine.plan_resume(sessions[-1])
