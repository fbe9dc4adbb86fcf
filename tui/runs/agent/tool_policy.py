"""What an agent may do unasked: tool by tool, for whoever prompts it and by what a stage gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tui.core.text.late_pattern import late_pattern

# What the CLI calls a tool now that rules and older transcripts still name as it was.
_RENAMED = {
    **{"Task": "Agent", "KillShell": "TaskStop", "KillBash": "TaskStop"},
    **{"ListPeers": "ListAgents", "Brief": "SendUserMessage"},
}
_AGENT_TOOLS = frozenset({"Agent", "Task"})
# They neither run a command nor reach a file, and what a sub-agent does is asked for itself.
HARMLESS_TOOLS = _AGENT_TOOLS | {
    *("WebSearch", "WebFetch", "TodoWrite", "AskUserQuestion"),
    *("EnterPlanMode", "ReportFindings", "TaskStop", "KillShell", "KillBash", "ToolSearch"),
}
# Whatever they are called with.
ALWAYS_HARMLESS = HARMLESS_TOOLS - _AGENT_TOOLS
# In the folder of the agent the CLI asks for none of them.
LOOKING_TOOLS = frozenset({"Read", "Glob", "Grep", "LS", "NotebookRead"})
EDITING_TOOLS = frozenset({"Edit", "MultiEdit", "NotebookEdit", "Write"})
# The CLI runs, unasked, commands that it knows to only read: files that hold secrets, too.
COMMAND_TOOLS = frozenset({"Bash", "Monitor"})

# A sub-agent with more than that (a worktree of its own, a mode) is another thing.
_OF_PLAIN_AGENT = frozenset(
    {"description", "prompt", "subagent_type", "model", "run_in_background"}
)
_JOINS = late_pattern(r"[;&|<>`$(){}\\\n\r]")


def tool_name(tool: str) -> str:
    """Return what the CLI calls a tool now, whichever of its names this is."""
    return _RENAMED.get(tool, tool)


def is_harmless(tool: str, given: Mapping[str, Any]) -> bool:
    """Whether a call acts on nothing of this machine, so that anybody may allow it."""
    return tool in HARMLESS_TOOLS and (tool not in _AGENT_TOOLS or given.keys() <= _OF_PLAIN_AGENT)


def is_given(tool: str, given: Mapping[str, Any], rules: Iterable[str]) -> bool:
    """Whether one of the rules of `allowed_tools` gives this call, or has the CLI look at it."""
    return any(_gives(rule, tool, given) for rule in rules)


def _gives(rule: str, tool: str, given: Mapping[str, Any]) -> bool:
    named, _, pattern = rule.partition("(")
    if tool_name(named) != tool_name(tool):
        is_server = named.startswith("mcp__") and not pattern
        return is_server and tool.startswith(named.removesuffix("*").removesuffix("__") + "__")
    pattern = pattern.removesuffix(")")
    if not pattern or pattern == "*" or tool in EDITING_TOOLS | LOOKING_TOOLS:
        return True
    if tool in _AGENT_TOOLS:
        return pattern == given.get("subagent_type")
    command = str(given.get("command" if tool in COMMAND_TOOLS else "skill", ""))
    return _matches(pattern, command)


def _matches(pattern: str, command: str) -> bool:
    """Whether one plain command begins as a pattern says: `git log:*`, `ls *`, or just `ls`."""
    if not command or _JOINS.search(command):
        return False
    begins = pattern.removesuffix(":*").removesuffix("*").rstrip()
    return command == pattern or (pattern.endswith("*") and f"{command} ".startswith(f"{begins} "))
