"""What an agent asks an operator for: the values that every layer speaks of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

LEAST_DIGEST = 16  # hexadecimal digits of a digest that name an input


@dataclass(frozen=True, slots=True)
class Requester:
    """Who asks for a permission and why, in the words of the SDK; each may be empty.

    `agent_id` names the sub-agent that asks, and `agent` says what it is for.
    """

    agent_id: str = ""
    agent: str = ""
    title: str = ""
    description: str = ""
    reason: str = ""
    blocked_path: str = ""
    suggestions: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class PermissionRequest:
    """A permission request that waits for an answer, with its input as it was asked.

    Nothing in it is safe to show: see `tui.core.text.request_rows`.

    `call` is what the agent's own call of the
    tool says, where that is not the `input` which the CLI asks for. `digest` is the SHA-256 of what
    was read here, which an answer that grants carries. With a `problem` it can only be denied;
    `begins` is then as much of its JSON as was kept, and `missing` how many characters of it were
    not. After `until` it is denied by itself. `waiting` requests wait with it.
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
