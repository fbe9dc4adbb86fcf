"""Asks for the note of the sessions that `note` is about, with the present one for editing."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from tui.core.models.session import Session
from tui.core.sessions.annotations import LONGEST_NOTE
from tui.core.text.safe_text import one_line
from tui.ui.actions.action_context import (
    MANY,
    ActionContext,
    after_dashes,
    is_sure,
    named,
    require_some,
)
from tui.ui.actions.outcome import Commands, Outcome, done_by
from tui.ui.actions.prompting import until_taken
from tui.ui.actions.sessions.batch_action import each
from tui.view.text.lines import Cell


async def note(
    context: ActionContext,
    sessions: Sequence[Session],
    given: str | None = None,
    *,
    hidden: int = 0,
) -> Outcome:
    """Write a note, asked for if missing or on many, on each session that has the one shown.

    An empty one clears theirs.
    """
    require_some(sessions)
    notes = {one.note for one in sessions}

    def commands(typed: str) -> Commands:
        words = after_dashes(typed.strip())
        return tuple(("note", one.address, *words) for one in sessions)

    async def take(typed: str) -> Outcome:
        if len(sessions) > MANY:
            asks = f"{'note on' if typed.strip() else 'clear the note of'} {named(sessions)}"
            if not await is_sure(context, asks, len(sessions), "note"):
                return Outcome("nothing noted", commands=())
        write = partial(context.engine.as_one_act().note, text=typed.strip())
        flow = each(context, sessions, write, "noted", already="had that note already")
        return await done_by(commands(typed), flow)

    if given is not None and len(sessions) == 1:
        return await take(given)
    return await until_taken(
        context.question,
        f"note on {named(sessions, hidden)}",
        take,
        text=given if given is not None else next(iter(notes)) if len(notes) == 1 else "",
        preview=lambda typed: _previewed(sessions, one_line(typed)),
        commands=commands,
    )


def _previewed(sessions: Sequence[Session], content: str) -> Cell:
    """Return what becomes of the notes there are, or by how much the new one is too long."""
    others = sum(bool(one.note) for one in sessions)
    if over := max(0, len(content) - LONGEST_NOTE):
        return Cell(f"? {over} characters too long", "bad")
    if not content:
        return Cell(f"clears {others}", "noticed") if others else Cell("empty clears it", "muted")
    return Cell(f"replaces {others}" if others else "", "muted")
