"""Answering an agent: a permission with all that it is for in sight, or its questions in turn."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from tui.core.asking import Asked, questions, request_lines
from tui.core.errors import UsageError
from tui.core.models import Request, Session
from tui.operations.context import Act
from tui.ui.desk import Desk, after_dashes
from tui.view.lines import Cell

_DECISIONS = {"y": "allow", "a": "always", "n": "deny"}


async def answer(desk: Desk, session: Session, given: Sequence[str] = ()) -> None:
    """Answer what waits; `given` is a decision and its reason, or the answer to a question."""
    request = session.run.request if session.run else None
    if request is None:
        raise UsageError("no permission request waits here")
    desk.stands_for("answer", session.address)
    if given and questions(request):
        desk.stands_for("answer", session.address, *after_dashes(" ".join(given)))
        act = await asyncio.to_thread(desk.engine.answer, session, " ".join(given), "")
    elif given:
        desk.stands_for("answer", session.address, given[0], *_because(" ".join(given[1:])))
        act = await asyncio.to_thread(desk.engine.answer, session, given[0], " ".join(given[1:]))
    elif asked := questions(request):
        act = await _answer_questions(desk, session, asked)
    else:
        act = await _decide(desk, session, request)
    desk.question.say(act.words, "good")


async def _answer_questions(desk: Desk, session: Session, asked: Sequence[Asked]) -> Act:
    """Ask each question of the agent in the line."""
    said: list[str] = []
    for number, one in enumerate(asked, 1):
        count = f"{number}/{len(asked)} " if len(asked) > 1 else ""
        offered = " · ".join(f"{index} {words}" for index, words in enumerate(one.options, 1))
        many = " (several: 1,2)" if one.takes_many else ""
        asks, placeholder = f"{count}{one.words}  {offered}{many}", "a number, or your own words"
        preview = partial(_chosen, one)
        meant = partial(_stands_for, desk, session, tuple(said))
        said.append(
            await desk.question.ask(asks, placeholder=placeholder, preview=preview, typed=meant)
        )
    return await asyncio.to_thread(desk.engine.answer_questions, session, said)


def _stands_for(desk: Desk, session: Session, said: Sequence[str], typed: str) -> None:
    answers = "; ".join([*said, *([typed] if typed.strip() else [])])
    desk.stands_for("answer", session.address, *(after_dashes(answers) if answers else ()))


def _chosen(asked: Asked, text: str) -> Cell:
    """Return what an answer means, while it is typed."""
    if not text.strip():
        return Cell("")
    try:
        return Cell(f"→ {asked.answer(text)}", "good")
    except UsageError as error:
        return Cell(str(error), "bad")


async def _decide(desk: Desk, session: Session, request: Request) -> Act:
    """Ask for a decision; a request of several lines is a key away, whole."""
    lines = request_lines(request)
    choices = {"y": "once", "a": f"always for {request.tool} in this run", "n": "deny"}
    if len(lines) > 1:
        choices["l"] = f"all {len(lines)} lines"
    while True:
        key = await desk.question.choose(f"{request.tool} {' '.join(lines)}", choices)
        if key != "l":
            break
        await desk.show_page(f":answer {request.tool}", lines)

    def meant(reason: str) -> None:
        desk.stands_for("answer", session.address, _DECISIONS[key], *_because(reason))

    meant("")
    asks, reason = "deny: why? (the agent reads it)", ""
    if key == "n":
        reason = await desk.question.ask(asks, typed=meant)
    return await asyncio.to_thread(desk.engine.answer, session, _DECISIONS[key], reason)


def _because(reason: str) -> tuple[str, ...]:
    return (f"--reason={reason}",) if reason else ()
