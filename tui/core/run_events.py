"""What happens to a pipeline's runs, for its own logs and charts: see `SessionManager(on_event=)`.

None of it holds what the agent writes, or what its tools are given.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from tui.core.values import dataclass, field

Outcome = Literal["succeeded", "interrupted", "left", "stopped", "refused", "failed"]
"""How a run ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEvent:
    """One happening of one run; `at` is aware UTC.

    `run_id` is empty, and `session_id` may be, of a run that was refused before it started.
    """

    at: datetime
    run_id: str
    session_id: str
    listing_id: str
    stage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(RunEvent):
    """The session is locked, and its agent is about to start.

    `mode` is `new`, `resume` or `fork`; `prompt` is in no log, and in no `repr`.
    """

    mode: str
    prompt: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionTracked(RunEvent):
    """The agent has begun, with `model`, and its session has its row.

    `problem` says why not, where the database cannot be written. That is tried again until it can,
    and then told again, without a problem.
    """

    model: str
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionAsked(RunEvent):
    """The agent waits for an operator's permission to use `tool`."""

    request_id: str
    tool: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionAnswered(RunEvent):
    """The request is settled: `allow`, `always` or `deny` `by` an operator or `the clock`.

    Or `withdrawn` by the agent, by nobody.
    """

    request_id: str
    tool: str
    decision: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnFinished(RunEvent):
    """A turn ended; `by` prompted it: `pipeline`, or an operator.

    The cost, `None` if unknown, and the figures are of this turn alone; `steps` is the SDK's
    `num_turns`.
    """

    by: str
    is_error: bool
    is_interrupted: bool
    cost_usd: float | None
    steps: int
    duration_ms: int
    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded(RunEvent):
    """The run is over, its CLI ended and its session free: the last event of each run.

    `left`: the pipeline left it, or was cancelled, before its last prompt was answered, or the
    model gave no answer, as to a command such as `/cost`; `refused`: nothing was started. `error`
    is what the pipeline gets raised, unless it has left before. The figures are sums of all turns;
    the cost is `None` unless that of each is known. `unwritten` says what could not be written of
    the run, to its row or its folder, and why: it is written as soon as it can be.
    """

    outcome: Outcome
    error: BaseException | None
    cost_usd: float | None
    turns: int
    input_tokens: int
    output_tokens: int
    duration_s: float
    unwritten: str = ""


OnEvent = Callable[[RunEvent], object]
"""A function or coroutine function that is told what happens to a run."""
