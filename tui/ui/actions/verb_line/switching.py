"""Switches the model or the permission mode of running agents; before many it asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from tui.core.models.session import Session
from tui.core.permission_modes import allows, is_permissive
from tui.core.text.safe_text import one_line
from tui.operations.context import VerbInfo
from tui.ui.actions.action_context import MANY, ActionContext, is_sure, named
from tui.ui.actions.outcome import Outcome, asked_by
from tui.ui.actions.sessions.steering import (
    left_out,
    steerable_of,
    takes_none,
    why_left,
)
from tui.ui.actions.verb_line import run_verb
from tui.view.panes.session_cells import model_of

_MOST_NAMED = 3


async def model(
    context: ActionContext,
    info: VerbInfo,
    sessions: Sequence[Session],
    words: tuple[str, ...],
    *,
    hidden: int = 0,
) -> Outcome:
    """Give the agents another model: `words` are those after the sessions."""
    possible = steerable_of(context, sessions)
    now = _counted(model_of(one) for one in possible)
    asks = f"{_named(info, sessions, possible, words, hidden)}? now {now}"
    return await _switch(context, info, sessions, possible, words, asks=asks)


async def mode(
    context: ActionContext,
    info: VerbInfo,
    sessions: Sequence[Session],
    words: tuple[str, ...],
    *,
    hidden: int = 0,
) -> Outcome:
    """Give the agents another permission mode; the question says what it lets them do.

    One that lets them act unasked is asked about for a single agent too.
    """
    possible = steerable_of(context, sessions)
    name = " ".join(words)
    asks = f"{_named(info, sessions, possible, words, hidden)}? {allows(name)}"
    must_ask = bool(allows(name)) and is_permissive(name)
    return await _switch(context, info, sessions, possible, words, asks=asks, must_ask=must_ask)


async def _switch(
    context: ActionContext,
    info: VerbInfo,
    sessions: Sequence[Session],
    possible: Sequence[Session],
    words: tuple[str, ...],
    *,
    asks: str,
    must_ask: bool = False,
) -> Outcome:
    calls = [(one, (info.name, one.address, *words)) for one in possible]
    if len(sessions) > 1 or must_ask:
        most = 1 if must_ask else MANY
        with asked_by(tuple(argv for _, argv in calls)):
            if not await is_sure(context, asks, len(possible), "switch", most_untyped=most):
                return Outcome(f"no {info.name} was changed")
    return await run_verb.say(context, info, calls, why_left(context, sessions, takes_none))


def _named(
    info: VerbInfo,
    sessions: Sequence[Session],
    possible: Sequence[Session],
    words: tuple[str, ...],
    hidden: int,
) -> str:
    name = one_line(" ".join(words))[:40]
    return f"{info.name} {name} for {named(possible, hidden)}{left_out(sessions, possible)}"


def _counted(names: Iterable[str]) -> str:
    """Return how many have each of these, the most frequent first."""
    counts = Counter(name or "unknown" for name in names).most_common()
    told = [f"{name} ×{count}" if count > 1 else name for name, count in counts[:_MOST_NAMED]]  # noqa: RUF001 (the sign of times)
    return ", ".join([*told, *(["..."] if len(counts) > _MOST_NAMED else [])])
