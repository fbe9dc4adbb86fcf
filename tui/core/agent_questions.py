"""An agent's questions (`AskUserQuestion`), and the answers that operators type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tui.core.errors import Refused, UsageError
from tui.core.models.permission_request import PermissionRequest
from tui.core.text.visible_escapes import revealed
from tui.core.values import dataclass

QUESTION = "AskUserQuestion"
PLAN = "ExitPlanMode"


@dataclass(frozen=True, slots=True)
class AgentQuestion:
    """One question: `asks` is the agent's own wording, `words` the same, safe to show.

    `options` are the labels it offers; free text is accepted too. `given` is the question as the
    agent sent it.
    """

    words: str
    asks: str
    options: tuple[str, ...]
    takes_many: bool
    given: Mapping[str, Any]

    def answer(self, reply: str) -> str:
        """Return the answer for an option's number, its label, or free text.

        Raises `UsageError` for an empty reply or a number that no option has.
        """
        parts = reply.split(",") if self.takes_many else [reply]
        chosen = [self._option(part.strip()) for part in parts if part.strip()]
        if not chosen:
            raise UsageError(f"no answer to: {self.words}")
        return ", ".join(chosen)

    def _option(self, reply: str) -> str:
        if reply.isdecimal() and reply.isascii() and len(reply) < 3:
            if not 0 < int(reply) <= len(self.options):
                raise UsageError(f"no option {reply}: {self.words}")
            return self.options[int(reply) - 1]
        if reply in self.options:
            return reply
        same = (label for label in self.options if label.lower() == reply.lower())
        return next(same, reply)


def questions(request: PermissionRequest) -> tuple[AgentQuestion, ...]:
    """Return the questions in a request; empty when it asks for a permission."""
    return asked_in(request.tool, request.input)


def asked_in(tool: str, given: Mapping[str, Any]) -> tuple[AgentQuestion, ...]:
    """Return the questions in a tool call's input."""
    if tool != QUESTION:
        return ()
    return tuple(_asked(one) for one in _mappings(given.get("questions")))


def plan_in(tool: str, given: Mapping[str, Any]) -> str:
    """Return the plan that a tool call wants approved; empty when it has none."""
    plan = given.get("plan") if tool == PLAN else None
    return plan if isinstance(plan, str) and plan.strip() else ""


def answers(asked: Sequence[AgentQuestion], replies: Sequence[str]) -> dict[str, str]:
    """Return the answers keyed by the question's own wording, as the CLI wants them.

    `replies` has one for each question: an option's number or label, several separated by commas
    where it takes many, or free text. Raises `UsageError`, and `Refused` when two questions have
    the same wording: the CLI would take one answer for both.
    """
    if len({one.asks for one in asked}) < len(asked):
        raise Refused("two of its questions have the same words: it can only be denied")
    if len(replies) != len(asked):
        count = f"{len(asked)} answers" if len(asked) != 1 else "one answer"
        raise UsageError(f"the agent asks for {count}: {'; '.join(one.words for one in asked)}")
    return {one.asks: one.answer(reply) for one, reply in zip(asked, replies, strict=True)}


def _asked(value: Mapping[str, Any]) -> AgentQuestion:
    labels = (str(one.get("label", "")) for one in _mappings(value.get("options")))
    asks = str(value.get("question", ""))
    is_many = value.get("multiSelect") is True
    return AgentQuestion(revealed(asks.replace("\n", " ")), asks, tuple(labels), is_many, value)


def _mappings(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
