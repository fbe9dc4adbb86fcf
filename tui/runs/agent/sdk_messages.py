"""What messages of the SDK mean, as far as that takes more than their type."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tui.claude.slash_commands import compacts
from tui.claude.transcript.line_parser import SYNTHETIC
from tui.claude.transcript_files.written_turn import WrittenTurns
from tui.core.errors import Kind, RunFailed
from tui.core.text.safe_text import one_line
from tui.runs.agent.cli_errors import as_both
from tui.runs.folder.agent_events import AgentMessage, StreamChunks, TurnEnded

if TYPE_CHECKING:
    from claude_agent_sdk import AssistantMessage

_OF_SUBTYPE = {"error_max_turns": Kind.TURNS, "error_max_budget_usd": Kind.BUDGET}
_OF_STATUS = {401: Kind.CREDENTIAL, 402: Kind.BILLING, 403: Kind.CREDENTIAL, 408: Kind.NETWORK}
_OF_STATUS |= {429: Kind.RATE_LIMIT, 529: Kind.OVERLOADED}
# What the CLI says of an answer that it made up itself: more than the status says, where it is 400.
_OF_CODE = {"billing_error": Kind.BILLING, "authentication_failed": Kind.CREDENTIAL}
_STOPPED_BY_HOOK = ("blocked_by_hook", "stopped_by_hook")
_LONGEST_REASON = 200


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


def own_message(message: object) -> tuple[str, bool]:
    """Return the id of a message to or of the agent itself, by which its transcript has it, too.

    And whether the agent said it. The id is empty for any other message.
    """
    from claude_agent_sdk import AssistantMessage, UserMessage

    match message:
        case AssistantMessage(parent_tool_use_id=None) | UserMessage(parent_tool_use_id=None):
            return message.uuid or "", isinstance(message, AssistantMessage)
    return "", False


def wrong_permission(answer: object) -> str:
    """Return what a `can_use_tool` should have returned, empty if it has."""
    from claude_agent_sdk import PermissionResultAllow, PermissionResultDeny

    match answer:
        case PermissionResultDeny(message=str(), interrupt=bool()):
            return ""
        case PermissionResultDeny():
            return "a message of text, and whether to interrupt"
        case PermissionResultAllow() if not _is_none_or(is_plain_map, answer.updated_input):
            return "an updated_input of plain values"
        case PermissionResultAllow() if not _is_none_or(_are_updates, answer.updated_permissions):
            return "a list of PermissionUpdate as its updated_permissions"
        case PermissionResultAllow():
            return ""
    return "PermissionResultAllow or PermissionResultDeny"


def _is_none_or(is_so: Callable[[object], bool], value: object) -> bool:
    return value is None or is_so(value)


def _are_updates(value: object) -> bool:
    """Whether the SDK can send them; of one whose parts contradict it tells itself."""
    if not isinstance(value, list | tuple):
        return False
    try:
        return all(is_plain_map(one.to_dict()) for one in value)
    except Exception as error:  # of whatever they are
        return isinstance(error, ValueError)


def is_plain_map(value: object) -> bool:
    """Whether it can be sent to the CLI as an object of JSON."""
    try:
        return isinstance(value, dict) and bool(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        return False


def turn_ended(result: Any, signs: TurnSigns) -> TurnEnded:
    """Return the end of a turn, from a result of the SDK and what was told of the API before."""
    words = "; ".join(result.errors or ()) or result.result or result.subtype
    is_aborted = str(result.terminal_reason or "").startswith("aborted")
    is_answer, stopped = signs.take_turn(result)
    return TurnEnded(
        subtype=str(result.subtype),
        error=signs.failure(result, one_line(words or "failed")) if result.is_error else stopped,
        is_aborted=is_aborted,
        is_answer=is_answer,
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


class TurnSigns:
    """What the CLI told in a turn, beside its result: what the model and the API have answered.

    That is whether the model has, the API's error, the end of a limit, and a hook that stopped it.
    """

    def __init__(self) -> None:
        self._code: str | None = None
        self._resets_at: int | None = None
        self._has_answered = False
        self._stopped_by: Mapping[str, Any] | None = None

    def hear(self, message: object) -> None:
        """Note what a message tells of the turn."""
        from claude_agent_sdk import AssistantMessage, SystemMessage
        from claude_agent_sdk.types import RateLimitEvent

        match message:
            case AssistantMessage(parent_tool_use_id=None):
                self._code = message.error
                self._has_answered = self._has_answered or _is_of_model(message)
            case SystemMessage(subtype="informational", data={"prompt_submit_outcome": dict(told)}):
                self._stopped_by = told
            case RateLimitEvent():
                info = message.rate_limit_info
                self._resets_at = info.resets_at if info.status == "rejected" else None

    def take_turn(self, result: Any) -> tuple[bool, RunFailed | None]:
        """Return whether the model has answered in the turn that ends with a result.

        And the failure of a turn that a hook has stopped, for which the CLI tells of none.
        """
        told, has_answered = self._stopped_by, self._has_answered
        self._stopped_by, self._has_answered = None, False
        if result.terminal_reason == "hook_stopped":
            told = told or {}
        elif told is None or told.get("kind") not in _STOPPED_BY_HOOK:
            return has_answered and not result.is_error, None
        reason = one_line(told.get("reason") or "")[:_LONGEST_REASON]
        return False, RunFailed(f"a hook stopped it{reason and f': {reason}'}", kind=Kind.REFUSED)

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


def _is_of_model(message: AssistantMessage) -> bool:
    """Whether the model itself has said something, or called a tool: the CLI speaks, too."""
    from claude_agent_sdk import ServerToolUseBlock, TextBlock, ToolUseBlock

    return message.model != SYNTHETIC and any(
        isinstance(one, ToolUseBlock | ServerToolUseBlock)
        or (isinstance(one, TextBlock) and bool(one.text.strip()))
        for one in message.content
    )


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


class MessageIds:
    """The ids of the messages that a session has: the CLI drops another of such an id in silence.

    It gives a message without one an id of its own.
    """

    def __init__(self, *, is_resumed: bool) -> None:
        self._is_resumed = is_resumed
        self._sent: set[str] = set()

    async def fresh(
        self, message: Mapping[str, Any], written: WrittenTurns | None
    ) -> Mapping[str, Any]:
        """Return the message, without an id that the session has, or may have."""
        own = message.get("uuid")
        if not own:
            return message
        is_known = own in self._sent
        if self._is_resumed and not is_known:
            is_known = written is None or await asyncio.to_thread(written.may_have, own)
        self._sent.add(own)
        return {name: message[name] for name in message if not (is_known and name == "uuid")}


def goes_as_text(prompt: str, *, hides_mentions: bool) -> bool:
    """Whether what an operator typed would be more than text to the CLI, and is to be text."""
    is_more = prompt.lstrip().startswith("/") or (hides_mentions and "@" in prompt)
    return is_more and not compacts(prompt)


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
