"""What can still be read of a session whose transcript is gone: its sub-agents."""

from __future__ import annotations

from pathlib import Path

from tui.claude.transcript_files.subagent_files import find_subagents
from tui.core.models.entry import Entry, EntryKind
from tui.operations.transcripts.unlinked_subagents import UnlinkedSubagents, stand_in

GONE = "its transcript is gone: its sub-agents' output and input are still there"
_MOST = 1000


def remaining_calls(folder: Path) -> tuple[Entry, ...]:
    """Return a stand-in for each missing call that started a sub-agent."""
    found = find_subagents(folder)
    agents = UnlinkedSubagents().left_over(found, found) or [
        one for one in found if not one.is_inner
    ]
    calls = [entry for agent in agents[:_MOST] for entry in stand_in(agent)]
    more = len(agents) - _MOST
    if more > 0:
        calls.append(Entry(EntryKind.NOTICE, f"{more} more sub-agents: `export` has them all"))
    return (Entry(EntryKind.NOTICE, GONE), *calls)
