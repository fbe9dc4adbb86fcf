"""What the sub-agents of a session wrote: a transcript each, beside the session's own."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path

from tui.core.limits import AGENTS_S, MOST_AGENTS, REGISTRY_ENTRY
from tui.core.text import one_line
from tui.storage.folders import is_link, read_object
from tui.storage.walking import Budget, names_in

_META = ".meta.json"


@dataclass(frozen=True, slots=True)
class Subagent:
    """One sub-agent: its transcript, the id of the tool call that started it, what it was for."""

    path: Path
    tool_id: str = ""
    about: str = ""


def find_subagents(folder: Path) -> tuple[Subagent, ...]:
    """Return the sub-agents below a session's own folder, by file name; links lead nowhere."""
    return look_at_subagents(folder)[0]


def look_at_subagents(folder: Path) -> tuple[tuple[Subagent, ...], str]:
    """Return the same, and why there may be more of them; empty when these are all."""
    place = folder / "subagents"
    if is_link(folder) or is_link(place):
        return (), ""
    try:
        names, is_all = names_in(place)
    except (FileNotFoundError, NotADirectoryError):
        return (), ""
    except OSError as error:
        return (), f"its sub-agents cannot be read: {error.strerror}"
    budget, found = Budget(MOST_AGENTS, AGENTS_S), list[Subagent]()
    for name in names:
        if name.endswith(".jsonl") and _is_file(place / name):
            if not budget.spend():
                break
            found.append(_subagent(place, name))
    is_cut = budget.is_over or not is_all
    return tuple(found), f"not all of its sub-agents are read: {budget.words}" if is_cut else ""


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _subagent(place: Path, name: str) -> Subagent:
    stem = name.removesuffix(".jsonl")
    facts = read_object(place / f"{stem}{_META}", REGISTRY_ENTRY)
    kind, about = (one_line(facts.get(key) or "")[:200] for key in ("agentType", "description"))
    said = ": ".join(word for word in (kind, about) if word)
    return Subagent(place / name, one_line(facts.get("toolUseId") or ""), said or one_line(stem))
