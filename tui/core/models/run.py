"""A run of an agent, and the commands sent to it."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from tui.core.models.permission_request import PermissionRequest
from tui.core.values import dataclass


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


# What a CLI that outlives its run may still write; later writes are from another resume.
OUTLIVES = timedelta(minutes=10)


class Phase(StrEnum):
    """What a run does between the operator's Enter and the agent's words."""

    CLI = "cli"
    API = "api"
    RETRY = "retry"
    LIMIT = "limit"
    WORK = "work"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The phase that a run is in, and since when.

    While the CLI starts (`CLI`); while the API has not answered a prompt (`API`); once it failed
    and will be asked again (`RETRY`), or has answered 429 (`LIMIT`), `until` the next attempt:
    number `attempt` of `most`, because of the HTTP `status`. Otherwise the agent is at `WORK`.
    """

    phase: Phase = Phase.CLI
    since: datetime | None = None
    until: datetime | None = None
    status: str = ""
    attempt: int = 0
    most: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run, read from its folder.

    `state` is `queued` (see `queued_for`), `starting`, `busy`, `waiting`, `idle` (between two turns
    of a pipeline), `done`, `failed` or `lost` (its runner died without recording how the turn
    ended). `cli_pid` and `cli_start` (clock
    ticks since boot) identify its CLI process; 0 when there is none on this machine. `sent` are
    the pending commands; once the run is over, those it never took. `stalled_since` is when the
    agent was last heard from, set only once that is too long ago; `heard_at` is when the latest
    streamed text arrived, which is not in the transcript yet. `asked` is the prompt that begins the
    run or its turn, until the API answers it; with `is_taken` the CLI has it. `title` is the
    beginning of the run's first prompt. All runs started at once have the same `act_id`.
    With `is_turn_open` it had something to do whose end it did not record. `row_problem` says why
    its session's row does not say all that it should, empty if it does; `unmarked_since` is when
    the run failed, if the row does not say that. `failed_by` is the operator whose prompt failed
    after that of the pipeline was answered, whose run it is. `left_run` and `left_at` are of the
    run that was left in its turn, if this one went on with it and the model has not answered.
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
    progress: Progress = Progress(phase=Phase.WORK)
    asked: SentCommand | None = None
    title: str = ""
    stage: str = ""
    act_id: str = ""
    is_turn_open: bool = False
    row_problem: str = ""
    failed_by: str = ""
    error_kind: str = ""
    unmarked_since: datetime | None = None
    has_answered: bool = True
    left_run: str = ""
    left_at: datetime | None = None

    def failed_unmarked(self, written_at: datetime) -> str:
        """Return why it failed, if its row does not say so and nothing went on since.

        So does that of an operator's follow-up, and one that could not be written.
        """
        if written_at - (self.ended_at or self.beat_at) > OUTLIVES:
            return ""
        if self.failed_by:
            return f"a prompt that {self.failed_by} added: {self.error}"
        is_unmarked = self.is_over and self.row_problem and self.unmarked_since is not None
        return self.error if is_unmarked else ""

    @property
    def cut_off_at(self) -> datetime | None:
        """When it was left in the middle of a turn, or before its first; `None` if it was not.

        What the model has not answered since, such as `/cost`, is nothing new.
        """
        if not self.is_turn_open or self.state not in ("lost", "done"):
            return None
        return self.left_at or self.ended_at or self.beat_at

    @property
    def cut_off_run(self) -> str:
        """The run that was left in the middle of a turn, if one was."""
        return (self.left_run or self.run_id) if self.cut_off_at is not None else ""

    @property
    def unsent(self) -> tuple[SentCommand, ...]:
        """Once it is over, the follow-up prompts that never reached its agent."""
        return tuple(one for one in self.sent if one.kind == "prompt") if self.is_over else ()

    @property
    def is_over(self) -> bool:
        """Whether the run will never write again."""
        return self.state in ("done", "failed", "lost")
