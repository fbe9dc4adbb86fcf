"""The questions of an agent, and what the answers to them mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tui.core.errors import Refused, UsageError
from tui.core.models.permission_request import PermissionRequest
from tui.core.text.visible_escapes import revealed

QUESTION = "AskUserQuestion"
PLAN = "ExitPlanMode"


@dataclass(frozen=True, slots=True)
class AgentQuestion:
    """One question of an agent: `asks` is how it worded it, `words` what can be shown of that.

    `options` are the labels of what it offers; any other words may be said too. `given` is all that
    it told of the question.
    """

    words: str
    asks: str
    options: tuple[str, ...]
    takes_many: bool
    given: Mapping[str, Any]

    def answer(self, said: str) -> str:
        """Return the answer that a number, or words, mean; raises `UsageError`."""
        parts = said.split(",") if self.takes_many else [said]
        chosen = [self._option(part.strip()) for part in parts if part.strip()]
        if not chosen:
            raise UsageError(f"no answer to: {self.words}")
        return ", ".join(chosen)

    def _option(self, said: str) -> str:
        if said.isdecimal() and said.isascii() and len(said) < 3:
            if not 0 < int(said) <= len(self.options):
                raise UsageError(f"there is no option {said}: {self.words}")
            return self.options[int(said) - 1]
        if said in self.options:
            return said
        same = (one for one in self.options if one.lower() == said.lower())
        return next(same, said)


def questions(request: PermissionRequest) -> tuple[AgentQuestion, ...]:
    """Return what an agent wants to know; nothing when it asks for a permission."""
    return asked_in(request.tool, request.input)


def asked_in(tool: str, given: Mapping[str, Any]) -> tuple[AgentQuestion, ...]:
    """Return the questions that a call of a tool asks."""
    if tool != QUESTION:
        return ()
    return tuple(_asked(one) for one in _mappings(given.get("questions")))


def plan_in(tool: str, given: Mapping[str, Any]) -> str:
    """Return the plan that a call of a tool wants approved; empty when it has none."""
    plan = given.get("plan") if tool == PLAN else None
    return plan if isinstance(plan, str) and plan.strip() else ""


def answers(asked: Sequence[AgentQuestion], said: Sequence[str]) -> dict[str, str]:
    """Return the answers to an agent's questions by their words, as the CLI wants them.

    `said` has one for each, a number or words of an option, several with commas where it takes
    many, or words of one's own. Raises `UsageError`, and `Refused` for questions of the same words:
    the CLI would hear one answer for all of them.
    """
    if len({one.asks for one in asked}) < len(asked):
        raise Refused("two of its questions have the same words: it can only be denied")
    if len(said) != len(asked):
        count = f"{len(asked)} answers" if len(asked) != 1 else "one answer"
        raise UsageError(f"the agent asks for {count}: {'; '.join(one.words for one in asked)}")
    return {one.asks: one.answer(words) for one, words in zip(asked, said, strict=True)}


def _asked(value: Mapping[str, Any]) -> AgentQuestion:
    labels = (str(one.get("label", "")) for one in _mappings(value.get("options")))
    asks = str(value.get("question", ""))
    is_many = value.get("multiSelect") is True
    return AgentQuestion(revealed(asks.replace("\n", " ")), asks, tuple(labels), is_many, value)


def _mappings(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
