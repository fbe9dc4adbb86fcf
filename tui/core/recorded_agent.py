"""What a row records of an agent, read back: its sub-agents, and what could not be recorded.

Imported by every verb, so nothing here needs the SDK or an event loop.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui.core.text.safe_text import one_line

# Beside the options: the names of those that shape the agent and cannot be recorded.
UNRECORDED = "unrecorded"
# Of a sub-agent, as the options of an agent are.
RECORDED_OF_SUBAGENT = frozenset(
    {
        *("description", "prompt", "tools", "disallowedTools", "model", "skills"),
        *("initialPrompt", "maxTurns", "background", "effort"),
    }
)
NOT_OF_SUBAGENT = frozenset({"mcpServers", "permissionMode", "memory"})
MOST_NAMES, LONGEST_NAME = 20, 80


def known_unrecorded(agent: Any) -> tuple[str, ...]:
    """Return what an agent's recorded options name as unrecorded; total, and bounded."""
    names = agent.get(UNRECORDED) if isinstance(agent, Mapping) else None
    if not isinstance(names, list | tuple):
        return ()
    found = (one_line(one)[:LONGEST_NAME] for one in names[:MOST_NAMES] if isinstance(one, str))
    return tuple(one for one in found if one)


def subagents(value: Any) -> dict[str, dict[str, Any]]:
    """Return the sub-agents in a row: valid ones alone, with what a row may say of them."""
    listed = value.items() if isinstance(value, Mapping) else ()
    found = {name: one for name, one in listed if isinstance(one, Mapping) and _is_subagent(one)}
    return {name: kept_of_subagent(one) for name, one in found.items()}


def kept_of_subagent(parts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of a sub-agent that are recorded."""
    return {name: parts[name] for name in sorted(RECORDED_OF_SUBAGENT & parts.keys())}


def _is_subagent(one: Mapping[str, Any]) -> bool:
    lists = (one.get(name) for name in ("tools", "disallowedTools", "skills"))
    texts = (one.get(name) for name in ("model", "initialPrompt"))
    effort, turns, background = (one.get(name) for name in ("effort", "maxTurns", "background"))
    return (
        all(isinstance(one.get(name), str) for name in ("description", "prompt"))
        and all(each is None or _is_texts(each) for each in lists)
        and all(each is None or isinstance(each, str) for each in texts)
        and (effort is None or isinstance(effort, str | int))
        and (turns is None or isinstance(turns, int))
        and (background is None or isinstance(background, bool))
    )


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)
