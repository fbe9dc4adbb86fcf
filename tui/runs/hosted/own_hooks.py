"""Logs the faults of a pipeline's own hooks and of its `can_use_tool`.

The SDK tells the CLI alone, which goes on without the answer: a tool that a hook should have
denied is used then. So the answer of a plain function counts, which the SDK would take for a fault.
An answer of a wrong type, a cancellation that nobody has asked for, and what is no `Exception`, are
faults as well: the CLI would wait for the latter two for ever. An answer that says something which
nobody can read may be a denial, so it blocks what could be blocked.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Mapping, Sized
from functools import wraps
from inspect import isawaitable
from pathlib import Path
from typing import Any, NamedTuple

from tui.core.event_loop import as_exceptions, is_fault
from tui.core.values import replace
from tui.runs.agent.recorded_options import GivenOptions
from tui.runs.agent.sdk_messages import is_plain_map, wrong_permission

logger = logging.getLogger("tui.runs")

_Asked = Callable[..., Any]

# Asked before something is done; of `Stop`, a block would have the agent go on and on.
_CAN_BLOCK = ("PreToolUse", "UserPromptSubmit")
_GOES_ON = "the agent goes on as if it had not been asked"
_BLOCKS = "what it was asked about is blocked"


class _Asking(NamedTuple):
    """What is asked, whose run it is of, and what happens `then`, after a fault.

    `wrong` says what should have been answered, and is empty if it was.
    """

    what: str
    whose: str
    then: str
    wrong: Callable[[object], str]
    blocks_unread: bool = False

    def tell(self, act: _Asked, fault: str, then: str) -> None:
        """Log a fault of what was asked."""
        logger.error("%s: the %s %s %s: %s", self.whose, self.what, _name(act), fault, then)


def telling_faults(given: GivenOptions, whose: str) -> GivenOptions:
    """Return the same options with hooks that do the same, and have their faults logged."""
    if given.options is None:
        return given
    told, hooks, asks = copy.copy(given.options), given.options.hooks, given.options.can_use_tool
    if hooks:
        told.hooks = {event: [_of(event, one, whose) for one in hooks[event]] for event in hooks}
    if asks:
        then = "the tool is not used"
        told.can_use_tool = _told(asks, _Asking("can_use_tool", whose, then, wrong_permission))
    return replace(given, options=told)


def _of(event: str, matcher: Any, whose: str) -> Any:
    told, then = copy.copy(matcher), _BLOCKS if matcher.on_failure == "block" else _GOES_ON
    asking = _Asking(f"hook of {event}", whose, then, _wrong_output, event in _CAN_BLOCK)
    told.hooks = [_told(one, asking) for one in matcher.hooks]
    return told


def _wrong_output(answer: object) -> str:
    """Return what a hook should have returned, empty if it has."""
    given = dict(answer) if isinstance(answer, Mapping) else answer
    return "" if is_plain_map(given) else "a dict of plain values"


def _says_nothing(answer: object) -> bool:
    return answer is None or (isinstance(answer, Sized) and len(answer) == 0)


def _told(act: _Asked, asking: _Asking) -> _Asked:
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
            asking.tell(act, raised, asking.then)
            with as_exceptions():
                raise
        if not (expected := asking.wrong(answer)):
            return answer
        returned = f"returned {type(answer).__name__}, not {expected}"
        if asking.blocks_unread and not _says_nothing(answer):
            asking.tell(act, returned, _BLOCKS)
            return {"decision": "block", "reason": f"Nobody knows what a hook said: it {returned}"}
        asking.tell(act, returned, asking.then)
        raise TypeError(returned)

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
