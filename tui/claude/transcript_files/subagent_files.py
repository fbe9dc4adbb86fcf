"""The transcripts of a session's sub-agents, in the session's own folder."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from tui.claude.layout import SUBAGENTS, TRANSCRIPT_ENDING, WORKFLOWS, projects_folder
from tui.core.limits import AGENTS_S, MOST_AGENTS, MOST_PROJECTS, REGISTRY_ENTRY
from tui.core.text.late_pattern import late_pattern
from tui.core.text.safe_text import one_line
from tui.core.values import dataclass
from tui.safe_io.folders import (
    FileStamp,
    is_link,
    is_settled,
    read_object,
    read_ours,
    stamp_of,
    stamps_of,
)
from tui.safe_io.walking import Budget, Walk

_META = ".meta.json"
_AGENT_ID = late_pattern(r"[A-Za-z0-9_-]{1,80}")
_NAME = late_pattern(r"agent-(.+)")
_LONGEST_ID = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Subagent:
    """One sub-agent: its transcript, the id of the tool call that started it, its purpose.

    Without a `tool_id` it is found by the result of its call, which names its `agent_id`, or the
    `run_id` of its workflow. `is_finished` when the CLI noted its end; `is_inner` when another
    sub-agent started it.
    """

    path: Path
    tool_id: str = ""
    about: str = ""
    agent_id: str = ""
    run_id: str = ""
    is_finished: bool = False
    is_inner: bool = False

    def is_of_task(self, task: str) -> bool:
        """Whether it is found by the result that names this task."""
        return not self.tool_id and task in (self.agent_id, self.run_id)


@dataclass(frozen=True, slots=True)
class _Noted:
    """The meta file of a sub-agent, or why it cannot be read."""

    stamp: FileStamp | None
    agent: Subagent
    unread: str = ""


class SubagentFinder:
    """Finds the sub-agents of one session, and later only reads what changed.

    `unread` says why there may be more of them, empty when these are all.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._found: tuple[Subagent, ...] = ()
        self._metas: dict[Path, _Noted] = {}
        self._files: list[Path] = []
        self._watched: tuple[str, ...] = ()
        self._stamps: dict[str, FileStamp] = {}
        self._cut = self.unread = ""

    def find(self) -> tuple[Subagent, ...]:
        """Return the sub-agents, sorted by path; symlinks are ignored. Never raises `OSError`."""
        if not self._is_known():
            self._look()
        found = self._described()
        if found != self._found:
            self._found = found
        return self._found

    def _is_known(self) -> bool:
        """Whether the folders are unchanged since they were read completely."""
        known = self._stamps
        is_whole = bool(self._watched) and not self.unread
        return is_whole and is_settled(known.values()) and known == stamps_of(self._watched)

    def _look(self) -> None:
        """Find the transcripts."""
        place = self._folder / SUBAGENTS
        self._files, self._cut = [], ""
        self._watched = (str(self._folder), str(place))
        self._stamps = stamps_of(self._watched)
        if is_link(self._folder) or is_link(place):
            return
        try:
            place.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            self._cut = f"its sub-agents cannot be read: {error.strerror}"
            return
        self._files, folders, cut = _transcripts(place)
        self._watched, self._stamps = (*self._watched, *folders), {**self._stamps, **folders}
        self._cut = f"not all of its sub-agents are read: {cut}" if cut else ""

    def _described(self) -> tuple[Subagent, ...]:
        """Return the sub-agents, and note why some may be missing."""
        budget, known, self._metas = Budget(MOST_AGENTS, AGENTS_S), self._metas, {}
        for path in self._files:
            if not budget.spend():
                break
            self._metas[path] = _described(path, known.get(path))
        unread = [one.unread for one in self._metas.values() if one.unread]
        over = f"not all of its sub-agents are read: {budget.words}" if budget.is_over else ""
        count = f"{len(unread)} sub-agent{'' if len(unread) == 1 else 's'}"
        noted = f"what started {count} cannot be read: {unread[0]}" if unread else ""
        self.unread = self._cut or over or noted
        return tuple(one.agent for one in self._metas.values())


def find_subagents(folder: Path) -> tuple[Subagent, ...]:
    """Return the sub-agents in a session's own folder, sorted by path; symlinks are ignored."""
    return SubagentFinder(folder).find()


def look_at_subagents(folder: Path) -> tuple[tuple[Subagent, ...], str]:
    """Return the same, and why there may be more; empty when these are all."""
    finder = SubagentFinder(folder)
    return finder.find(), finder.unread


def purpose_of(config_dir: Path, session_id: str, agent_id: str) -> str:
    """Return the purpose of a session's sub-agent; empty when it is not known."""
    if not _AGENT_ID.fullmatch(agent_id):
        return ""
    projects = projects_folder(config_dir)
    try:
        with os.scandir(projects) as entries:
            names = [one.name for one in islice(entries, MOST_PROJECTS)]
    except OSError:
        return ""
    for name in names:
        place = projects / name / session_id / SUBAGENTS
        if not any(is_link(one) for one in (place.parent.parent, place.parent, place)):
            facts = read_object(place / f"agent-{agent_id}{_META}", REGISTRY_ENTRY)
            if words := _purpose(facts):
                return words
    return ""


def _purpose(facts: Mapping[str, Any]) -> str:
    """Return the type and the description of a sub-agent from its meta file."""
    said = (one_line(facts.get(key) or "")[:200] for key in ("agentType", "description"))
    return ": ".join(words for words in said if words)


def _transcripts(place: Path) -> tuple[list[Path], dict[str, FileStamp], str]:
    """Return the transcripts below a folder, the versions of its folders, and why there may be
    more.
    """
    walk, files, folders = Walk(place), list[str](), dict[str, FileStamp]()
    for found in walk:
        if found.is_folder:
            folders[f"{place}/{found.place}"] = stamp_of(found.status)
        elif stat.S_ISREG(found.status.st_mode) and _is_transcript(found.place):
            files.append(found.place)
    return [place / one for one in sorted(files)], folders, walk.cut


def _is_transcript(place: str) -> bool:
    """Whether it is a sub-agent's: a workflow's journal, for one, has the same ending."""
    folder, _, name = place.rpartition("/")
    return name.endswith(TRANSCRIPT_ENDING) and (not folder or name.startswith("agent-"))


def _described(path: Path, known: _Noted | None) -> _Noted:
    meta = path.with_name(path.name.removesuffix(TRANSCRIPT_ENDING) + _META)
    stamp = stamps_of([str(meta)]).get(str(meta))
    is_known = known is not None and known.stamp == stamp and not known.unread
    if known is not None and is_known and (not stamp or is_settled([stamp])):
        return known
    try:
        return _Noted(stamp, _subagent(path, read_ours(meta, REGISTRY_ENTRY)))
    except OSError as error:
        agent = known.agent if known is not None else _subagent(path, {})
        return _Noted(stamp, agent, error.strerror or str(error))


def _subagent(path: Path, facts: Mapping[str, Any]) -> Subagent:
    stem = path.name.removesuffix(TRANSCRIPT_ENDING)
    named = _NAME.fullmatch(stem)
    return Subagent(
        path=path,
        tool_id=one_line(facts.get("toolUseId") or "")[:_LONGEST_ID],
        about=_purpose(facts) or one_line(stem),
        agent_id=one_line(named[1]) if named else "",
        run_id=one_line(path.parent.name) if path.parent.parent.name == WORKFLOWS else "",
        is_finished=facts.get("finished") is True,
        is_inner=bool(facts.get("parentAgentId")),
    )
