"""What messages of the SDK mean, as far as that takes more than their type."""

from __future__ import annotations

from typing import Any

from tui.core.text.safe_text import one_line
from tui.runs.folder.agent_events import TurnEnded


def is_answer(message: object) -> bool:
    """Whether the API has answered, the agent itself or one of its sub-agents."""
    from claude_agent_sdk import AssistantMessage
    from claude_agent_sdk.types import StreamEvent

    return isinstance(message, StreamEvent | AssistantMessage)


def is_result(message: object) -> bool:
    """Whether a turn has ended with it."""
    from claude_agent_sdk import ResultMessage

    return isinstance(message, ResultMessage)


def turn_ended(result: Any) -> TurnEnded:
    """Return the end of a turn, from a result of the SDK."""
    words = "; ".join(result.errors or ()) or result.result or result.subtype
    is_aborted = str(result.terminal_reason or "").startswith("aborted")
    return TurnEnded(
        subtype=str(result.subtype),
        error=one_line(words or "failed") if result.is_error and not is_aborted else "",
        is_aborted=is_aborted,
        cost_usd=result.total_cost_usd,
        usage=result.usage or {},
        num_turns=result.num_turns,
        duration_ms=result.duration_ms,
        windows={
            model: used["contextWindow"]
            for model, used in (result.model_usage or {}).items()
            if used.get("contextWindow")
        },
        is_background=(result.origin or {}).get("kind") == "task-notification",
    )
