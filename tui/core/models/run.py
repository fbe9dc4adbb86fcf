"""A run of an agent, and the commands sent to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tui.core.models.permission_request import PermissionRequest


@dataclass(frozen=True, slots=True)
class SentCommand:
    """A command that an operator sent to a run, and that still waits: a `prompt`, an `answer` ...

    `is_taken` says that the run has it, and that its turn is still to come. An answer's `decision`
    is on the permission request of that id.
    """

    kind: str
    by: str
    at: datetime
    text: str = ""
    is_taken: bool = False
    request_id: str = ""
    decision: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One run folder, as its events tell it.

    `state` is `queued` (for what `queued_for` says), `starting`, `busy`, `waiting`, `done`,
    `failed` or `lost` (its runner is gone and never said how the turn ended). `cli_pid` and
    `cli_start` (clock ticks since boot) name the CLI that it started; 0 while there is none that
    this machine knows. `sent` are the commands that it has not taken, and the prompts whose turn
    is still to come; of a run that is over, those that it never took. `stalled_since` is when the
    agent was last heard of, when that is too long ago; `heard_at` when the last word came of the
    message that it is writing, and that is in no transcript yet.
    """

    run_id: str
    session_id: str
    listing: str
    folder: Path
    state: str
    operator: str
    started_at: datetime
    beat_at: datetime
    ended_at: datetime | None = None
    error: str = ""
    cost_usd: float | None = None
    request: PermissionRequest | None = None
    cli_pid: int = 0
    cli_start: str = ""
    sent: tuple[SentCommand, ...] = ()
    model: str = ""
    permission_mode: str = ""
    queued_for: str = ""
    stalled_since: datetime | None = None
    heard_at: datetime | None = None

    @property
    def is_over(self) -> bool:
        """Whether the run will never write again."""
        return self.state in ("done", "failed", "lost")
