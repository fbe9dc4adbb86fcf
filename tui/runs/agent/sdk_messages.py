"""What messages of the SDK mean, as far as that takes more than their type."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from tui.core.errors import Kind, RunFailed
from tui.core.text.safe_text import one_line
from tui.runs.agent.cli_errors import as_both
from tui.runs.folder.agent_events import AgentMessage, StreamChunks, TurnEnded

_OF_SUBTYPE = {"error_max_turns": Kind.TURNS, "error_max_budget_usd": Kind.BUDGET}
_OF_STATUS = {401: Kind.CREDENTIAL, 402: Kind.BILLING, 403: Kind.CREDENTIAL, 408: Kind.NETWORK}
_OF_STATUS |= {429: Kind.RATE_LIMIT, 529: Kind.OVERLOADED}
# What the CLI says of an answer that it made up itself: more than the status says, where it is 400.
_OF_CODE = {"billing_error": Kind.BILLING, "authentication_failed": Kind.CREDENTIAL}


def is_answer(message: object) -> bool:
    """Whether the API has answered, the agent itself or one of its sub-agents."""
    from claude_agent_sdk import AssistantMessage
    from claude_agent_sdk.types import StreamEvent

    return isinstance(message, StreamEvent | AssistantMessage)


def told_of(chunks: Sequence[Mapping[str, Any]]) -> AgentMessage:
    """Return what stream events mean, as the CLI writes them; a sub-agent's are an answer alone."""
    own = (one.get("event") for one in chunks if not one.get("parent_tool_use_id"))
    events = [one for one in own if isinstance(one, dict)]
    return AgentMessage(StreamChunks(events) if events else None, None, is_answer=True)


def is_result(message: object) -> bool:
    """Whether a turn has ended with it."""
    from claude_agent_sdk import ResultMessage

    return isinstance(message, ResultMessage)


def turn_ended(result: Any, signs: ApiSigns) -> TurnEnded:
    """Return the end of a turn, from a result of the SDK and what was told of the API before."""
    words = "; ".join(result.errors or ()) or result.result or result.subtype
    is_aborted = str(result.terminal_reason or "").startswith("aborted")
    return TurnEnded(
        subtype=str(result.subtype),
        error=signs.failure(result, one_line(words or "failed")) if result.is_error else None,
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


class ApiSigns:
    """What the CLI told of the API in a turn, beside the result: its code, and a limit's end."""

    def __init__(self) -> None:
        self._code: str | None = None
        self._resets_at: int | None = None

    def hear(self, message: object) -> None:
        """Note what a message tells of the API's errors."""
        from claude_agent_sdk import AssistantMessage
        from claude_agent_sdk.types import RateLimitEvent

        match message:
            case AssistantMessage(parent_tool_use_id=None):
                self._code = message.error
            case RateLimitEvent():
                info = message.rate_limit_info
                self._resets_at = info.resets_at if info.status == "rejected" else None

    def failure(self, result: Any, words: str) -> RunFailed:
        """Return the failure that a result of the SDK tells of, as the SDK raises it."""
        from claude_agent_sdk import ResultError

        facts = {name: getattr(result, name) for name in ("subtype", "errors", "result")}
        facts |= {"api_error_status": result.api_error_status, "session_id": result.session_id}
        facts["terminal_reason"] = result.terminal_reason
        theirs = ResultError(words, facts, exit_code=1)
        failure = as_both(theirs, words, _result_kind(facts, self._code))
        if failure.kind is Kind.RATE_LIMIT:
            failure.resets_at = _moment(self._resets_at)
        return failure


def _result_kind(facts: Mapping[str, Any], code: str | None) -> Kind:
    if known := _OF_SUBTYPE.get(facts["subtype"]) or _OF_CODE.get(code or ""):
        return known
    status = facts["api_error_status"]
    if not isinstance(status, int):
        return Kind.NETWORK if facts["terminal_reason"] == "api_error" else Kind.OTHER
    usual = Kind.API if status >= 500 else Kind.REQUEST
    return _OF_STATUS.get(status, usual)


def _moment(seconds: int | None) -> datetime | None:
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError, TypeError):
        return None


def composed(prompt: str) -> Mapping[str, Any]:
    """Return the message that says it as text: the CLI would obey a command that it begins with.

    It would also read to the agent each file that is mentioned with an `@`.

    Not for every prompt, since the CLI then leaves out what else it tells the agent (its skills
    and tools, the rules of a folder): see `ClaudeAgentOptions.verbatim_prompts`.
    """
    message = {"role": "user", "content": prompt}
    return {"type": "user", "message": message, "parent_tool_use_id": None}


async def sent(message: Mapping[str, Any], *, is_text: bool) -> AsyncIterator[dict[str, Any]]:
    """Yield the message as the SDK's stream of prompts."""
    yield {**message, "client_composed": True} if is_text else dict(message)
