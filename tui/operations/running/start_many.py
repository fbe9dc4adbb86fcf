"""Starts many runs: each is a process of its own and waits in the root's queue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tui.core.errors import ConsoleError, UsageError
from tui.core.explanation import Explanation
from tui.core.models.session import Session
from tui.core.values import dataclass, replace
from tui.operations.context import Context
from tui.operations.running.prompt_line import with_options
from tui.operations.running.resume import plan_resume, start

# A waiting run is a process of 16 MB, so that it outlives its console.
MOST_QUEUED = 50


@dataclass(frozen=True, slots=True)
class StartResult:
    """The result for one session: the run that was started, or why none was.

    `warnings` say what it would lack.
    """

    session: Session
    session_id: str = ""
    run_id: str = ""
    warnings: tuple[Explanation, ...] = ()
    error: ConsoleError | None = None


def start_many(
    context: Context,
    sessions: Sequence[Session],
    prompt: str,
    asked: Mapping[str, Any],
    *,
    fork: bool = False,
) -> Iterator[StartResult]:
    """Start a run in each session, one after the other, and yield the results.

    At most `max_runs` work at once; the others wait as `queued`, whatever becomes of this process.
    Raises `UsageError` for more than may wait.
    """
    if len(sessions) > MOST_QUEUED:
        raise UsageError(f"{len(sessions)} at once is too many: at most {MOST_QUEUED} may wait")
    context = context.as_one_act()
    for session in sessions:
        try:
            plan = with_options(context, plan_resume(context, session, fork=fork), asked)
            run_id = start(context, replace(plan, together=len(sessions)), prompt)
        except ConsoleError as error:
            yield StartResult(session, error=error)
        else:
            yield StartResult(session, plan.target.session_id, run_id, plan.warnings)
