"""What is left to read of a session whose transcript is gone: what its sub-agents said."""

from __future__ import annotations

from pathlib import Path

from tui.core.models import Entry, EntryKind
from tui.core.text import one_line
from tui.storage.subagents import Subagent, find_subagents

GONE = "its transcript is gone: what its sub-agents said, and what they were given, is still there"
_MOST = 1000


def remaining_calls(folder: Path) -> tuple[Entry, ...]:
    """Return a stand-in for each call that started a sub-agent, the calls themselves being gone."""
    agents = [one for one in find_subagents(folder) if not one.is_inner]
    calls = [entry for agent in agents[:_MOST] for entry in _call(agent)]
    more = len(agents) - _MOST
    if more > 0:
        calls.append(Entry(EntryKind.NOTICE, f"{more} more sub-agents: `export` has them all"))
    return (Entry(EntryKind.NOTICE, GONE), *calls)


def _call(agent: Subagent) -> tuple[Entry, ...]:
    tool_id = agent.tool_id or f"of:{one_line(agent.path.name)}"
    call = Entry(EntryKind.TOOL, agent.about, tool="Agent", tool_id=tool_id)
    if agent.tool_id:
        return (call,)
    task = agent.agent_id or agent.run_id
    return call, Entry(EntryKind.RESULT, "", tool_id=tool_id, task=task, is_launch=True)
