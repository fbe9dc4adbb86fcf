"""Logs the faults of a pipeline's own hooks and of its `can_use_tool`.

The SDK tells the CLI alone, which goes on without the answer: a tool that a hook should have
denied is used then. So the answer of a plain function counts, which the SDK would take for a fault.
An answer of a wrong type, a cancellation that nobody has asked for, and what is no `Exception`, are
faults as well: the CLI would wait for the latter two for ever.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Mapping
from functools import wraps
from inspect import isawaitable
from pathlib import Path
from typing import Any

from tui.core.event_loop import is_fault
from tui.core.values import replace
from tui.runs.agent.recorded_options import GivenOptions
from tui.runs.agent.sdk_messages import is_plain_map, wrong_permission

logger = logging.getLogger("tui.runs")

_Asked = Callable[..., Any]


def telling_faults(given: GivenOptions, whose: str) -> GivenOptions:
    """Return the same options with hooks that do the same, and have their faults logged."""
    if given.options is None:
        return given
    told, hooks, asks = copy.copy(given.options), given.options.hooks, given.options.can_use_tool
    if hooks:
        told.hooks = {event: [_of(event, one, whose) for one in hooks[event]] for event in hooks}
    if asks:
        then = "the tool is not used"
        told.can_use_tool = _told(asks, wrong_permission, "can_use_tool", whose, then)
    return replace(given, options=told)


def _of(event: str, matcher: Any, whose: str) -> Any:
    told, then = copy.copy(matcher), "the agent goes on as if it had not been asked"
    if matcher.on_failure == "block":
        then = "what it was asked about is blocked"
    what = f"hook of {event}"
    told.hooks = [_told(one, _wrong_output, what, whose, then) for one in matcher.hooks]
    return told


def _wrong_output(answer: object) -> str:
    """Return what a hook should have returned, empty if it has."""
    given = dict(answer) if isinstance(answer, Mapping) else answer
    return "" if is_plain_map(given) else "a dict of plain values"


def _told(act: _Asked, wrong: Callable[[object], str], what: str, whose: str, then: str) -> _Asked:
    @wraps(act)
    async def told(*given: Any) -> Any:
        try:
            answer = act(*given)
            answer = await answer if isawaitable(answer) else answer
        except BaseException as fault:
            if not is_fault(fault):
                raise
            # Of the pipeline's own code; its words may quote a prompt.
            raised = f"raised {type(fault).__name__} at {_place(fault)}"
            logger.error("%s: the %s %s %s: %s", whose, what, _name(act), raised, then)
            if isinstance(fault, Exception):
                raise
            # The SDK would take it for its own task's, and never answer the CLI.
            raise RuntimeError(f"it raised {type(fault).__name__}") from fault
        if expected := wrong(answer):
            returned = f"returned {type(answer).__name__}, not {expected}"
            logger.error("%s: the %s %s %s: %s", whose, what, _name(act), returned, then)
            raise TypeError(returned)
        return answer

    return told


def _name(act: _Asked) -> str:
    return getattr(act, "__qualname__", type(act).__qualname__)


def _place(fault: BaseException) -> str:
    """Return the file and line that raised it."""
    trace = fault.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "?"
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
