"""Resume and fork: one prompt line, with a preview of the options that will be used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from itertools import takewhile

from tui.core.console.disabled_reason import not_resumable
from tui.core.errors import ConsoleError, Refused, UsageError
from tui.core.explanation import Explanation
from tui.core.models.session import Liveness, Session
from tui.core.values import replace
from tui.operations.context import ActionResult
from tui.operations.running.prompt_line import first_word
from tui.operations.running.resume import DEFAULT_PROMPT, RunPlan, planned_session
from tui.operations.running.start_many import MOST_QUEUED
from tui.ui.actions.action_context import ActionContext, after_dashes, named
from tui.ui.actions.outcome import Commands, Outcome, asked_by, done_by
from tui.ui.actions.prompting import until_taken
from tui.ui.actions.sessions.batch_action import each
from tui.ui.actions.sessions.steering import possible_of, why_left
from tui.ui.engine.engine import Engine
from tui.ui.state.drafts import again
from tui.view.text.lines import Cell


async def resume(
    context: ActionContext,
    session: Session,
    *,
    is_fork: bool = False,
    at: str = "",
    marked: str = "",
    given: str = "",
    hidden: int = 0,
) -> Outcome:
    """Ask for a prompt, behind agent options, and start a run with it.

    A fork begins at the entry `at`, if any; `marked` is the one in Live.
    """
    asked = (*(("--fork",) if is_fork else ()), *(("--at", at) if at else ()))
    words, verb, done, where = ("resume", session.address, *asked), "resume", "resumed", ""
    if is_fork:
        verb, done, where = "fork", "forked", f" {_begins(at, marked)}"
    work = partial(context.engine.plan_resume, session, is_fork=is_fork, at=at)
    with asked_by(((*words, *spelled(given)),)):
        plan = await context.learn(work, f"checking what a {verb} would use")

    async def take(line: str) -> Outcome:
        wanted, prompt = context.engine.with_prompt_line(plan, line)
        with in_sight(context, wanted, prompt or DEFAULT_PROMPT, session):
            start = partial(_started, context, wanted, prompt or DEFAULT_PROMPT)
            run_id, said = await context.do(start, "starting")
        return Outcome(f"{done} {named([session])}{where}: {said}", "good", started=run_id)

    with _typing(context, about := (verb, *session.key)):
        return await ask_prompt(
            context,
            plan,
            f"{verb} {named([session], hidden)}{where}{_other_way(at, marked) * is_fork}",
            given or context.drafts.text(about),
            take,
            words=words,
            placeholder=DEFAULT_PROMPT,
            warns=plan.warnings,
        )


@contextmanager
def _typing(context: ActionContext, about: tuple[str, str, str]) -> Iterator[None]:
    """Keep what is typed as a draft, and have a runner ready for when it is sent."""
    way = again(about[0], context.engine.keys)
    with context.engine.runner_expected(), context.drafts.written(about, way):
        yield


async def resume_many(
    context: ActionContext, sessions: Sequence[Session], given: str = "", *, hidden: int = 0
) -> Outcome:
    """Ask once and start a run in each session that can be resumed; some wait in the queue.

    The question says how many of them a resume would lack something, and what.
    """
    possible = possible_of(context, sessions, not_resumable)
    begun, left = possible[:MOST_QUEUED], why_left(context, sessions, not_resumable)
    left |= {one.key: f"only {MOST_QUEUED} may wait at once" for one in possible[MOST_QUEUED:]}
    others = (word for one in begun[1:] for word in ("--also", one.address))
    words = ("resume", begun[0].address, *others)
    with asked_by(((*words, *spelled(given)),)):
        work = partial(_plans, context, begun)
        plan, warns = await context.learn(work, "checking what a resume would use")
    about, way = ("resume", "", ""), again("resume", context.engine.keys)

    async def take(line: str) -> Outcome:
        _, prompt = context.engine.with_prompt_line(plan, line)
        act = partial(_start_one, context.engine.as_one_act(), line, together=len(begun))
        with ExitStack() as shown:
            for one in begun:
                shown.enter_context(context.sent.sending(one, prompt or DEFAULT_PROMPT))
            sum_of, failed = partial(_sum_of, context), context.sent.take_back
            outcome = await each(
                context, begun, act, "resumed", sum_of=sum_of, failed=failed, left=left
            )
        return replace(outcome, is_brief=len(begun) > 1 and not outcome.failed)

    with context.drafts.written(about, way, [one.key for one in begun]):
        return await ask_prompt(
            context,
            plan,
            _asks(context, begun, len(left), hidden),
            given or context.drafts.text(about),
            take,
            words=words,
            placeholder=DEFAULT_PROMPT,
            warns=warns,
        )


def _asks(context: ActionContext, sessions: Sequence[Session], left: int, hidden: int) -> str:
    """Return what resuming many asks: how many, how many are left out, and how many must wait."""
    most = context.engine.max_runs
    cannot = f" ({left} cannot be: left out)" if left else ""
    queued = f", {most} at once, the rest queued" if len(sessions) > most else ""
    return f"resume {named(sessions, hidden)}{cannot}{queued}"


def _begins(at: str, marked: str) -> str:
    """Return where a fork begins, as the question and the message about it say."""
    if not at:
        return "from its end"
    return "from the marked entry" if at == marked else "from an earlier entry"


def _other_way(at: str, marked: str) -> str:
    return ", not from the marked entry (`--at here`)" if marked and not at else ""


def _start_one(engine: Engine, line: str, session: Session, *, together: int) -> ActionResult:
    wanted, prompt = engine.with_prompt_line(engine.plan_resume(session), line)
    run_id = engine.start(replace(wanted, together=together), prompt or DEFAULT_PROMPT)
    name, own, now = session.listing, session.session_id, engine.now()
    return ActionResult(kind="resume", listing=name, session_id=own, at=now, words=run_id)


def _started(context: ActionContext, plan: RunPlan, prompt: str) -> tuple[str, str]:
    """Start a run; return its id, and how the message names it and says that it waits."""
    run_id = context.engine.start(plan, prompt)
    return run_id, f"run {run_id}" if _begun(context, [run_id]) else f"run {run_id}, queued"


def _sum_of(context: ActionContext, acts: Sequence[ActionResult]) -> str:
    """Return how many of the runs just started work, and how many wait; empty if none waits."""
    begun = _begun(context, [act.words for act in acts])
    waiting = len(acts) - begun
    return f"{len(acts)} asked: {begun} started, {waiting} queued" if waiting else ""


def _begun(context: ActionContext, run_ids: Sequence[str]) -> int:
    """Return how many of the runs just started did not have to queue, as far as is known now.

    First come, first served: behind one that waits, all wait, if it is not known of them yet.
    """
    most = context.engine.max_runs or len(run_ids)
    try:
        sessions = context.engine.look().sessions
    except ConsoleError:
        return min(len(run_ids), most)
    queued = (one.run for one in sessions if one.liveness is Liveness.QUEUED)
    waiting = {run.run_id for run in queued if run is not None}
    if any(one < min(run_ids, default="") for one in waiting):
        return 0
    return min(len([*takewhile(lambda one: one not in waiting, run_ids)]), most)


def in_sight(
    context: ActionContext, plan: RunPlan, prompt: str, session: Session | None = None
) -> AbstractContextManager[None]:
    """Show at once a prompt that is being sent: in its session, or in the one that it begins."""
    if plan.mode == "resume" and session is not None:
        return context.sent.sending(session, prompt)
    by, now = context.engine.operator, context.engine.now()
    return context.sent.beginning(planned_session(plan, prompt, by, now))


def spelled(line: str) -> tuple[str, ...]:
    """Return a prompt line as arguments: its options, and the prompt as one argument."""
    words: list[str] = []
    rest = line.strip()
    while rest.startswith("--"):
        name, rest = first_word(rest)
        if name == "--":
            break
        value, rest = first_word(rest)
        words += [name, value]
    prompt = rest.strip()
    return (*words, *(after_dashes(prompt) if prompt else ()))


async def ask_prompt(
    context: ActionContext,
    plan: RunPlan,
    asks: str,
    given: str,
    take: Callable[[str], Awaitable[Outcome]],
    *,
    words: tuple[str, ...],
    placeholder: str = "",
    warns: Sequence[Explanation] = (),
) -> Outcome:
    """Ask for a prompt until `take` accepts it; what was typed stays for correction.

    The reason for a refusal is shown in full. The line is the last of the `words` of a command.
    """

    def commands(line: str) -> Commands:
        return ((*words, *spelled(line)),)

    return await until_taken(
        context.question,
        asks,
        context.drafts.taking(lambda line: done_by(commands(line), take(line))),
        text=given,
        refused=_refusal(context, plan, given),
        placeholder=placeholder,
        preview=lambda text: _previewed(context, plan, text),
        warns=warns,
        commands=commands,
        has_lines=True,
    )


def _refusal(context: ActionContext, plan: RunPlan, line: str) -> str:
    try:
        context.engine.with_prompt_line(plan, line)
    except (Refused, UsageError) as error:
        return f"refused: {error}"
    return ""


def _previewed(context: ActionContext, plan: RunPlan, text: str) -> Cell:
    """Return what will be used, with the options typed so far."""
    if refused := _refusal(context, plan, text):
        return Cell(refused, "bad")
    wanted, _ = context.engine.with_prompt_line(plan, text)
    return Cell(wanted.words, "good" if wanted.agent != plan.agent else "muted")


def _plans(
    context: ActionContext, sessions: Sequence[Session]
) -> tuple[RunPlan, tuple[Explanation, ...]]:
    """Return the plan of the first that can be resumed, and how many are warned of what.

    Raises the reason of the last where none can be.
    """
    plans = list[RunPlan]()
    for one in sessions:
        try:
            plans.append(context.engine.plan_resume(one))
        except ConsoleError:
            if one is sessions[-1] and not plans:
                raise
    counts = Counter(warning for plan in plans for warning in dict.fromkeys(plan.warnings))
    warns = (
        replace(one, words=f"{count} of {len(sessions)} {one.words}")
        for one, count in counts.most_common()
    )
    return plans[0], tuple(warns) if len(sessions) > 1 else plans[0].warnings
