"""Logs the faults of a pipeline's own hooks and of its `can_use_tool`.

The SDK tells the CLI alone, which goes on without the answer: a tool that a hook should have
denied is used then.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any

from tui.runs.agent.recorded_options import GivenOptions

logger = logging.getLogger("tui.runs")

_Asked = Callable[..., Awaitable[Any]]


def telling_faults(given: GivenOptions, whose: str) -> GivenOptions:
    """Return the same options with hooks that do the same, and have their faults logged."""
    if given.options is None:
        return given
    told, hooks, asks = copy.copy(given.options), given.options.hooks, given.options.can_use_tool
    if hooks:
        told.hooks = {event: [_of(event, one, whose) for one in hooks[event]] for event in hooks}
    if asks:
        told.can_use_tool = _told(asks, "can_use_tool", whose, "the tool is not used")
    return replace(given, options=told)


def _of(event: str, matcher: Any, whose: str) -> Any:
    told, then = copy.copy(matcher), "the agent goes on as if it had not been asked"
    if matcher.on_failure == "block":
        then = "what it was asked about is blocked"
    told.hooks = [_told(one, f"hook of {event}", whose, then) for one in matcher.hooks]
    return told


def _told(act: _Asked, what: str, whose: str, then: str) -> _Asked:
    @wraps(act)
    async def told(*given: Any) -> Any:
        try:
            return await act(*given)
        except Exception as fault:  # of the pipeline's own code; its words may quote a prompt
            logger.warning(
                "%s: the %s %s raised %s at %s: %s",
                *(whose, what, _name(act), type(fault).__name__, _place(fault), then),
            )
            raise

    return told


def _name(act: _Asked) -> str:
    return getattr(act, "__qualname__", type(act).__qualname__)


def _place(fault: Exception) -> str:
    """Return the file and line that raised it."""
    trace = fault.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "?"
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
