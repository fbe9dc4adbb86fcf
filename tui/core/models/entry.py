"""The entries of a conversation's stream."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from tui.core.values import KW_ONLY, dataclass


class EntryKind(StrEnum):
    """The kinds of entries in a stream."""

    PROMPT = "prompt"
    TEXT = "text"
    THINKING = "thinking"
    TOOL = "tool"
    RESULT = "result"
    NOTICE = "notice"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Usage:
    """The tokens of one API message: `read` includes those from a cache."""

    read: int = 0
    written: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry in the stream of a session; all text is safe to show.

    `uuid` is the transcript line's; `message_id` the API message's (several lines may share it);
    `tool_id` joins a tool call with its result. `place` is the byte offset of its line, -1 for an
    entry without a line. `left_out` is the kind of line that a notice replaces, so that a row of
    them can be counted. An agent's text has its `model` and `usage`.

    In a result, `task` is the sub-agent or workflow run that the call started; with `is_launch`
    it is still going on. A notice with a `tool_id` says that it has ended, `task` how. `agent`
    names the sub-agent that wrote the entry. A result too long for its line is in the file `kept`
    in the session's own folder. A notice of MCP servers that failed `names_failed_servers`.
    """

    kind: EntryKind
    text: str
    _: KW_ONLY
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
    names_failed_servers: bool = False
