"""What a conversation consists of: the entries of its stream."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class EntryKind(StrEnum):
    """What an entry of the stream is."""

    PROMPT = "prompt"
    TEXT = "text"
    THINKING = "thinking"
    TOOL = "tool"
    RESULT = "result"
    NOTICE = "notice"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Usage:
    """The tokens of one API message: all that was read for it, from a cache or not, and written."""

    read: int = 0
    written: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in the stream of a session; all text is safe to show.

    `uuid` is the transcript line's; `message_id` the API message's (several lines may share it);
    `tool_id` joins a tool call with its result. `place` is where its line begins in the file, -1
    for what has no line there. `left_out` names the kind of line that a notice stands for, when
    many such may follow each other. What an agent says has its `model` and `usage`.

    A result names in `task` the sub-agent, or the run of a workflow, that its call started;
    `is_launch` when it came at once and what was started goes on. A notice with a `tool_id` tells
    that this has ended, in `task` how. `agent` is the sub-agent that says it, in words. A
    result too long for its line is `kept` in a file of that name beside the transcript.
    """

    kind: EntryKind
    text: str
    at: datetime | None = None
    uuid: str = ""
    message_id: str = ""
    tool: str = ""
    tool_id: str = ""
    detail: str = ""
    is_error: bool = False
    is_sidechain: bool = False
    place: int = -1
    left_out: str = ""
    model: str = ""
    usage: Usage | None = None
    task: str = ""
    is_launch: bool = False
    agent: str = ""
    kept: str = ""
