"""A run of an agent, and the commands sent to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tui.core.models.permission_request import PermissionRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class SentCommand:
    """A command that an operator sent to a run and that is still pending, such as a `prompt`.

    `is_taken`: the run has read it, but its turn has not started. An answer has the `decision` on
    the permission request `request_id`.
    """

    kind: str
    by: str
    at: datetime
    text: str = ""
    is_taken: bool = False
    request_id: str = ""
    decision: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run, read from its folder.

    `state` is `queued` (see `queued_for`), `starting`, `busy`, `waiting`, `done`, `failed` or
    `lost` (its runner died without recording how the turn ended). `cli_pid` and `cli_start` (clock
    ticks since boot) identify its CLI process; 0 when there is none on this machine. `sent` are
    the pending commands; once the run is over, those it never took. `stalled_since` is when the
    agent was last heard from, set only once that is too long ago; `heard_at` is when the latest
    streamed text arrived, which is not in the transcript yet.
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
