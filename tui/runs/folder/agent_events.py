"""The agent's events as our own types; the SDK's stay in `runs.agent.client`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from tui.core.errors import RunFailed
from tui.core.models.permission_request import Requester
from tui.core.values import dataclass, field
from tui.runs.folder.command import Decision


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """The CLI began a turn: its session, model, mode, and the MCP servers that failed."""

    session_id: str
    model: str = ""
    permission_mode: str = ""
    cwd: str = ""
    failed_servers: str = ""


@dataclass(frozen=True, slots=True)
class StreamChunks:
    """Raw stream events of the API that came at once: parts of the message being written."""

    events: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class RunNotice:
    """An event that is not in the transcript, such as a retry or a rate limit."""

    kind: str
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnEnded:
    """The turn is over; `error` is its failure, or what an abort is for the SDK.

    `windows` are the models' context windows.

    `is_background` if no prompt began it, but background work that ended.

    `is_answer`: the model has said something, or called a tool. Without that it settles nothing: a
    command of the CLI's own, or a turn in which the model said nothing.

    `unchecked` says why nobody can tell whether it is in the transcript, empty where it is.
    """

    subtype: str
    error: RunFailed | None = None
    is_aborted: bool = False
    cost_usd: float | None = None
    usage: Mapping[str, Any] = field(default_factory=dict)
    num_turns: int = 0
    duration_ms: int = 0
    windows: Mapping[str, int] = field(default_factory=dict)
    is_background: bool = False
    is_answer: bool = False
    unchecked: str = ""

    def counts(self) -> dict[str, Any]:
        """Return its figures, for the run's events."""
        names = ("subtype", "cost_usd", "usage", "num_turns", "duration_ms", "windows")
        return {name: getattr(self, name) for name in (*names, "is_answer")}


@dataclass(frozen=True, slots=True)
class ToolReturned:
    """A tool returned: the API is called again."""


@dataclass(frozen=True, slots=True)
class AgentIdle:
    """The agent is idle, including its background tasks."""


Happening = TurnStarted | StreamChunks | RunNotice | ToolReturned | TurnEnded | AgentIdle


@dataclass(frozen=True, slots=True)
class AgentMessage:
    """One message of the SDK, and the event that it means, if any.

    `message` is `None` when only we requested it, and the pipeline would not expect it.
    `is_answer`: the API has answered, the agent itself or one of its sub-agents.
    """

    happening: Happening | None
    message: object | None
    is_answer: bool = False


@dataclass(frozen=True, slots=True)
class PermissionAsk:
    """The agent asks whether it may use a tool.

    `call` is what its own call says, where that is not the `input` which the CLI asks for.
    """

    tool: str
    input: Mapping[str, Any]
    asker: Requester = field(default_factory=Requester)
    call: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class PermissionAnswer:
    """What is said to that; `reason` is told to the agent when it is a no.

    `answers` are those to its questions, by their words. Where nobody was asked, because of an
    `always`, `by` and `request_id` are of the answer that gave it.
    """

    decision: Decision
    reason: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    by: str = ""
    request_id: str = ""
    source: Literal["operator", "always", "clock"] = "operator"
