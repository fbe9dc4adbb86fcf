"""The SDK options that a pipeline gave its own query, as plain values that can be recorded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.runs.folder.protocol import AGENT_OPTIONS
from tui.runs.prompt_queue import OwnPrompt

if TYPE_CHECKING:
    from claude_agent_sdk import ClaudeAgentOptions

_SECRET = "mcp_servers"  # noqa: S105 (the name of an option whose values hold tokens and headers)

# What they set gives an agent nothing to act with; any other that is not recorded might.
_GIVES_NOTHING = frozenset(
    {
        *("resume", "session_id", "fork_session", "continue_conversation", "stderr", "user"),
        *("include_partial_messages", "include_hook_events", "forward_subagent_text"),
        *("max_buffer_size", "max_thinking_tokens", "output_format", "task_budget", "betas"),
    }
)
_REACHES_FURTHER = frozenset({"add_dirs", "mcp_servers"})


@dataclass(frozen=True, slots=True)
class GivenOptions:
    """What a pipeline gives that runs its agent itself: the SDK's options, and its first prompt.

    `recorded` are the options that a later resume replays, as plain values; `metadata` is kept in
    the session's row beside them.
    """

    options: ClaudeAgentOptions
    recorded: Mapping[str, Any]
    first: OwnPrompt
    metadata: Mapping[str, Any] = field(default_factory=dict)


def decides_itself(options: Any) -> bool:
    """Whether the options allow the agent more than the recorded ones show."""
    told = recorded_options(options).keys() - _REACHES_FURTHER
    return bool(_chosen(options).keys() - told - _GIVES_NOTHING)


def recorded_options(options: Any) -> dict[str, Any]:
    """Return what was set among the options that shape an agent, and holds no secret."""
    chosen = _chosen(options)
    plain = {name: _plain(chosen[name]) for name in (*AGENT_OPTIONS, "cwd") if name in chosen}
    return {name: value for name, value in plain.items() if name != _SECRET and _is_json(value)}


def _chosen(options: Any) -> Mapping[str, Any]:
    """Return the options that differ from their defaults."""
    values = {one.name: getattr(options, one.name) for one in fields(options)}
    unset = {
        one.name: one.default if one.default_factory is MISSING else one.default_factory()
        for one in fields(options)
    }
    return {name: value for name, value in values.items() if value != unset[name]}


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value.absolute())
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return True
