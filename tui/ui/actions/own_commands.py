"""The flow of a key that runs one of the operator's own commands."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from tui.core.console.own_command import OwnCommand
from tui.core.models.session import Session
from tui.core.text.safe_text import one_line
from tui.core.values import replace
from tui.operations.own_command import CommandOutput
from tui.ui.actions.action_context import ActionContext
from tui.ui.actions.outcome import Outcome
from tui.ui.leaving import LeftRunning
from tui.ui.threads import in_background


async def run(
    context: ActionContext, command: OwnCommand, session: Session | None, listing: str
) -> Outcome:
    """Ask unless it is to be run at once, run it in a thread, and show what it said.

    Esc leaves it running; how it ended is then shown as a message. One that does not ask runs once
    at a time: a key that is held down repeats itself.
    """
    if command.asks:
        return await _run(context, command, session, listing)
    if command.name in context.running:
        return Outcome(f"{command.name} still runs: it was not run again", is_brief=True)
    with _running(context, command.name):
        outcome = await _run(context, command, session, listing)
        more = context.question.drop_typed(command.key)
    said = f"not run again for {command.key} pressed meanwhile" if more else ""
    return replace(outcome, message="; ".join(filter(None, (outcome.message, said))))


@contextmanager
def _running(context: ActionContext, name: str) -> Iterator[None]:
    """Note that a command runs, also when its operator has left it."""
    context.running.add(name)
    try:
        yield
    except LeftRunning as left:
        left.work.add_done_callback(lambda _: context.running.discard(name))
        raise
    except BaseException:
        context.running.discard(name)
        raise
    context.running.discard(name)


async def _run(
    context: ActionContext, command: OwnCommand, session: Session | None, listing: str
) -> Outcome:
    engine = context.engine
    planning = partial(engine.plan_command, command, session, listing)
    plan = await context.learn(planning, command.name)
    asks = f"run {one_line(shlex.join(plan.argv))}?"
    if command.asks and not await context.question.confirm(asks):
        return Outcome("nothing done")

    def later(task: asyncio.Future[CommandOutput]) -> None:
        error = task.exception()
        is_good = error is None and task.result().is_good
        told = _message(task.result()) if error is None else str(error)
        context.news.tell(told, "good" if is_good else "bad")

    running = in_background(partial(engine.run_command, plan))
    done = await context.question.wait_for(running, lambda: command.name, later)
    if len(done.lines) > 1:
        context.pages.open(done.words, done.lines)
        return Outcome("" if done.is_good else done.words, _style(done), commands=())
    return Outcome(_message(done), _style(done), commands=())


def _style(done: CommandOutput) -> str:
    return "good" if done.is_good else "bad"


def _message(done: CommandOutput) -> str:
    """Return how a command ended, with its last line of output."""
    return ": ".join((done.words, *(one_line(line) for line in done.lines[-1:])))
