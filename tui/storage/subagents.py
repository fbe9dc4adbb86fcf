"""What the sub-agents of a session wrote: a transcript each, beside the session's own."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tui.core.text import one_line
from tui.storage.folders import is_link, read_object

_META = ".meta.json"
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Subagent:
    """One sub-agent: its transcript, the id of the tool call that started it, what it was for."""

    path: Path
    tool_id: str = ""
    about: str = ""


def find_subagents(folder: Path) -> tuple[Subagent, ...]:
    """Return the sub-agents below a session's own folder, by file name; links lead nowhere."""
    place = folder / "subagents"
    if is_link(folder) or is_link(place):
        return ()
    try:
        with os.scandir(place) as entries:
            names = sorted(one.name for one in entries if one.is_file(follow_symlinks=False))
    except OSError:
        return ()
    transcripts = [name for name in names if name.endswith(".jsonl")]
    return tuple(_subagent(place, name) for name in transcripts[:_MOST])


def _subagent(place: Path, name: str) -> Subagent:
    stem = name.removesuffix(".jsonl")
    facts = read_object(place / f"{stem}{_META}")
    kind, about = (one_line(facts.get(key) or "")[:200] for key in ("agentType", "description"))
    said = ": ".join(word for word in (kind, about) if word)
    return Subagent(place / name, one_line(facts.get("toolUseId") or ""), said or one_line(stem))
