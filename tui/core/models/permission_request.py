"""A permission request of an agent, and who makes it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tui.core.values import dataclass, field

LEAST_DIGEST = 16  # hexadecimal digits of a digest that identify an input


@dataclass(frozen=True, slots=True, kw_only=True)
class Requester:
    """Who asks for a permission and why, as the SDK says; each field may be empty.

    `agent_id` is the sub-agent that asks, and `agent` describes it.
    """

    agent_id: str = ""
    agent: str = ""
    title: str = ""
    description: str = ""
    reason: str = ""
    blocked_path: str = ""
    suggestions: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionRequest:
    """A permission request that waits for an answer, with its original input.

    Nothing in it is safe to show: see `tui.core.text.request_rows`.

    `call` is the input of the agent's own tool call, if that differs from the `input` the CLI asks
    for. `digest` is the SHA-256 of the request as read here; an answer that grants must carry it.
    With a `problem` it can only be denied; `begins` is then the start of its JSON, and `missing`
    the number of characters cut off. It is denied automatically after `until`. `waiting` counts
    the run's open requests.
    """

    request_id: str
    tool: str
    input: Mapping[str, Any]
    at: datetime
    digest: str = ""
    until: datetime | None = None
    asker: Requester = field(default_factory=Requester)
    problem: str = ""
    begins: str = ""
    missing: int = 0
    waiting: int = 1
    call: Mapping[str, Any] | None = None
