"""Writes what happens to a pipeline's runs to its log: one line each."""

from __future__ import annotations

import logging
from typing import Any

from tui.core.run_events import (
    PermissionAnswered,
    PermissionAsked,
    RunEnded,
    RunEvent,
    RunStarted,
    SessionTracked,
    TurnFinished,
)
from tui.core.text.safe_text import one_line
from tui.core.values import fields

logger = logging.getLogger("tui.runs")

_LONGEST_PROMPT, _LONGEST_CAUSE = 200, 500  # characters
_BAD = ("failed", "refused")


def log_event(event: RunEvent, *, logs_prompts: bool = False) -> None:
    """Log an event, with all its values as attributes of the record, and `event` for its kind.

    At INFO; what failed, was refused or could not be tracked at WARNING, and what is not written
    at its end at ERROR.
    """
    is_lost = isinstance(event, RunEnded) and event.unwritten
    bad = logging.ERROR if is_lost else logging.WARNING
    level = bad if is_lost or _is_bad(event) else logging.INFO
    if not logger.isEnabledFor(level):
        return
    values: dict[str, Any] = {one.name: getattr(event, one.name) for one in fields(event)}
    if not logs_prompts:
        values.pop("prompt", None)
    if isinstance(event, RunEnded):
        values["error"] = event.error and _cause(event)
    whose = f"{event.listing_id} {event.stage} {event.session_id[:8] or 'new'}"
    words = _words(event, logs_prompts=logs_prompts)
    logger.log(level, "%s: %s", whose, words, extra=values | {"event": type(event).__name__})


def _is_bad(event: RunEvent) -> bool:
    match event:
        case SessionTracked():
            return bool(event.problem)
        case RunEnded():
            return event.outcome in _BAD
    return False


def _words(event: RunEvent, *, logs_prompts: bool) -> str:
    match event:
        case RunStarted():
            said = f": {one_line(event.prompt)[:_LONGEST_PROMPT]!r}" if logs_prompts else ""
            return f"started ({event.mode}){said}"
        case SessionTracked():
            return (
                f"its row could not be written yet: {event.problem}" if event.problem else "tracked"
            )
        case PermissionAsked():
            return f"asks for {event.tool}"
        case PermissionAnswered():
            return f"{event.tool}: {event.decision}" + (f" by {event.by}" if event.by else "")
        case TurnFinished():
            how = "failed" if event.is_error else "interrupted" if event.is_interrupted else "ended"
            return f"turn of {event.by} {how}, {_cost(event.cost_usd)}"
        case RunEnded():
            cause = f": {_cause(event)}" if event.error is not None else ""
            turns = "1 turn" if event.turns == 1 else f"{event.turns} turns"
            took = f"{turns}, {_cost(event.cost_usd)}, {event.duration_s:.1f} s"
            lost = f"; not written yet {event.unwritten}" if event.unwritten else ""
            return f"{event.outcome}{cause} ({took}){lost}"
    return type(event).__name__


def _cause(event: RunEnded) -> str:
    said = one_line(event.error)[:_LONGEST_CAUSE] if event.error is not None else ""
    return said or type(event.error).__name__


def _cost(cost_usd: float | None) -> str:
    return "cost unknown" if cost_usd is None else f"${cost_usd:.4f}"
