"""The prompt line: optional agent options, then the prompt."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from tui.core.errors import UsageError
from tui.core.recorded_agent import (
    CAN_BE_LEFT,
    LIMITS,
    UNRECORDED,
    held_back,
    known_unrecorded,
    not_leavable,
    without,
)
from tui.core.text.safe_text import one_line
from tui.core.values import replace
from tui.operations.context import Context
from tui.operations.lost_options import RIGHTS, says_rights
from tui.operations.running.agent_options import describe, require_mode, require_no_wider
from tui.operations.running.closed_places import work_folder
from tui.operations.running.resume import RunPlan

_UNDER_KNOWN = "under that, what was recorded last"
_UNDER_NONE = "under that nothing: nobody knows what was recorded"
_WITHOUT = "without"


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
        given = options_from_flags({name.removeprefix("--").replace("-", "_"): value})
        if more := given.get(_WITHOUT):  # each adds
            given[_WITHOUT] = [*asked.get(_WITHOUT, ()), *more]
        asked |= given
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
    whatever lets the agent do more than the settings give its stage; `Refused` there for going on
    without anything, and while nobody knows what it may do, and where.
    """
    given = {name: one for name, one in asked.items() if name != _WITHOUT}
    said: list[str] = []
    if plan.options_lost and says_rights(given):
        plan, said = _under(plan, given)
    if asked.get(_WITHOUT):
        context.require_unrestricted("it lifts nothing that a pipeline holds its agent back with")
    plan = _left_out(plan, asked)
    said += [f"without {', '.join(plan.left_out)}"] if plan.left_out else []
    if asked.get("cwd"):
        plan = _working_in(context, plan, str(asked["cwd"]))
        said.append(f"works in {one_line(plan.cwd)}")
    plan.require_options(restricted=context.settings.restricted)
    if not asked:
        return plan
    if mode := asked.get("permission_mode"):
        require_mode(context.settings, plan.stage, mode)
    require_no_wider(context.settings, plan.stage, given)
    agent = {**plan.agent, **given}
    return replace(plan, agent=agent, words=" · ".join((describe(agent), *said)))


def _under(plan: RunPlan, given: Mapping[str, Any]) -> tuple[RunPlan, list[str]]:
    """Return the plan whose rights are named, and say what applies under them.

    Its row gets what was recorded back: what an operator allows is of one run. Where nobody knows
    that, the given limits are all that a later resume could go by.
    """
    if plan.recorded is not None:
        return replace(plan, options_lost="", kept=plan.recorded), [_UNDER_KNOWN]
    rights = {name: given[name] for name in sorted((RIGHTS | LIMITS) & given.keys())}
    return replace(plan, options_lost="", kept=rights), [_UNDER_NONE]


def _left_out(plan: RunPlan, asked: Mapping[str, Any]) -> RunPlan:
    """Return the plan that does not miss what is given, or is said to go on without."""
    named = frozenset(asked.get(_WITHOUT, ()))
    if named and plan.mode == "new":
        raise UsageError("--without goes with resume: a new session has nothing to go without")
    if plan.host:  # which knows what was recorded
        return replace(plan, left_out=tuple(sorted(named)))
    had = known_unrecorded(plan.agent)
    if again := sorted(LIMITS.intersection(named, plan.agent).difference(had)):
        raise UsageError(
            f"--without {again[0]}: a resume has that again; only its pipeline lifts it"
        )
    rest = without(had, asked, named)
    if rest == had:
        return plan
    freed = held_back(one for one in had if one not in without(had, (), named))
    return replace(plan, agent={**plan.agent, UNRECORDED: list(rest)}, left_out=freed)


def _working_in(context: Context, plan: RunPlan, asked: str) -> RunPlan:
    path, reason = work_folder(context.settings, plan.stage, plan.target.folder, asked)
    if path is None:
        raise UsageError(f"--cwd {one_line(asked)[:80]} {reason}")
    return replace(plan, cwd=path, cwd_lost="")


def _word(value: str) -> str:
    if not value or not value.isprintable():
        raise ValueError(value)
    return value


def _words(value: str) -> list[str]:
    return [_word(one.strip()) for one in value.split(",")]


def _leavable(value: str) -> list[str]:
    names = _words(value)
    if (odd := not_leavable(names)) is not None:
        raise ValueError(odd)
    return names


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
    "cwd": ("cwd", _word),
    _WITHOUT: (_WITHOUT, _leavable),
    "max_turns": ("max_turns", _count),
    "max_budget_usd": ("max_budget_usd", _dollars),
}
_EXPECTED = {
    "model": "a model",
    "permission_mode": "a permission mode",
    "cwd": "a folder",
    _WITHOUT: f"some of {', '.join(sorted(CAN_BE_LEFT))}, with commas between them",
    "allowed_tools": "tools with commas between them",
    "max_turns": "a number above 0",
    "max_budget_usd": "an amount above 0",
}
