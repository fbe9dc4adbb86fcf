"""The prompt line: optional agent options, then the prompt."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tui.core.errors import UsageError
from tui.core.text.safe_text import one_line
from tui.operations.context import Context
from tui.operations.lost_options import says_rights
from tui.operations.running.agent_options import describe, require_mode, require_no_wider
from tui.operations.running.resume import RunPlan


def parse_prompt_line(text: str) -> tuple[dict[str, Any], str]:
    """Return the options at the start of a line, and the rest: `--model opus --max-turns 5 Go on`.

    `--` ends the options, for a prompt that begins with dashes. Raises `UsageError`.
    """
    asked: dict[str, Any] = {}
    rest = text.strip()
    while rest.startswith("--"):
        name, rest = first_word(rest)
        if name == "--":
            break
        value, rest = first_word(rest)
        asked |= options_from_flags({name.removeprefix("--").replace("-", "_"): value})
    return asked, rest


def first_word(text: str) -> tuple[str, str]:
    """Return the first word of a text, and what follows it and the white space behind it."""
    first, rest, *_ = (*text.split(None, 1), "", "")
    return first, rest


def options_from_flags(flags: Mapping[str, str | None]) -> dict[str, Any]:
    """Return the agent options that were given as flags; raises `UsageError`."""
    options: dict[str, Any] = {}
    for flag, value in flags.items():
        if value is None:
            continue
        if flag not in FLAGS:
            known = ", ".join(f"--{one.replace('_', '-')}" for one in FLAGS)
            raise UsageError(f"--{one_line(flag)}: no such option; there are {known}")
        name, read = FLAGS[flag]
        try:
            options[name] = read(value.strip())
        except ValueError:
            words = f"--{flag.replace('_', '-')} {one_line(value)[:40]!r}"
            raise UsageError(f"{words}: expected {_EXPECTED[name]}") from None
    return options


def with_options(context: Context, plan: RunPlan, asked: Mapping[str, Any]) -> RunPlan:
    """Return the plan with the operator's options for this run on top of the recorded ones.

    Raises `UsageError` for what only the settings may give, and in a restricted console for
    whatever lets the agent do more than the settings give its stage; `Refused` while nobody knows
    what it may do.
    """
    if says_rights(asked):
        plan = replace(plan, options_lost="")
    plan.require_options()
    if not asked:
        return plan
    if mode := asked.get("permission_mode"):
        require_mode(context.settings, plan.stage, mode)
    require_no_wider(context.settings, plan.stage, asked)
    agent = {**plan.agent, **asked}
    return replace(plan, agent=agent, words=describe(agent))


def _word(value: str) -> str:
    if not value or not value.isprintable():
        raise ValueError(value)
    return value


def _words(value: str) -> list[str]:
    return [_word(one.strip()) for one in value.split(",")]


def _count(value: str) -> int:
    if not (value.isascii() and value.isdecimal() and len(value) < 7 and int(value)):
        raise ValueError(value)
    return int(value)


def _dollars(value: str) -> float:
    amount = float(value.removeprefix("$"))
    if not (math.isfinite(amount) and amount > 0):
        raise ValueError(value)
    return amount


FLAGS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "model": ("model", _word),
    "mode": ("permission_mode", _word),
    "tools": ("allowed_tools", _words),
    "max_turns": ("max_turns", _count),
    "max_budget_usd": ("max_budget_usd", _dollars),
}
_EXPECTED = {
    "model": "a model",
    "permission_mode": "a permission mode",
    "allowed_tools": "tools with commas between them",
    "max_turns": "a number above 0",
    "max_budget_usd": "an amount above 0",
}
