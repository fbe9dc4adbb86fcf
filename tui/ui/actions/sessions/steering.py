"""The flows that steer running agents, one or many: interrupt, stop, follow-up prompts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial

from tui.core.console.disabled_reason import (
    SignOf,
    WhyNot,
    not_interruptible,
    not_steerable,
    not_stoppable,
)
from tui.core.errors import UsageError
from tui.core.models.session import Key, Session
from tui.core.sessions.batches import SentToMany
from tui.core.text.safe_text import cut, one_line
from tui.operations.context import ActionResult
from tui.ui.actions.action_context import (
    MANY,
    ActionContext,
    after_dashes,
    is_sure,
    named,
    require_some,
)
from tui.ui.actions.outcome import Commands, Outcome, asked_by, done_by
from tui.ui.actions.prompting import until_taken
from tui.ui.actions.sessions.batch_action import each
from tui.ui.engine.engine import Engine
from tui.ui.leaving import Cancelled
from tui.ui.state.drafts import again
from tui.view.text.lines import Cell

_QUOTED = 40


async def interrupt(
    context: ActionContext, sessions: Sequence[Session], *, hidden: int = 0
) -> Outcome:
    """Ask, and interrupt the turn of each; the question says where another program runs it."""
    possible = possible_of(context, sessions, not_interruptible)
    command = _command("interrupt", possible)
    foreign = [one for one in possible if _is_foreign(one)]
    named_all = f"{named(possible, hidden)}{left_out(sessions, possible)}"
    if not foreign:
        asks = f"interrupt the turn{'s' if len(possible) > 1 else ''} of {named_all}?"
    elif len(possible) == 1 and (process := foreign[0].process) is not None:
        whose = f"pid {process.pid}, run by another program"
        asks = f"interrupt {named_all} ({whose})? this may end all of its work"
    else:
        whose = f"{len(foreign)} of them run by other programs"
        asks = f"interrupt {named_all} ({whose})? this may end all of their work"
    most = 1 if foreign else MANY
    with asked_by((command,)):
        if not await is_sure(context, asks, len(possible), "interrupt", most_untyped=most):
            return Outcome(commands=(command,))
    act, sure = context.engine.at_one_moment().interrupt, ("--yes",) if foreign else ()
    words, left = (
        ("interrupting", "interrupts sent"),
        why_left(context, sessions, not_interruptible),
    )
    flow = _each(context, possible, act, words, left)
    return await done_by(((*command, *sure),), flow)


async def stop(context: ActionContext, sessions: Sequence[Session], *, hidden: int = 0) -> Outcome:
    """Ask, and end the run of each; the question says how many prompts are then never sent."""
    possible = possible_of(context, sessions, not_stoppable)
    commands = (_command("stop", possible),)
    runs = "runs" if len(possible) > 1 else "run"
    asks = f"stop the {runs} of {named(possible, hidden)}{left_out(sessions, possible)}?"
    asks += _loses(possible)
    with asked_by(commands):
        if not await is_sure(context, asks, len(possible), "stop"):
            return Outcome(commands=commands)
    act = context.engine.at_one_moment().stop
    left = why_left(context, sessions, not_stoppable)
    flow = _each(context, possible, act, ("stopping", "stops sent"), left)
    return await done_by(commands, flow)


def _loses(sessions: Sequence[Session]) -> str:
    """Return how many prompts wait for the turns that a stop ends."""
    runs = [one.run for one in sessions if one.run is not None and not one.run.is_over]
    waiting = sum(sent.kind == "prompt" for run in runs for sent in run.sent)
    what = "1 prompt waits" if waiting == 1 else f"{waiting} prompts wait"
    return f" {what} and will not be sent" if waiting else ""


async def send(
    context: ActionContext, sessions: Sequence[Session], given: str, *, hidden: int = 0
) -> Outcome:
    """Send a prompt to running agents; one that was given is asked about before many get it."""
    possible = steerable_of(context, sessions)
    whom = f"{named(possible, hidden)}{left_out(sessions, possible)}"

    def commands(typed: str) -> Commands:
        prompt = typed.strip()
        return ((*_command("send", possible), *(after_dashes(prompt) if prompt else ())),)

    async def post(typed: str, *, is_asked: bool) -> Outcome:
        if not typed.strip():
            raise UsageError("nothing sent: a follow-up needs a prompt; Esc: cancel")
        if len(possible) > MANY or (len(sessions) > 1 and not is_asked):
            asks = f'send "{cut(one_line(typed), _QUOTED)}" to {whom}?'
            if not await is_sure(context, asks, len(possible), "send it to"):
                raise Cancelled("nothing sent")
        return await _post(context, sessions, possible, typed)

    async def take(typed: str) -> Outcome:
        return await done_by(commands(typed), post(typed, is_asked=not given))

    if given:
        return await take(given)
    about = ("send", *(possible[0].key if len(possible) == 1 else ("", "")))
    many = [one.key for one in possible] if len(possible) > 1 else []
    with context.drafts.written(about, again("send", context.engine.keys), many):
        return await until_taken(
            context.question,
            f"send to {whom}",
            context.drafts.taking(take),
            text=context.drafts.text(about),
            preview=partial(_previewed, len(possible)) if len(possible) > 1 else None,
            commands=commands,
            has_lines=True,
        )


async def _post(
    context: ActionContext, sessions: Sequence[Session], possible: Sequence[Session], prompt: str
) -> Outcome:
    """Send a prompt, which each of the sessions shows at once; what was not sent is taken back."""
    engine, at = context.engine.at_one_moment(), context.engine.now()
    act, left = partial(_sent, engine, prompt=prompt), why_left(context, sessions, takes_none)
    with ExitStack() as shown:
        for one in possible:
            shown.enter_context(context.sent.sending(one, prompt))
        words, failed = ("sending", "prompts sent"), context.sent.take_back
        outcome = await _each(context, possible, act, words, left, failed=failed)
    if len(sessions) > 1:
        posted = [one for one in possible if one.key not in (outcome.failed or ())]
        context.sent.many = SentToMany.of(posted, prompt, engine.operator, at)
    return outcome


def _sent(engine: Engine, session: Session, *, prompt: str) -> ActionResult:
    return engine.send(session, prompt)


def _previewed(count: int, typed: str) -> Cell:
    return Cell(f"each of the {count} starts a turn with it", "muted")


def steerable_of(context: ActionContext, sessions: Sequence[Session]) -> tuple[Session, ...]:
    """Return those of the sessions whose agent takes commands; raises as `possible_of`.

    A single one is left to the engine, which says more of why it takes none.
    """
    return possible_of(context, sessions, takes_none if len(sessions) > 1 else not_steerable)


def takes_none(session: Session, sign_of: SignOf) -> str:
    """Return why an agent takes no commands, also of one that another program runs."""
    is_foreign = session.is_live and not _is_ours(session)
    why = "another program runs it, which takes no commands" if is_foreign else ""
    return not_steerable(session, sign_of) or why


def possible_of(
    context: ActionContext, sessions: Sequence[Session], why_not: WhyNot
) -> tuple[Session, ...]:
    """Return those of the sessions on which it is possible now.

    Raises `UsageError`, with the reason of the first, when there are none.
    """
    require_some(sessions)
    sign_of = context.engine.keys.sign
    possible = tuple(one for one in sessions if not why_not(one, sign_of))
    if not possible:
        raise UsageError(why_not(sessions[0], sign_of))
    return possible


def why_left(
    context: ActionContext, sessions: Sequence[Session], why_not: WhyNot
) -> dict[Key, str]:
    """Return those of several on which it is not possible now, and why."""
    sign_of = context.engine.keys.sign
    reasons = {one.key: why_not(one, sign_of) for one in sessions} if len(sessions) > 1 else {}
    return {key: why for key, why in reasons.items() if why}


def left_out(sessions: Sequence[Session], possible: Sequence[Session]) -> str:
    """Return how a question names those on which it is not possible."""
    count = len(sessions) - len(possible)
    return f" ({count} without a running agent: left out)" if count else ""


async def _each(
    context: ActionContext,
    possible: Sequence[Session],
    act: Callable[[Session], ActionResult],
    words: tuple[str, str],
    left: Mapping[Key, str],
    *,
    failed: Callable[[Iterable[Key]], None] = lambda _: None,
) -> Outcome:
    """Do it to each that is possible; `words`: for one, for many.

    `left` and `failed` are as for `each`.
    """
    if len(possible) == 1 and not left:
        done = await context.do(partial(act, possible[0]), words[0])
        return Outcome(done.words, "good", failed=frozenset())
    return await each(context, possible, act, words[1], failed=failed, left=left)


def _command(verb: str, sessions: Sequence[Session]) -> tuple[str, ...]:
    return (verb, *(one.address for one in sessions))


def _is_ours(session: Session) -> bool:
    """Whether one of our runs, which takes commands, runs it."""
    return session.run is not None and not session.run.is_over


def _is_foreign(session: Session) -> bool:
    """Whether a proven process of another program runs it."""
    return session.process is not None and not _is_ours(session)
