"""The permission requests of a run: asked in its events, answered through its inbox."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import replace
from itertools import count
from typing import Any

from tui.core.text import safe_text
from tui.runs.bounds import ALWAYS_HARMLESS, is_harmless
from tui.runs.command import Command
from tui.runs.happening import Answer, Ask
from tui.runs.journal import Journal, cut

# Whoever allows a command or an edit must have seen it.
_LONGEST = 60_000
_WITHDRAWN = "withdrawn"
# Its permission is the answer itself, which nobody can give for all times.
_QUESTION = "AskUserQuestion"


class Permissions:
    """Open requests, and the tools that were allowed for the rest of this run.

    A request that nobody answers within `timeout_s` is denied, so that a turn cannot wait for
    ever. While a turn runs that a restricted console's prompt began, what acts on the machine is
    asked for each time.
    """

    def __init__(self, journal: Journal, timeout_s: float) -> None:
        self._journal, self._timeout_s = journal, timeout_s
        self._numbers = count(1)
        self._open: dict[str, asyncio.Future[Command]] = {}
        self._always: set[str] = set()
        self._is_restricted = False

    def begin_turn(self, *, is_restricted: bool) -> None:
        """Forget, when a restricted console's prompt begins a turn, what was allowed before it.

        For good: what such a prompt told the agent to do may come in a later turn.
        """
        self._is_restricted = is_restricted
        if is_restricted:
            self._always &= ALWAYS_HARMLESS

    async def ask(self, ask: Ask) -> Answer:
        """Wait for an operator's answer to `ask`."""
        is_harmless_one = is_harmless(ask.tool, ask.input)
        if ask.tool in self._always and (is_harmless_one or not self._is_restricted):
            return Answer("allow")
        # Not to be guessed: an answer posted before the request would keep out the operator's.
        request_id = f"p{next(self._numbers)}-{secrets.token_hex(4)}"
        self._journal.event(
            "permission",
            longest=_LONGEST,
            request_id=request_id,
            tool=ask.tool,
            input=ask.input,
            suggestions=ask.suggestions,
            blocked_path=ask.blocked_path,
        )
        decision, by = _WITHDRAWN, ""
        try:
            answer, by = await self._wait(request_id)
            decision = answer.decision
        finally:
            self._journal.event("answered", request_id=request_id, decision=decision, by=by)
        is_kept = is_harmless_one or not self._is_restricted
        if decision == "always" and ask.tool != _QUESTION and is_kept:
            self._always.add(ask.tool)
        return replace(answer, answers=_as_asked(ask.input, answer.answers))

    @property
    def is_waiting(self) -> bool:
        """Whether a request waits for somebody."""
        return bool(self._open)

    def answer(self, command: Command) -> bool:
        """Settle the request that `command` answers; whether there was one open."""
        waiting = self._open.pop(command.request_id, None)
        if waiting is None or waiting.done():
            return False
        waiting.set_result(command)
        return True

    async def _wait(self, request_id: str) -> tuple[Answer, str]:
        self._open[request_id] = asyncio.get_running_loop().create_future()
        try:
            command = await asyncio.wait_for(self._open[request_id], self._timeout_s)
        except TimeoutError:
            minutes = max(1, round(self._timeout_s / 60))
            return Answer("deny", f"Nobody answered within {minutes} min."), "the clock"
        finally:
            self._open.pop(request_id, None)
        return Answer(command.decision, command.text, command.answers), command.by


def _as_asked(given: Mapping[str, Any], answers: Mapping[str, str]) -> dict[str, str]:
    """Return answers by the agent's own words for its questions, not by those that were shown."""
    asked = given.get("questions")
    dicts = [one for one in asked if isinstance(one, dict)] if isinstance(asked, list) else []
    questions = (one.get("question") for one in dicts)
    words = {safe_text(cut(one, _LONGEST)): one for one in questions if isinstance(one, str)}
    return {words.get(shown, shown): said for shown, said in answers.items()}
