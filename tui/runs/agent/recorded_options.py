"""The SDK options that a pipeline gave its own query, as plain values that can be recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.core.recorded_agent import (
    LONGEST_NAME,
    MOST_NAMES,
    RECORDED_OF_SUBAGENT,
    kept_of_subagent,
    subagents,
)
from tui.core.text.safe_text import one_line
from tui.runs.folder.protocol import AGENT_OPTIONS
from tui.runs.prompt_queue import OwnPrompt

if TYPE_CHECKING:
    from claude_agent_sdk import ClaudeAgentOptions

# Each option of the SDK is in one of these three: a resume replays it, or cannot, or need not.
RECORDED = frozenset({*AGENT_OPTIONS, "cwd"}) - {"mcp_servers"}
# They hold code of the pipeline's process, secrets, or what a row must not give an agent.
CANNOT_BE_RECORDED = frozenset(
    {
        *("mcp_servers", "hooks", "can_use_tool", "permission_prompt_tool_name", "plugins"),
        *("settings", "sandbox", "skills", "env", "extra_args", "cli_path"),
    }
)
SHAPES_NO_AGENT = frozenset(
    {
        *("resume", "session_id", "fork_session", "continue_conversation", "stderr", "user"),
        *("resume_session_at", "resume_drops_turn", "session_store", "session_store_flush"),
        *("include_partial_messages", "include_hook_events", "forward_subagent_text"),
        *("max_buffer_size", "debug_stderr", "load_timeout_ms", "client_app"),
        *("verbatim_prompts", "enable_file_checkpointing"),
    }
)
# Without them an agent may do more, not less.
HOLDS_BACK = frozenset({"hooks", "sandbox", "settings"})

# Recorded, but not all that they give is told by that.
_REACHES_FURTHER = frozenset({"add_dirs", "agents"})

_MOST_BYTES = 256 * 1024  # of one option


@dataclass(frozen=True, slots=True)
class GivenOptions:
    """What a pipeline gives that runs its agent itself: the SDK's options, and its first prompt.

    `recorded` are the options that a later resume replays, as plain values. Unless it
    `owns_follow_ups`, one of an operator's that fails is no failure of its session's.
    """

    options: ClaudeAgentOptions | None
    recorded: Mapping[str, Any]
    first: OwnPrompt
    owns_follow_ups: bool = True


def decides_itself(options: Any) -> bool:
    """Whether the options allow the agent more than the recorded ones show."""
    told = recorded_options(options).keys() - _REACHES_FURTHER
    return bool(_chosen(options).keys() - told - SHAPES_NO_AGENT)


def recorded_options(options: Any) -> dict[str, Any]:
    """Return what was set among the options that shape an agent, and holds no secret."""
    chosen = _chosen(options)
    plain = {name: _plain(name, chosen[name]) for name in _in_order() if name in chosen}
    return {name: value for name, value in plain.items() if _is_recordable(value)}


def unrecorded(options: Any) -> tuple[str, ...]:
    """Return the names of what was set, shapes the agent, and cannot be recorded; bounded.

    A server is named as `mcp_servers.NAME`, a part of a sub-agent as `agents.NAME.PART`.
    """
    chosen, recorded = _chosen(options), recorded_options(options)
    found = islice(_unrecorded(chosen, recorded), MOST_NAMES)
    return tuple(one_line(one)[:LONGEST_NAME] for one in found)


def chosen_names(options: Any) -> frozenset[str]:
    """Return the names of the options that were set."""
    return frozenset(_chosen(options))


def without(names: tuple[str, ...], given: frozenset[str]) -> tuple[str, ...]:
    """Return those of the unrecorded `names` whose option is not `given`."""
    return tuple(one for one in names if one.partition(".")[0] not in given)


def replayed(recorded: Mapping[str, Any], given: ClaudeAgentOptions) -> dict[str, Any]:
    """Return the recorded options that the pipeline did not set, as the SDK takes them."""
    from claude_agent_sdk import AgentDefinition

    names = (name for name in AGENT_OPTIONS if name not in _chosen(given))
    known = {name: recorded[name] for name in names if recorded.get(name) is not None}
    if agents := known.get("agents"):
        made = {name: AgentDefinition(**one) for name, one in subagents(agents).items()}
        known["agents"] = made
    return known


def _in_order() -> tuple[str, ...]:
    return tuple(name for name in (*AGENT_OPTIONS, "cwd") if name in RECORDED)


def _unrecorded(chosen: Mapping[str, Any], recorded: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(chosen.keys() - recorded.keys() - SHAPES_NO_AGENT):
        value = chosen[name]
        if not value:  # said to be none
            continue
        if name == "mcp_servers" and isinstance(value, Mapping):
            yield from (f"{name}.{one}" for one in value)
        else:
            yield name
    agents = chosen.get("agents") if "agents" in recorded else {}
    for name, one in (agents or {}).items():
        for part in sorted(_parts(one).keys() - RECORDED_OF_SUBAGENT):
            yield f"agents.{name}.{part}"


def _chosen(options: Any) -> Mapping[str, Any]:
    """Return the options that differ from their defaults."""
    values = {one.name: getattr(options, one.name) for one in fields(options)}
    unset = {
        one.name: one.default if one.default_factory is MISSING else one.default_factory()
        for one in fields(options)
    }
    return {name: value for name, value in values.items() if value != unset[name]}


def _parts(subagent: Any) -> dict[str, Any]:
    """Return what is set of a sub-agent, whose definition is a dataclass of the SDK."""
    if not is_dataclass(subagent):
        return {}
    known = {one.name: getattr(subagent, one.name) for one in fields(subagent)}
    return {name: value for name, value in known.items() if value is not None}


def _plain(name: str, value: Any) -> Any:
    if name == "agents" and isinstance(value, Mapping):
        parts = {key: kept_of_subagent(_parts(one)) for key, one in value.items()}
        return parts if len(subagents(parts)) == len(value) else None
    return _plain_value(value)


def _plain_value(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value.absolute())
    if isinstance(value, Mapping):
        return {name: _plain_value(one) for name, one in value.items()}
    return [_plain_value(one) for one in value] if isinstance(value, list | tuple) else value


def _is_recordable(value: Any) -> bool:
    try:
        text = json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return value is not None and len(text) <= _MOST_BYTES
